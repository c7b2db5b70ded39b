import pytest

from leveret.broker.broker import Broker
from leveret.broker.errors import AccessRefused, NotAllowed, PreconditionFailed
from leveret.broker.limits import Limits
from leveret.engine.shard import Shard


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
