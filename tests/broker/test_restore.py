"""From a virtual host to what is kept of it, and back to one that is the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leveret.broker.limits import Limits
from leveret.broker.restore import RestoreError, restore
from leveret.broker.virtual_host import VirtualHost
from leveret.engine.shard import Shard

Restored = Callable[[], VirtualHost]


@pytest.fixture
def restored(kept, random: Callable[[int], bytes]) -> Restored:
    """A new virtual host of what is kept, whatever the order in which it is read."""

    def restored() -> VirtualHost:
        shard = Shard()
        host = VirtualHost("/", shard, random, Limits(queues_max=0, bindings_max=0))
        definitions = reversed(kept.items())
        restore({"/": host}, definitions, classes={}, open_store=lambda _: shard.open_queue())
        return host

    return restored


def test_exchanges_and_queues_come_back_as_declared(host, restored):
    host.declare_exchange("e", "x-random", durable=True, auto_delete=True, arguments={"a": 1})
    host.declare_queue("q", durable=True, auto_delete=True, arguments={"b": b"\2"}, connection=None)
    again = restored()
    exchange, queue = again.exchanges["e"], again.queues["q"]
    assert (exchange.type, exchange.durable, exchange.auto_delete) == ("x-random", True, True)
    assert (exchange.internal, exchange.arguments) == (False, {"a": 1})
    assert (queue.durable, queue.auto_delete, queue.arguments) == (True, True, {"b": b"\2"})
    assert queue.owner is None


def test_bindings_come_back_between_all_kinds_of_ends(host, restored):
    host.declare_exchange("e", "headers", durable=True)
    host.declare_queue("q", durable=True, connection=None)
    arguments = {"x-match": "any", "k": 1}
    host.bind_queue(queue="q", exchange="e", routing_key="r", arguments=arguments, connection=None)
    host.bind_exchange(destination="e", source="amq.topic", routing_key="#")
    again = restored()
    assert {
        (binding.source.name, binding.routing_key) for binding in again.exchanges["e"].bindings
    } == {("amq.topic", "#")}
    (binding,) = again.queues["q"].bindings
    (before,) = host.queues["q"].bindings
    assert binding[2:] == before[2:]
    assert again.topology.binding_count == 2


def test_the_engines_queue_is_the_one_of_that_identity(host, kept, random):
    queue = host.declare_queue("q", durable=True, connection=None)
    opened = []
    again = VirtualHost("/", Shard(), random, Limits())
    restore(
        {"/": again},
        kept.items(),
        classes={},
        open_store=lambda number: opened.append(number) or again.shard.open_queue(),
    )
    assert opened == [queue.store.identity]


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        (("role", "/", "r"), {}, "a definition of an unknown kind: role"),
        (("exchange", "/", "e"), {}, "exchange / e: 'type'"),
        (("exchange", "gone", "e"), {}, "exchange gone e: 'gone'"),
        (
            ("exchange", "/", "e"),
            {"type": "x-old", "auto_delete": False, "internal": False, "arguments": {}},
            "exchange / e: unknown exchange type 'x-old'",
        ),
        (
            ("queue", "/", "q"),
            {"id": None, "auto_delete": False, "arguments": {}},
            "queue / q: a queue's identity is a number",
        ),
        (
            ("queue", "/", "q"),
            {"id": 1, "auto_delete": False, "arguments": 7},
            "queue / q: arguments are a table",
        ),
        (
            ("binding", "/", "amq.topic", "queue", "q", "#", ""),
            {},
            "binding / amq.topic queue q # : 'q'",
        ),
    ],
)
def test_what_makes_no_sense_is_named(kept, restored, key, value, text):
    kept[key] = value
    with pytest.raises(RestoreError) as error:
        restored()
    assert str(error.value) == text
