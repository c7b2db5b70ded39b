"""One loop's share: queue numbers, turns, and any commands at all against a simple model."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from leveret.engine.amqp091.consumer import ChannelConsumer
from leveret.engine.buffer import COMPILED
from leveret.engine.queue import Queue
from leveret.engine.route import Route
from leveret.engine.shard import Shard
from leveret.wire.amqp091.frames import FrameParser
from tests.engine.client import (
    ACK,
    FRAME_MAX,
    Answer,
    Event,
    Message,
    World,
    ack_frame,
    events_of,
    message,
    nack_frame,
    reject_frame,
)

MIB = 1 << 20
READY, UNACKED, REDELIVERED = 1, 2, 8
OUTPUT_FULL = 560 * 1024


def test_queues_are_numbered_and_a_number_is_used_again():
    shard = Shard()
    queues = [shard.open_queue() for _ in range(3)]
    shard.close_queue(queues[1])
    shard.close_queue(queues[1])
    queues += [shard.open_queue(), shard.open_queue()]
    assert [queue.number for queue in queues] == [0, 1, 2, 1, 3]


def test_a_shard_without_news_has_nothing_to_do():
    shard = Shard(2**64 - 1)
    assert (shard.pending, shard.take_outputs(), shard.seed) == (False, [], 2**64 - 1)
    shard.turn()
    assert not shard.pending


def test_what_was_published_and_what_is_owed_are_for_the_turn():
    world = World()
    client = world.connect()
    client.publish(b"nowhere")
    assert not world.shard.pending
    client.channel().select_confirm()
    client.publish(b"nowhere")
    assert world.shard.pending
    world.shard.turn()
    assert not world.shard.pending
    world.queue(b"k")
    client.channel().cancel(client.consume(world.bound[b"k"][0]))
    assert world.shard.pending


@pytest.mark.parametrize("body", [b"", b"hello", bytes(200_000)])
def test_a_message_that_no_channel_brought_is_stored_like_any_other(body):
    world = World()
    queues = [world.queue(), world.queue()]
    route = Route(world.exchange, [queue.number for queue in queues])
    accepted = world.shard.insert(
        route,
        b"e",
        b"k",
        properties=b"\x08\x00\x07",
        body=body,
        arrival=5,
        priority=7,
        persistent=False,
    )
    client = world.connect()
    client.consume(queues[1])
    world.turn()
    (message,) = client.messages()
    assert (message.exchange, message.routing_key) == (b"e", b"k")
    assert (message.properties, message.body) == (b"\x08\x00\x07", body)
    assert (accepted, queues[0].ready_count) == (True, 1)


def crowd(world: World, count: int, body: bytes) -> list[Queue]:
    """Six queues with so many messages in each, and a consumer of its own that reads nothing."""
    queues = [world.queue(b"%d" % number) for number in range(6)]
    for number, queue in enumerate(queues):
        world.connect().send(message(b"%d" % number, body) * count)
        world.connect().consume(queue, no_ack=True)
    return queues


def test_all_queues_together_deliver_so_much_in_a_turn():
    world = World()
    queues = crowd(world, 4000, b"")
    world.shard.turn()
    assert sum(queue.ready_count for queue in queues) == 4000
    assert world.shard.pending
    world.turn()
    assert [queue.ready_count for queue in queues] == [0] * 6


def test_all_queues_together_deliver_so_many_bytes_in_a_turn():
    world = World()
    queues = crowd(world, 1, bytes(1_000_000))
    world.shard.turn()
    assert sorted(queue.ready_count for queue in queues) == [0, 0, 0, 0, 0, 1]
    world.turn()
    assert [queue.ready_count for queue in queues] == [0] * 6


@pytest.mark.parametrize(("megabytes", "halvings"), [(8, 0), (33, 1), (65, 2), (129, 3)])
def test_a_queue_whose_consumers_do_not_keep_up_halves_what_may_be_published(megabytes, halvings):
    world = World()
    queue = world.queue(b"k")
    client = world.connect()
    for _ in range(megabytes):
        client.publish(b"k", bytes(MIB))
    world.connect().consume(queue, no_ack=True)
    world.shard.turn()
    assert world.shard.halvings == halvings


def test_two_shards_know_nothing_of_each_other():
    one, other = World(), World()
    queues = one.queue(b"k"), other.queue(b"k")
    client = one.connect()
    client.publish(b"k")
    client.connection.write(b"x")
    assert [queue.ready_count for queue in queues] == [1, 0]
    assert (other.shard.pending, other.shard.take_outputs()) == (False, [])


@pytest.mark.parametrize("size", [0, 16, 100_000])
def test_what_a_connection_had_goes_back_with_it(size):
    world = World()
    queue = world.queue(b"k")
    client = world.connect()
    client.channel().select_confirm()
    client.send(message(b"k", bytes(size)) * 10)
    client.consume(queue)
    world.turn()
    client.connection.close()
    client.connection.discard_output()
    world.turn()
    assert (queue.ready_count, queue.unacked_count, world.shard.pending) == (10, 0, False)


@dataclass(eq=False)
class Entry:
    """A message in one queue of the model."""

    number: int
    size: int
    state: int = READY


@dataclass(eq=False)
class ModelQueue:
    key: bytes
    engine: Queue
    full_above: int = 0
    entries: dict[int, Entry] = field(default_factory=dict)
    next_position: int = 0

    def in_state(self, state: int) -> list[int]:
        return [place for place, entry in self.entries.items() if entry.state & state]

    def first_ready(self) -> int | None:
        return next((p for p, entry in self.entries.items() if entry.state & READY), None)


@dataclass(eq=False)
class ModelConsumer:
    queue: ModelQueue
    engine: ChannelConsumer
    prefetch: int
    no_ack: bool
    held: int = 0

    def has_credit(self) -> bool:
        return self.no_ack or self.prefetch == 0 or self.held < self.prefetch


@dataclass(eq=False)
class ModelChannel:
    number: int
    last_tag: int = 0
    held: dict[int, tuple[ModelQueue, int, ModelConsumer | None]] = field(default_factory=dict)
    consumers: dict[bytes, ModelConsumer] = field(default_factory=dict)
    published: int = 0
    unconfirmed: dict[int, bool] = field(default_factory=dict)  # was it accepted?


class Commands(RuleBasedStateMachine):
    """One client with four channels, four queues: what it is sent must follow from the model.

    All deliveries come in one stream, so that their order over all queues is seen. What is
    written is looked at at once, but taken at leisure: the output may be full.
    """

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.client = self.world.connect()
        self.parser = FrameParser(frame_max=2 * FRAME_MAX)
        self.looked_at = 0
        self.queues = [self.open_queue(b"%d" % number) for number in range(4)]
        self.channels = {number: ModelChannel(number) for number in range(1, 5)}
        for number in (2, 3, 4):
            self.client.open_channel(number)
        self.client.channel(1).select_confirm()
        self.passing = self.world.queue(b"pass")
        self.last_message = 0
        self.last_consumer = 0
        for number in range(4):
            self.consume(number, number + 1, prefetch=(50, 1, 3, 0)[number], no_ack=False)

    def open_queue(self, key: bytes) -> ModelQueue:
        queue = self.world.queue(key, b"all", b"even" if int(key) % 2 == 0 else b"odd")
        return ModelQueue(key, queue)

    # What a client does

    @precondition(lambda self: self.live_bytes() < 8 * MIB)
    @rule(
        key=st.sampled_from([b"0", b"1", b"2", b"3", b"even", b"odd", b"all", b"none"]),
        channel=st.integers(1, 4),
        size=st.sampled_from([0, 0, 10, 1000, 30_000, 150_000, 300_000]),
        count=st.integers(1, 6),
        step=st.sampled_from([1 << 20, 1 << 20, 40_000, 1000]),
    )
    def publish(self, key: bytes, channel: int, size: int, count: int, step: int) -> None:
        stream = b""
        for _ in range(count):
            stream += self.published(key, channel, size)
        self.client.send(stream, step=step)
        self.turn(1000 if step > 1000 else 0)

    @rule(key=st.sampled_from([b"0", b"all"]), count=st.sampled_from([100, 200, 300]))
    def publish_many(self, key: bytes, count: int) -> None:
        if sum(len(queue.entries) for queue in self.queues) < 2500:
            self.client.send(b"".join(self.published(key, 1, 0) for _ in range(count)))

    def published(self, key: bytes, number: int, size: int) -> bytes:
        """The message's frames; the model has it already."""
        self.last_message += 1
        channel, accepted = self.channels[number], True
        for queue in self.queues:
            if key in (queue.key, b"all", b"even" if int(queue.key) % 2 == 0 else b"odd"):
                ready = len(queue.in_state(READY)) if queue.full_above else 0
                if queue.full_above and ready >= queue.full_above:
                    accepted = False
                else:
                    body = b"%d:" % self.last_message
                    entry = Entry(self.last_message, max(len(body), size))
                    queue.entries[queue.next_position] = entry
                    queue.next_position += 1
        if number == 1:
            channel.published += 1
            channel.unconfirmed[channel.published] = accepted
        body = (b"%d:" % self.last_message).ljust(size, b".")
        return message(key, body, channel=number)

    @rule(
        queue=st.integers(0, 3),
        number=st.integers(1, 4),
        prefetch=st.sampled_from([1, 2, 5, 5, 100, 0]),
        no_ack=st.sampled_from([False, False, True]),
    )
    def consume(self, queue: int, number: int, prefetch: int, no_ack: bool) -> None:
        self.last_consumer += 1
        tag, chosen = b"%d" % self.last_consumer, self.queues[queue]
        options = {"tag": tag, "no_ack": no_ack, "prefetch": prefetch}
        consumer = self.client.consume(chosen.engine, channel=number, **options)
        model = ModelConsumer(chosen, consumer, prefetch, no_ack)
        self.channels[number].consumers[tag] = model

    @precondition(lambda self: any(channel.consumers for channel in self.channels.values()))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from([n for n, c in self.channels.items() if c.consumers]))
        consumers = self.channels[number].consumers
        consumer = consumers.pop(data.draw(st.sampled_from(list(consumers))))
        self.client.channel(number).cancel(consumer.engine)

    @rule(queue=st.integers(0, 3), number=st.integers(1, 4), no_ack=st.booleans())
    def get(self, queue: int, number: int, no_ack: bool) -> None:
        chosen = self.queues[queue]
        place = chosen.first_ready()
        assert self.client.channel(number).get(chosen.engine, no_ack) == (place is not None)
        events = self.look()
        assert len(events) == (place is not None)
        for event in events:
            assert isinstance(event, Message)
            self.check_delivery(event, self.channels[number], chosen, None, no_ack)
            assert event.message_count == len(chosen.in_state(READY))

    @rule(data=st.data(), count=st.sampled_from([1, 3, 10]))
    def settle(self, data: st.DataObject, count: int) -> None:
        for _ in range(count):
            holders = [number for number, channel in self.channels.items() if channel.held]
            if holders:
                self.settle_some(data, data.draw(st.sampled_from(holders)))
        self.turn(data.draw(st.sampled_from([0, 1, 1000])))

    def settle_some(self, data: st.DataObject, number: int) -> None:
        channel = self.channels[number]
        tag = data.draw(st.sampled_from(list(channel.held)))
        multiple = data.draw(st.booleans())
        how = data.draw(st.sampled_from(["ack", "requeue", "nack"]))
        tags = [other for other in channel.held if other <= tag] if multiple else [tag]
        for other in tags:
            self.settle_in_model(channel, other, how)
        if multiple and not channel.held:
            tag = data.draw(st.sampled_from([0, tag]))
        if how == "ack":
            frame = ack_frame(tag, multiple=multiple, channel=number)
        elif multiple or data.draw(st.booleans()):
            requeue = how == "requeue"
            frame = nack_frame(tag, multiple=multiple, requeue=requeue, channel=number)
        else:
            frame = reject_frame(tag, requeue=how == "requeue", channel=number)
        self.client.send(frame)

    def settle_in_model(self, channel: ModelChannel, tag: int, how: str) -> None:
        queue, place, consumer = channel.held.pop(tag)
        if consumer is not None:
            consumer.held -= 1
        if place not in queue.entries:
            assert queue not in self.queues, "only a deleted queue loses what is held"
        elif how == "requeue":
            queue.entries[place].state = READY | REDELIVERED
        else:
            del queue.entries[place]

    @rule(data=st.data(), number=st.integers(1, 4))
    def undo(self, data: st.DataObject, number: int) -> None:
        """One of the rare commands that leave little to see."""
        commands = [self.close_channel, self.purge, self.refuse, self.delete_queue]
        data.draw(st.sampled_from(commands))(number)

    def close_channel(self, number: int) -> None:
        self.client.connection.close_channel(number)
        self.conclude(self.look())
        channel = self.channels[number]
        assert not channel.unconfirmed, "a closing channel tells what it owes"
        for tag in list(channel.held):
            self.settle_in_model(channel, tag, "requeue")
        self.channels[number] = ModelChannel(number)
        opened = self.client.open_channel(number)
        if number == 1:
            opened.select_confirm()

    # What a broker does

    def refuse(self, number: int) -> None:
        queue = self.queues[number - 1]
        queue.full_above = 0 if queue.full_above else number
        queue.engine.refuse_above(queue.full_above)

    def purge(self, number: int) -> None:
        queue = self.queues[number - 1]
        ready = queue.in_state(READY)
        assert queue.engine.purge() == len(ready)
        for place in ready:
            del queue.entries[place]

    def delete_queue(self, number: int) -> None:
        """And declare it again: it gets the same number."""
        queue = self.queues[number - 1]
        self.world.close_queue(queue.engine)
        queue.entries.clear()
        for channel in self.channels.values():
            for tag, consumer in list(channel.consumers.items()):
                if consumer.queue is queue:
                    self.client.channel(channel.number).cancel(consumer.engine)
                    del channel.consumers[tag]
        self.queues[number - 1] = self.open_queue(queue.key)
        assert self.queues[number - 1].engine.number == queue.engine.number

    @rule(turns=st.sampled_from([0, 1000]))
    def pass_by(self, turns: int) -> None:
        """Traffic that leaves nothing: what stands between it is alone in its chunk."""
        self.world.connect().send(message(b"pass", bytes(200_000)) * 6)
        assert self.passing.purge() == 6
        self.turn(turns)

    # What the server does

    @rule(turns=st.sampled_from([1, 2, 1000]))
    def turn(self, turns: int) -> None:
        while self.world.shard.pending and turns:
            self.world.shard.turn()
            self.conclude(self.look())
            turns -= 1
        if not self.world.shard.pending:
            self.check_that_nobody_waits_in_vain()

    @rule(share=st.sampled_from([0.1, 0.5, 1.0, 1.0]))
    def send(self, share: float) -> None:
        count = int(self.looked_at * share)
        self.client.connection.sent(count)
        self.looked_at -= count

    # What the client is sent

    def look(self) -> list[Event]:
        """What was written since the last look."""
        pending = self.client.connection.send_buffer()
        news = bytes(pending[self.looked_at :])
        self.looked_at = len(pending)
        return events_of(self.parser.receive(news))

    def conclude(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Answer):
                self.check_confirm(event)
            else:
                assert isinstance(event, Message)
                channel = self.channels[event.channel]
                consumer = channel.consumers[event.consumer or b""]
                assert consumer.has_credit(), "more than its prefetch count"
                self.check_delivery(event, channel, consumer.queue, consumer, consumer.no_ack)

    def check_delivery(
        self,
        event: Message,
        channel: ModelChannel,
        queue: ModelQueue,
        consumer: ModelConsumer | None,
        no_ack: bool,
    ) -> None:
        """It is the queue's first ready message, under the channel's next tag."""
        place = queue.first_ready()
        assert place is not None, "a message that the queue does not have"
        entry = queue.entries[place]
        channel.last_tag += 1
        assert event.delivery_tag == channel.last_tag
        assert event.body == (b"%d:" % entry.number).ljust(entry.size, b".")
        assert event.redelivered == bool(entry.state & REDELIVERED)
        if no_ack:
            del queue.entries[place]
            return
        entry.state = UNACKED | (entry.state & REDELIVERED)
        channel.held[event.delivery_tag] = (queue, place, consumer)
        if consumer is not None:
            consumer.held += 1

    def check_confirm(self, answer: Answer) -> None:
        unconfirmed = self.channels[answer.channel].unconfirmed
        covered = [
            sequence
            for sequence in unconfirmed
            if sequence == answer.delivery_tag
            or (answer.multiple and sequence < answer.delivery_tag)
        ]
        assert answer.delivery_tag in covered
        for sequence in covered:
            assert unconfirmed.pop(sequence) == (answer.method == ACK)

    def check_that_nobody_waits_in_vain(self) -> None:
        assert not any(channel.unconfirmed for channel in self.channels.values())
        if self.looked_at >= OUTPUT_FULL:
            return
        for channel in self.channels.values():
            for consumer in channel.consumers.values():
                served = consumer.queue.first_ready() is None
                assert served or not consumer.has_credit(), "passed over with credit and room"

    # What must always be true

    def live_bytes(self) -> int:
        return sum(entry.size for queue in self.queues for entry in queue.entries.values())

    @invariant()
    def queues_hold_what_the_model_says(self) -> None:
        for queue in self.queues:
            ready, engine = queue.in_state(READY), queue.engine
            assert engine.ready_count == len(ready)
            assert engine.unacked_count == len(queue.entries) - len(ready)
            assert engine.ready_bytes == sum(queue.entries[place].size for place in ready)
            found = [(place, state) for place, state, _ in engine.index.entries()]
            assert found == [(place, entry.state) for place, entry in queue.entries.items()]

    @invariant()
    def channels_hold_what_the_model_says(self) -> None:
        for number, channel in self.channels.items():
            assert self.client.channel(number).unacked_count == len(channel.held)
            for consumer in channel.consumers.values():
                assert consumer.engine.unacked_count == consumer.held

    @invariant()
    def a_message_is_stored_once_and_while_a_queue_holds_it(self) -> None:
        records = self.world.shard.records
        live = {entry.number for queue in self.queues for entry in queue.entries.values()}
        assert records.live_count == len(live)
        chunks = [chunk for chunk in records.chunks if chunk is not None]
        assert sum(chunk.live_bytes for chunk in chunks) >= 40 * len(live)
        assert all(0 <= chunk.live_bytes <= chunk.used <= chunk.buffer.size for chunk in chunks)

    @invariant()
    def the_client_has_broken_no_rule(self) -> None:
        assert self.client.violations == []

    def teardown(self) -> None:
        """Everything is given back."""
        self.client.connection.close()
        self.client.connection.discard_output()
        for queue in self.queues:
            assert queue.engine.unacked_count == 0
            assert queue.engine.purge() == len(queue.entries)
        self.world.turn()
        self.world.shard.close_queue(self.passing)
        records = self.world.shard.records
        assert records.live_count == 0
        assert len([chunk for chunk in records.chunks if chunk is not None]) <= 2
        assert records.memory_bytes <= 18 * MIB


TestCommands: Any = Commands.TestCase
TestCommands.settings = settings(
    max_examples=settings().max_examples // (3 if COMPILED else 5), stateful_step_count=40
)
