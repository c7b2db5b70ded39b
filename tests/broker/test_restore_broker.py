"""A broker is what it was: defaults once, users, permissions, virtual hosts, half deletions."""

import pytest

from leveret.broker.broker import Broker
from leveret.broker.definition_log import DefinitionLog
from leveret.broker.metadata import Metadata
from leveret.broker.password import SHA256
from leveret.broker.permission import ALL, TopicPermission
from leveret.broker.policy import Policy
from leveret.broker.restore import RestoreError
from leveret.broker.restore_broker import restore_broker
from leveret.engine.shard import Shard
from tests.broker.conftest import Kept


@pytest.fixture
def kept():
    return Kept()


@pytest.fixture
def start(kept, random):
    def start():
        """A broker that finds what is kept."""
        shard = Shard()
        broker = Broker(shard, random, empty=True)
        restore_broker(
            broker,
            list(kept.items()),
            classes={},
            open_store=lambda identity: shard.open_queue(),
            definitions=kept,
        )
        return broker

    return start


def test_what_begins_with_nothing_has_the_defaults_and_keeps_them(kept, start):
    broker = start()
    assert set(broker.virtual_hosts) == {"/"}
    assert set(broker.users.by_name) == {"guest"}
    assert set(kept) == {
        ("defaults",),
        ("vhost", "/"),
        ("user", "guest"),
        ("permission", "/", "guest"),
    }
    again = start()
    assert again.users.find("guest").password == broker.users.find("guest").password


def test_defaults_that_were_deleted_stay_so(kept, start):
    broker = start()
    broker.users.delete("guest")
    chore = broker.delete_virtual_host("/")
    while not chore.done:
        broker.hosts.shard.turn()
    again = start()
    assert (again.virtual_hosts, again.users.by_name) == ({}, {})


def test_a_log_that_knew_no_others_has_the_virtual_host_slash(kept, start):
    kept["queue", "/", "q"] = {"id": 1, "auto_delete": False, "arguments": {}}
    assert set(start().virtual_host("/").queues) == {"q"}
    assert ("vhost", "/") in kept


def test_everything_is_as_it_was(start):
    broker = start()
    broker.hosts.add("v", Metadata("text", ("t",), "classic"))
    broker.hosts.set_limits("v", {"max-queues": 3})
    user = broker.users.add("ann", "secret", ["management", "own"])
    broker.users.set_limits("ann", {"max-channels": 2})
    broker.users.permit(user, "v", ALL)
    broker.users.permit_topics(user, "v", "amq.topic", TopicPermission("w", "{username}"))
    broker.virtual_host("v").declare_queue("q", durable=True, connection=None)
    broker.virtual_host("v").declare_exchange("e", "fanout", durable=True)
    policies = broker.virtual_host("v").policies
    definition = {"alternate-exchange": "a", "message-ttl": 7}
    policies.set(Policy(name="p", pattern="", definition=definition, priority=3))
    operators = Policy(name="o", pattern="^q", definition={"message-ttl": 5}, apply_to="queues")
    policies.set(operators, operator=True)
    broker.parameters.set("v", "shovel", "s", {"x": [1]})
    broker.parameters.set_global("g", "x")
    again = start()
    host, ann = again.virtual_host("v"), again.users.find("ann")
    assert host.metadata == Metadata("text", ("t",), "classic")
    assert host.own_limits == {"max-queues": 3}
    assert host.queues["q"].settings.message_ttl == 5
    assert host.exchanges["e"].alternate == "a"
    assert (host.policies.by_name, host.policies.operators) == (
        policies.by_name,
        policies.operators,
    )
    assert again.parameters.of_hosts == {("v", "shovel", "s"): {"x": [1]}}
    assert again.parameters.of_the_broker == {"g": "x"}
    assert (ann.tags, ann.limits) == (("management", "own"), {"max-channels": 2})
    assert ann.password.matches(b"secret")
    assert ann.permissions == {"v": ALL}
    assert ann.topic_permissions == {("v", "amq.topic"): TopicPermission("w", "{username}")}
    assert ann.topic_rules["v", "amq.topic"].allows("read", "ann")


def test_a_deletion_that_was_not_over_is_finished(kept, start):
    broker = start()
    host = broker.hosts.add("v")
    host.declare_exchange("e", "fanout", durable=True)
    for number in range(1000):
        host.declare_queue(f"q{number}", durable=True, connection=None)
        host.bind_queue(queue=f"q{number}", exchange="e", routing_key="", connection=None)
    broker.parameters.set("v", "shovel", "s", 1)
    host.policies.set(Policy(name="p", pattern="", definition={"expires": 5}))
    assert not broker.delete_virtual_host("v").done
    again = start()
    assert "v" not in again.virtual_hosts
    while again.hosts.shard.pending:
        again.hosts.shard.turn()
    assert not [key for key in kept if "v" in key]


def test_bindings_of_a_virtual_host_that_has_gone_go(kept, start):
    broker = start()
    host = broker.hosts.add("v")
    host.declare_exchange("e", "fanout", durable=True)
    host.declare_queue("q", durable=True, connection=None)
    host.bind_queue(queue="q", exchange="e", routing_key="", connection=None)
    for key in [key for key in kept if "v" in key and key[0] != "binding"]:
        del kept[key]
    start()
    assert not [key for key in kept if key[0] == "binding"]


TOPICS = {"write": "", "read": ""}
USER = {"password_hash": "", "hashing_algorithm": SHA256, "tags": [], "limits": {}}


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        (("user", "u"), {**USER, "tags": "no"}, "user u: texts are a list"),
        (("user", "u"), {**USER, "password_hash": 1}, "user u: a text is a text"),
        (("permission", "/", "no"), {}, "permission / no: 'configure'"),
        (("topic-permission", "/", "no", "e"), TOPICS, "topic-permission / no e: 'no'"),
        (("vhost", ""), {}, "vhost : 'default_queue_type'"),
    ],
)
def test_what_makes_no_sense_is_named(kept, start, key, value, text):
    kept[key] = value
    with pytest.raises(RestoreError) as error:
        start()
    assert str(error.value) == text


def test_a_checkpoint_has_it_all(kept, start):
    broker = start()
    broker.hosts.add("v")
    broker.parameters.set("v", "shovel", "s", 1)
    policies = broker.virtual_host("v").policies
    policies.set(Policy(name="p", pattern="", definition={"expires": 5}))
    before = dict(kept)
    kept.clear()
    for _ in broker.keep_all():
        pass
    assert kept == before


def test_it_goes_through_a_real_journal(random):
    shard = Shard(1, journal=True)
    broker = Broker(shard, random, empty=True)
    definitions = DefinitionLog(shard)
    restore_broker(
        broker, [], classes={}, open_store=lambda identity: None, definitions=definitions
    )
    assert shard.journal.pending
