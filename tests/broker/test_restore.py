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
        shard = Shard(journal=True)
        host = VirtualHost("/", shard, random, Limits(queues_max=0, bindings_max=0))
        definitions = reversed(kept.items())
        restore(
            {"/": host},
            list(definitions),
            classes={},
            open_store=shard.reopen_queue,
            definitions=kept,
        )
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
        definitions=kept,
    )
    assert opened == [queue.store.identity]


def bind(host: VirtualHost, queue: str, exchange: str, routing_key: str = "") -> None:
    host.bind_queue(queue=queue, exchange=exchange, routing_key=routing_key, connection=None)


def binding_keys(kept) -> list[tuple[str, ...]]:
    return [key for key in kept if key[0] == "binding"]


def test_bindings_of_an_end_that_has_gone_go_too(host, kept, restored):
    host.declare_exchange("e", "fanout", durable=True)
    for name in ("q", "r"):
        host.declare_queue(name, durable=True, connection=None)
        bind(host, name, "e")
    del kept["queue", "/", "q"]
    assert restored().topology.binding_count == 1
    assert [key[5] for key in binding_keys(kept)] == ["r"]


def test_who_has_the_name_of_what_has_gone_has_not_its_bindings(host, kept, restored):
    for _ in range(2):
        host.declare_exchange("e", "fanout", durable=True)
        host.declare_exchange("f", "fanout", durable=True)
        host.declare_queue("q", durable=True, connection=None)
        bind(host, "q", "e", "from")
        host.bind_exchange(destination="f", source="amq.topic", routing_key="to")
        before = dict(kept)
        host.delete_exchange("e")
        host.delete_exchange("f")
    kept.update({key: {} for key in before if key[0] == "binding"})
    for name, incarnation in (("e", 1), ("f", 2)):
        value = {**before["exchange", "/", name], "incarnation": incarnation}
        kept["exchange", "/", name] = value
    again = restored()
    assert again.topology.binding_count == 0
    assert binding_keys(kept) == []


def test_an_auto_delete_exchange_whose_last_binding_has_lost_its_end_goes(host, kept, restored):
    host.declare_queue("q", durable=True, connection=None)
    for name in ("e", "f"):
        host.declare_exchange(name, "fanout", durable=True, auto_delete=True)
    host.declare_exchange("unbound", "fanout", durable=True, auto_delete=True)
    bind(host, "q", "e")
    host.bind_exchange(destination="e", source="f", routing_key="")
    del kept["queue", "/", "q"]
    again = restored()
    assert set(kept) == {("exchange", "/", "unbound")}
    assert not {"e", "f"} & set(again.exchanges)


def test_what_changes_afterwards_is_kept(host, kept, restored):
    host.declare_queue("q", durable=True, connection=None)
    again = restored()
    again.delete_queue("q", connection=None)
    assert kept == {}


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        (("role", "/", "r"), {}, "a definition of an unknown kind: role"),
        (("exchange", "/", "e"), {}, "exchange / e: 'type'"),
        (("exchange", "gone", "e"), {}, "exchange gone e: 'gone'"),
        (
            ("exchange", "/", "e"),
            {
                "incarnation": 1,
                "type": "x-old",
                "auto_delete": False,
                "internal": False,
                "arguments": {},
            },
            "exchange / e: unknown exchange type 'x-old'",
        ),
        (
            ("queue", "/", "q"),
            {"id": None, "auto_delete": False, "arguments": {}},
            "queue / q: an incarnation is a whole number",
        ),
        (
            ("queue", "/", "q"),
            {"id": 1, "auto_delete": False, "arguments": 7},
            "queue / q: arguments are a table",
        ),
        (
            ("exchange", "/", "e"),
            {
                "incarnation": "1",
                "type": "fanout",
                "auto_delete": False,
                "internal": False,
                "arguments": {},
            },
            "exchange / e: an incarnation is a whole number",
        ),
    ],
)
def test_what_makes_no_sense_is_named(kept, restored, key, value, text):
    kept[key] = value
    with pytest.raises(RestoreError) as error:
        restored()
    assert str(error.value) == text
