"""Any commands, and a crash after any batch of the log: what comes back is what the model had then.

The broker that comes back goes on, and may crash again. Model and broker never share anything but
the log's batches, which end where a rule says so, even between two records of one command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from leveret.broker.definition_log import DefinitionLog
from leveret.broker.definitions import Key, Value
from leveret.broker.limits import Limits
from leveret.broker.message import Message as Published
from leveret.broker.queue import Queue
from leveret.broker.restore import restore
from leveret.broker.virtual_host import VirtualHost
from leveret.engine.queue import Queue as Store
from leveret.engine.shard import Shard
from leveret.wire.amqp091.frames import PROTOCOL_HEADER
from tests.broker.kept_model import Message, Model
from tests.engine.client import Client, ack_frame, events_of, nack_frame
from tests.engine.client import Message as Delivered
from tests.engine.fake_log import FakeLog

REDELIVERED = 8
AT_ONCE = 1 << 14
# More than the records of one rule take: only what is published overflows a batch.
ROOM = 1 << 16
# Before the broker ends: or it would seldom have anything to lose.
CHANGES_MIN = 12
QUEUES = ("q", "r", "s")
EXCHANGES = ("e", "f", "g")
any_of = st.sampled_from
MOSTLY = any_of([True, True, True, False])


class Cut:
    """Definitions that end a batch after each record, if `cuts`; `wrote` is called after each."""

    def __init__(self, log: DefinitionLog, wrote: Callable[[bool], None]) -> None:
        self.log = log
        self.wrote = wrote
        self.cuts = False

    def define(self, key: Key, value: Value | None) -> None:
        self.log.define(key, value)
        self.wrote(self.cuts)

    def drop(self, key: Key, store: Store) -> None:
        self.log.drop(key, store)
        self.wrote(self.cuts)


class Consumer:
    """The only one that an auto-delete queue ever has."""

    exclusive = False

    def cancelled(self) -> None:
        raise AssertionError("it went before the queue")


def contents(shard: Shard, queue: Queue) -> Iterator[tuple[int, bool]]:
    """Number and redelivered flag of each message; its properties have no length here."""
    for _, state, location in queue.store.index.entries():
        buffer = shard.records.chunks[location >> 24].buffer
        at = location & 0xFFFFFF
        head = buffer.bytes_at(at, 40)
        names_length, targets = (int.from_bytes(head[a:b], "big") for a, b in ((32, 34), (36, 40)))
        properties_length = int.from_bytes(head[28:32], "big")
        body = at + 40 + 16 * targets + names_length + properties_length
        yield int.from_bytes(buffer.bytes_at(body, 8), "big"), bool(state & REDELIVERED)


class Broker(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.model = Model()
        self.states: dict[int, Model] = {}  # by the number of the last batch
        self.published = 0
        self.begin(Shard(1, journal=True), [])
        self.host.keep(self.definitions)
        for name in EXCHANGES:
            self.declare_exchange(name, durable=True, auto=name != "e", cuts=True)
        for name in QUEUES:
            self.declare_queue(name, durable=True, auto=name == "q", cuts=True)
        for source, queue in (("e", "q"), ("e", "r"), ("f", "q")):
            self.change_binding(source, self.model.queues, queue, "")
        self.change_binding("g", self.model.exchanges, "f", "")

    def begin(self, shard: Shard, batches: list[tuple[int, bytes]]) -> DefinitionLog:
        """A broker of this shard, which knows of nothing yet."""
        self.host = VirtualHost("/", shard, Random(1).randbytes, Limits())
        self.log = FakeLog(shard)
        self.log.batches = batches
        definitions = DefinitionLog(shard)
        self.definitions = Cut(definitions, self.wrote)
        world = SimpleNamespace(shard=shard, routes=self.host.routes, turn=shard.turn)
        self.client = Client(world)  # type: ignore[arg-type]  # all that it uses of one
        self.client.connection.tune(1 << 17, 0)
        self.client.send(PROTOCOL_HEADER)
        self.client.open_channel(1)
        self.unacked: dict[int, tuple[int, int]] = {}  # queue and message by delivery tag
        self.consumed: set[int] = set()
        self.busy = False
        self.changes = 0
        self.wrote(False)
        return definitions

    def wrote(self, cut: bool) -> None:
        """What was written up to here stands for the model as it is."""
        journal = self.host.shard.journal
        self.changes += 1
        if cut:
            self.log.take()
        number = journal.number if journal.pending else len(self.log.batches)
        self.states[number] = deepcopy(self.model)

    def command(self, cuts: bool, later: bool = False) -> None:
        """What follows is in one batch, or each of its definitions in one.

        `later`: what it leaves to be done is done in the next turn.
        """
        self.host.shard.journal.reserve(ROOM)
        self.definitions.cuts = cuts
        if later:
            self.busy = True
            self.host.shard.chores.spend(AT_ONCE)

    def finished(self) -> None:
        """What could be done at once has been."""
        if not self.host.shard.chores.waiting:
            self.model.resolve()
        self.wrote(False)

    @property
    def shard(self) -> Shard:
        return self.host.shard

    # Definitions

    @rule(name=any_of(EXCHANGES), durable=MOSTLY, auto=st.booleans(), cuts=st.booleans())
    def declare_exchange(self, name: str, durable: bool, auto: bool, cuts: bool) -> None:
        if name not in self.model.exchanges:
            self.command(cuts)
            options = {"durable": durable, "auto_delete": auto}
            self.model.declare(self.model.exchanges, name, **options)
            self.host.declare_exchange(name, "fanout", **options)
            self.finished()

    @rule(name=any_of(QUEUES), durable=MOSTLY, auto=st.booleans(), cuts=st.booleans())
    def declare_queue(self, name: str, durable: bool, auto: bool, cuts: bool) -> None:
        if name not in self.model.queues:
            self.command(cuts)
            options = {"durable": durable, "auto_delete": auto}
            self.model.declare(self.model.queues, name, **options)
            self.host.declare_queue(name, connection=None, **options)
            self.finished()

    @precondition(lambda self: self.model.exchanges)
    @rule(source=any_of(EXCHANGES), queue=any_of(QUEUES), key=any_of(["", "k"]))
    def bind_queue(self, source: str, queue: str, key: str) -> None:
        self.change_binding(source, self.model.queues, queue, key)

    @precondition(lambda self: self.model.exchanges)
    @rule(source=any_of(EXCHANGES), destination=any_of(EXCHANGES))
    def bind_exchange(self, source: str, destination: str) -> None:
        self.change_binding(source, self.model.exchanges, destination, "")

    @precondition(lambda self: any(map(self.model.is_alive, self.model.bindings)))
    @rule(data=st.data(), later=st.booleans())
    def unbind(self, data: st.DataObject, later: bool) -> None:
        source, kind, name, key = data.draw(any_of(sorted(self.model.names())))
        of = self.model.queues if kind == "queue" else self.model.exchanges
        self.change_binding(source, of, name, key, unbind=True, later=later)

    def change_binding(
        self,
        source: str,
        of: dict[str, int],
        name: str,
        key: str,
        *,
        unbind: bool = False,
        later: bool = False,
    ) -> None:
        if source not in self.model.exchanges or name not in of:
            return
        binding = self.model.binding(source, of, name, key)
        end = self.model.ends[binding.source]
        if end.durable and end.auto_delete and not binding.kept:
            return  # nothing is kept of it: after a crash the exchange may stay
        self.command(True, later)
        verb = "unbind" if unbind else "bind"
        if unbind:
            self.model.unbind(binding)
        else:
            self.model.bindings.add(binding)
        if of is self.model.queues:
            change = getattr(self.host, f"{verb}_queue")
            change(queue=name, exchange=source, routing_key=key, connection=None)
        else:
            change = getattr(self.host, f"{verb}_exchange")
            change(destination=name, source=source, routing_key=key)
        self.finished()

    @precondition(lambda self: self.model.exchanges)
    @rule(data=st.data(), cuts=st.booleans(), later=st.booleans(), again=st.booleans())
    def delete_exchange(self, data: st.DataObject, cuts: bool, later: bool, again: bool) -> None:
        name = data.draw(any_of(sorted(self.model.exchanges)))
        self.command(cuts, later)
        self.model.delete(self.model.exchanges, name)
        self.host.delete_exchange(name)
        self.finished()
        if again:
            self.declare_exchange(name, durable=True, auto=False, cuts=cuts)

    @precondition(lambda self: self.model.queues)
    @rule(
        name=any_of(QUEUES),
        cuts=st.booleans(),
        later=st.booleans(),
        again=st.booleans(),
        lost=any_of([None, None, None, 0, 1, 2, 3]),
    )
    def delete_queue(
        self, name: str, cuts: bool, later: bool, again: bool, lost: int | None = None
    ) -> None:
        """`lost`: the broker crashes in the midst of it."""
        if name not in self.model.queues:
            return
        self.command(cuts, later)
        by_consumer = self.model.ends[self.model.queues[name]].auto_delete
        self.model.delete(self.model.queues, name)
        if by_consumer:
            consumer = Consumer()
            self.host.queues[name].subscribe(consumer)
            self.host.queues[name].unsubscribe(consumer)
        else:
            self.host.delete_queue(name, connection=None)
        self.finished()
        if again:
            self.declare_queue(name, durable=True, auto=False, cuts=cuts)
        if lost is not None:
            self.crash(lost)

    # Messages

    @rule(
        data=st.data(),
        persistent=any_of([True, True, False]),
        size=any_of([8, 8, 8, 1000, 300_000]),
        count=st.integers(1, 5),
        to_queue=MOSTLY,
    )
    def publish(
        self, data: st.DataObject, persistent: bool, size: int, count: int, to_queue: bool
    ) -> None:
        of = self.model.queues if to_queue else self.model.exchanges
        if not of:
            return
        name = data.draw(any_of(sorted(of)))
        ends = [self.model.ends[of[name]]] if to_queue else self.model.reached(name)
        for _ in range(count):
            self.published += 1
            for end in ends:
                end.messages.append(Message(self.published, persistent and end.durable))
            self.host.topology.deliver(
                Published(
                    "" if to_queue else name,
                    (name,),
                    persistent=persistent,
                    body=self.published.to_bytes(8, "big") + bytes(size - 8),
                ),
                (self.host.queues if to_queue else self.host.exchanges)[name],
            )
            self.wrote(False)

    @precondition(lambda self: self.model.queues)
    @rule(data=st.data(), no_ack=any_of([False, False, True]), prefetch=st.integers(0, 3))
    def consume(self, data: st.DataObject, no_ack: bool, prefetch: int) -> None:
        name = data.draw(any_of(sorted(self.model.queues)))
        number = self.model.queues[name]
        if number not in self.consumed:
            self.consumed.add(number)
            tag = b"no ack " * no_ack + str(number).encode()
            store = self.host.queues[name].store
            self.client.consume(store, tag=tag, no_ack=no_ack, prefetch=prefetch)

    @rule(cuts=st.booleans())
    def turns(self, cuts: bool) -> None:
        """What was deleted is swept away, consumers get what they can."""
        self.command(cuts)
        self.model.resolve()
        self.shard.turn()  # also if nothing is pending: commands may do something at once again
        parsed = self.client.parser.receive(self.client.take_turns())
        self.busy = False
        self.delivered(parsed)
        self.wrote(False)

    def delivered(self, frames: Any) -> None:
        for message in events_of(frames):
            assert isinstance(message, Delivered)
            assert message.consumer is not None
            end = self.model.ends.get(int(message.consumer.split()[-1]))
            body = int.from_bytes(message.body[:8], "big")
            if message.consumer.startswith(b"no ack"):
                if end is not None:
                    end.gone(body)
                continue
            self.unacked[message.delivery_tag] = int(message.consumer), body
            if end is not None:
                next(each for each in end.messages if each.body == body).delivered = True

    @precondition(lambda self: self.unacked)
    @rule(data=st.data(), multiple=st.booleans(), how=any_of(["ack", "drop", "requeue"]))
    def settle(self, data: st.DataObject, multiple: bool, how: str) -> None:
        tag = data.draw(any_of(sorted(self.unacked)))
        multiple = multiple and not self.busy  # or it would be done in the next turn
        self.command(False)
        for other in [other for other in self.unacked if other <= tag and multiple] or [tag]:
            number, body = self.unacked.pop(other)
            if how != "requeue" and number in self.model.ends:
                self.model.ends[number].gone(body)
        if how == "ack":
            self.client.send(ack_frame(tag, multiple=multiple))
        else:
            self.client.send(nack_frame(tag, multiple=multiple, requeue=how == "requeue"))
        self.wrote(False)

    @precondition(lambda self: self.model.queues and not self.busy)
    @rule(data=st.data())
    def purge(self, data: st.DataObject) -> None:
        name = data.draw(any_of(sorted(self.model.queues)))
        number = self.model.queues[name]
        self.command(False)
        assert self.host.purge_queue(name, None).done
        unacked = {body for of, body in self.unacked.values() if of == number}
        end = self.model.ends[number]
        end.messages = [message for message in end.messages if message.body in unacked]
        self.wrote(False)

    # The log

    @rule(sync=st.booleans())
    def end_batch(self, sync: bool) -> None:
        if sync:
            self.log.sync()
        else:
            self.log.take()
        self.wrote(False)

    @precondition(lambda self: self.changes >= CHANGES_MIN)
    @rule(back=any_of([0, 0, 0, 0, 1, 1, 2, 3, 5, 12]), stop=any_of([True, False, False]))
    def end(self, back: int, stop: bool) -> None:
        """All ends well, or so many batches are lost."""
        if stop:
            self.stop()
        else:
            self.crash(back)

    def crash(self, back: int) -> None:
        self.log.take()
        count = max(0, len(self.log.batches) - back)
        state = self.states[max(number for number in self.states if number <= count)]
        self.restart(state, count, redelivered=True)

    def stop(self) -> None:
        self.shard.log_delivered()
        self.log.take()
        self.restart(self.model, len(self.log.batches), redelivered=False)

    def restart(self, state: Model, count: int, *, redelivered: bool) -> None:
        self.model = state.restarted(redelivered=redelivered)
        self.states = {number: state for number, state in self.states.items() if number < count}
        self.states.setdefault(0, Model())
        replay = self.log.replayed(redelivered=redelivered, upto=count)
        definitions = self.begin(replay.shard, self.log.batches[:count])
        restore(
            {"/": self.host},
            definitions.read(replay.definitions),
            classes={},
            open_store=replay.claim,
            definitions=self.definitions,
        )
        replay.finish()
        self.compare()
        self.wrote(False)

    def compare(self) -> None:
        model, host = self.model, self.host
        exchanges = {
            name: exchange.auto_delete
            for name, exchange in host.exchanges.items()
            if name and not name.startswith("amq.")
        }
        assert exchanges == {
            name: model.ends[of].auto_delete for name, of in model.exchanges.items()
        }
        found = {
            (binding.source.name, kind, binding.destination.name, binding.routing_key)
            for kind, ends in (("queue", host.queues), ("exchange", host.exchanges))
            for end in ends.values()
            for binding in end.bindings or ()
        }
        assert found == set(model.names())
        assert host.topology.binding_count == len(found)
        assert {
            name: (queue.auto_delete, list(contents(host.shard, queue)))
            for name, queue in host.queues.items()
        } == {
            name: (end.auto_delete, [(each.body, each.delivered) for each in end.messages])
            for name, end in ((name, model.ends[of]) for name, of in model.queues.items())
        }
        stores = {queue.store for queue in host.queues.values()}
        assert {queue for queue in host.shard.queues if queue is not None} == stores
        self.log.take()
        kept = [key for key in self.log.replayed().definitions if b"incarnations" not in key]
        assert len(kept) == len(exchanges) + len(found) + len(stores)

    def teardown(self) -> None:
        if hasattr(self, "log"):
            self.crash(0)


TestBroker: Any = Broker.TestCase
TestBroker.settings = settings(stateful_step_count=40)


@pytest.mark.parametrize("lost", range(8))
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("name", QUEUES)
def test_a_deletion_is_whole_wherever_it_is_cut_off(lost, later, again, name):
    """Of the first queue: it takes two exchanges with it, one after the other."""
    broker = Broker()
    broker.start()
    broker.delete_queue(name=name, cuts=True, later=later, again=again, lost=lost)
    if lost == 0 and name == "q":
        assert set(broker.model.exchanges) == {"e"}
