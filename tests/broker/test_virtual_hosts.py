import pytest

from leveret.broker.errors import NotAllowed, NotFound, PreconditionFailed
from leveret.broker.limits import Limits
from leveret.broker.metadata import Metadata
from leveret.broker.sessions import Sessions
from leveret.broker.user import User
from leveret.broker.virtual_hosts import VirtualHosts
from leveret.engine.shard import Shard
from tests.broker.conftest import Kept
from tests.broker.test_sessions import Session


@pytest.fixture
def hosts(random):
    hosts = VirtualHosts(Shard(), random, Limits(), Sessions())
    hosts.definitions = Kept()
    return hosts


def finish(hosts, chore):
    while not chore.done:
        hosts.shard.turn()


def test_one_is_added_once_and_keeps_what_it_says_of_itself(hosts):
    metadata = Metadata("of the tests", ("a", "b"), "quorum")
    host = hosts.add("v", metadata)
    assert hosts.add("v") is host
    assert host.metadata == metadata
    assert "amq.topic" in host.exchanges
    hosts.describe("v", Metadata("other"))
    assert host.metadata == Metadata("other", (), None)


@pytest.mark.parametrize(
    ("name", "metadata", "text"),
    [
        ("", None, "a virtual host must have a name"),
        ("v", Metadata(default_queue_type="fast"), "Unsupported default queue type"),
    ],
)
def test_what_cannot_be_is_refused(hosts, name, metadata, text):
    with pytest.raises(PreconditionFailed) as refusal:
        hosts.add(name, metadata)
    assert refusal.value.text == text
    assert not hosts.by_name


def test_one_that_is_not_there_is_named(hosts):
    for command in (
        lambda: hosts.find("v"),
        lambda: hosts.delete("v"),
        lambda: hosts.describe("v", Metadata()),
        lambda: hosts.set_limits("v", {}),
        lambda: hosts.clear_limits("v"),
    ):
        with pytest.raises(NotFound) as refusal:
            command()
        assert refusal.value.text == "Virtual host 'v' does not exist"
    with pytest.raises(NotAllowed) as refusal:
        hosts.opened("v")
    assert refusal.value.text == "vhost v not found"


def test_the_limit_of_queues_is_a_precondition(hosts):
    host = hosts.add("v")
    hosts.set_limits("v", {"max-queues": 1, "max-connections": -1})
    host.declare_queue("q", connection=None)
    host.declare_queue("q", connection=None)
    with pytest.raises(PreconditionFailed) as refusal:
        host.declare_queue("r", connection=None)
    assert refusal.value.text == (
        "cannot declare queue 'r': queue limit in vhost 'v' (1) is reached"
    )
    hosts.clear_limits("v")
    host.declare_queue("r", connection=None)
    with pytest.raises(PreconditionFailed):
        hosts.set_limits("v", {"max-channels": 1})


def test_one_that_is_deleted_is_gone_at_once_and_emptied_in_turns(hosts):
    host = hosts.add("v")
    session = Session()
    hosts.sessions.opened(session, User("ann"), host)
    host.declare_exchange("e", "fanout", durable=True)
    for number in range(1000):
        host.declare_queue(f"q{number}", durable=True, connection=None)
        host.bind_queue(queue=f"q{number}", exchange="e", routing_key="", connection=None)
    chore = hosts.delete("v")
    assert session.told == ["vhost 'v' is deleted"]
    assert not chore.done
    with pytest.raises(NotAllowed):
        hosts.opened("v")
    with pytest.raises(PreconditionFailed) as refusal:
        hosts.add("v")
    assert refusal.value.text == "Virtual host 'v' is being deleted"
    assert hosts.definitions["vhost", "v"]["leaving"]
    finish(hosts, chore)
    while hosts.shard.pending:
        hosts.shard.turn()
    assert hosts.definitions == {}
    assert not host.queues
    assert list(host.exchanges) == [""]
    assert hosts.add("v") is not host


def test_all_are_kept_once_more(hosts):
    hosts.add("v", Metadata("text", ("t",)))
    hosts.set_limits("v", {"max-queues": 7})
    hosts.add("gone").declare_queue("q", connection=None)
    hosts.by_name.pop("gone")
    hosts.leaving["gone"] = hosts.add("w")
    kept = dict(hosts.definitions)
    assert kept["vhost", "v"] == {
        "description": "text",
        "tags": ["t"],
        "default_queue_type": None,
        "limits": {"max-queues": 7},
        "leaving": False,
    }
    steps = hosts.keep_all()
    del hosts.by_name["v"]
    assert len(list(steps)) == 2
