import pytest

from leveret.broker.broker import Broker
from leveret.broker.errors import AccessRefused, NotAllowed, NotFound, PreconditionFailed
from leveret.broker.limits import Limits
from leveret.engine.shard import Shard
from tests.broker.test_sessions import Session


def test_there_is_the_virtual_host_slash(random):
    broker = Broker(Shard(), random)
    assert broker.virtual_host("/") is broker.virtual_host("/")


def test_an_unknown_virtual_host_is_not_allowed(random):
    with pytest.raises(NotAllowed) as refusal:
        Broker(Shard(), random).virtual_host("/other")
    assert refusal.value.text == "vhost /other not found"


def test_the_brokers_limits_are_its_virtual_hosts(random):
    host = Broker(Shard(), random, Limits(queues_max=0)).virtual_host("/")
    with pytest.raises(PreconditionFailed):
        host.declare_queue("q", connection=None)


def test_users_come_in_with_a_response_or_a_password(random):
    broker = Broker(Shard(), random)
    credentials = {"mechanism": "X", "is_loopback": True}
    assert broker.check_password(b"guest", b"guest", **credentials).name == "guest"
    assert broker.authenticate("PLAIN", b"\0guest\0guest", is_loopback=True).name == "guest"
    with pytest.raises(AccessRefused):
        broker.authenticate("PLAIN", b"\0guest\0guest", is_loopback=False)


def test_a_connection_enters_where_its_user_has_a_permission(random, host):
    broker = Broker(Shard(), random)
    session, guest = Session(), broker.users.find("guest")
    assert broker.enter(session, guest, "/") is broker.virtual_host("/")
    assert guest.connection_count == 1
    broker.leave(session)
    assert guest.connection_count == 0
    broker.hosts.add("v")
    with pytest.raises(NotAllowed) as refusal:
        broker.enter(session, guest, "v")
    assert refusal.value.text == "access to vhost 'v' refused for user 'guest'"
    assert len(broker.sessions) == 0


def test_channels_are_counted_for_the_broker_and_the_user(random):
    broker = Broker(Shard(), random, Limits(channels_max=1))
    guest = broker.users.find("guest")
    broker.open_channel(guest, node="n")
    with pytest.raises(NotAllowed):
        broker.open_channel(guest, node="n")
    broker.close_channel(guest)
    assert (broker.channel_count, guest.channel_count) == (0, 0)


def test_a_virtual_host_that_is_deleted_takes_permissions_along(random):
    broker = Broker(Shard(), random)
    assert broker.delete_virtual_host("/").done
    assert broker.users.find("guest").permissions == {}
    with pytest.raises(NotFound):
        broker.delete_virtual_host("/")


def test_an_empty_one_has_nothing_and_nobody(random):
    broker = Broker(Shard(), random, empty=True)
    assert (broker.virtual_hosts, broker.users.by_name) == ({}, {})
