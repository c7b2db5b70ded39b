"""Any commands at all, given to a shard and to a simple model of it: a machine for hypothesis."""

from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from leveret.engine.amqp091.consumer import ChannelConsumer
from leveret.engine.chunk import Chunk
from leveret.engine.queue import Queue
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
READY, UNACKED, REDELIVERED, UNWEIGHED = 1, 2, 8, 16
OUTPUT_FULL = 560 * 1024


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
        self.world = self.make_world()
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
        self.asked: list[tuple[bytes, int, int, int]] = []
        self.refused: set[bytes] = set()
        self.last_consumer = 0
        for number in range(4):
            self.consume(number, number + 1, prefetch=(50, 1, 3, 0)[number], no_ack=False)

    def make_world(self) -> World:
        return World()

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
        self.take_in()
        self.turn(1000 if step > 1000 else 0)

    @rule(key=st.sampled_from([b"0", b"all"]), count=st.sampled_from([100, 200, 300]))
    def publish_many(self, key: bytes, count: int) -> None:
        if sum(len(queue.entries) for queue in self.queues) < 2500:
            self.client.send(b"".join(self.published(key, 1, 0) for _ in range(count)))
            self.take_in()

    def published(self, key: bytes, number: int, size: int) -> bytes:
        """The message's frames."""
        self.last_message += 1
        self.asked.append((key, number, size, self.last_message))
        body = (b"%d:" % self.last_message).ljust(size, b".")
        return message(key, body, channel=number)

    def take_in(self) -> None:
        """The model gets what was published, and then what a full queue has given out for it.

        Once a full queue has refused a message it refuses those behind it.
        """
        for key, number, size, last_message in self.asked:
            channel, accepted = self.channels[number], True
            for queue in self.queues:
                if key not in (queue.key, b"all", b"even" if int(queue.key) % 2 == 0 else b"odd"):
                    continue
                if queue.full_above and queue.next_position == queue.engine.index.next_position:
                    accepted = False
                    self.refused.add(queue.key)
                else:
                    body = b"%d:" % last_message
                    entry = Entry(last_message, max(len(body), size))
                    queue.entries[queue.next_position] = entry
                    queue.next_position += 1
            if number == 1:
                channel.published += 1
                channel.unconfirmed[channel.published] = accepted
        self.asked.clear()
        self.conclude(self.look())
        self.check_that_full_queues_refused()

    def check_that_full_queues_refused(self) -> None:
        for queue in self.queues:
            ready = len(queue.in_state(READY))
            if queue.key in self.refused:
                assert ready >= queue.full_above, "refused, and has room"
        self.refused.clear()

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
        self.wait_for_next(chosen)
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
        self.world.limit(queue.engine, queue.full_above or None)

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
                served = consumer.queue.first_ready() is None or self.is_coming(consumer.queue)
                assert served or not consumer.has_credit(), "passed over with credit and room"

    # What is not in memory: nothing, here

    def wait_for_next(self, queue: ModelQueue) -> None:
        """Until the next message of the queue can be given out."""
        assert queue.engine.await_next() is None

    def is_coming(self, queue: ModelQueue) -> bool:
        """The next message is being read."""
        return False

    # What must always be true

    def live_bytes(self) -> int:
        return sum(entry.size for queue in self.queues for entry in queue.entries.values())

    @invariant()
    def queues_hold_what_the_model_says(self) -> None:
        for queue in self.queues:
            ready, engine = queue.in_state(READY), queue.engine
            assert engine.ready_count == len(ready)
            assert engine.unacked_count == len(queue.entries) - len(ready)
            found = engine.index.entries()
            states = [(place, state & ~UNWEIGHED) for place, state, _ in found]
            assert states == [(place, entry.state) for place, entry in queue.entries.items()]
            unweighed = {place for place, state, _ in found if state & UNWEIGHED}
            weighed = [queue.entries[place].size for place in ready if place not in unweighed]
            assert engine.ready_bytes == sum(weighed)

    @invariant()
    def channels_hold_what_the_model_says(self) -> None:
        for number, channel in self.channels.items():
            assert self.client.channel(number).unacked_count == len(channel.held)
            for consumer in channel.consumers.values():
                assert consumer.engine.unacked_count == consumer.held

    @invariant()
    def a_message_is_stored_once_and_while_a_queue_holds_it(self) -> None:
        records = self.world.shard.records
        places: dict[int, set[int]] = {}  # message: where its record is
        references: dict[int, int] = {}  # chunk: index entries that lead there
        for queue in self.queues:
            for place, _, location in queue.engine.index.entries():
                places.setdefault(queue.entries[place].number, set()).add(location)
                references[location >> 24] = references.get(location >> 24, 0) + 1
        assert all(len(locations) == 1 for locations in places.values())
        here = [number for (place,) in places.values() if not self.stored(number := place >> 24)]
        assert records.live_count == len(here)
        for chunk in self.chunks():
            if chunk.buffer is None:
                assert chunk.references == references[chunk.number]
            else:
                assert 0 <= chunk.live_bytes <= chunk.used <= chunk.buffer.size
                assert chunk.live_bytes >= 40 * here.count(chunk.number)

    def chunks(self) -> list[Chunk]:
        return [chunk for chunk in self.world.shard.records.chunks if chunk is not None]

    def stored(self, number: int) -> bool:
        return self.world.shard.records.chunks[number].buffer is None

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
        assert len(self.chunks()) <= 3
        assert records.memory_bytes <= 18 * MIB
