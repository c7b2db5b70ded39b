"""What goes to the log and when, and who is told; the log and the turn are fakes."""

from __future__ import annotations

import pytest

from leveret.engine.memory import Memory
from leveret.server.durability import COMPANY_MS, Durability, LogLost
from leveret.server.timers import Timed, Timers
from tests.engine.client import Client, World, ack_frame

PERSISTENT = b"\x10\x00\x02"
OFFSET = 7  # the log's own batches
POSITION = 4096


class FakeLog:
    """Says of nothing that it is durable before it is told to."""

    def __init__(self) -> None:
        self.appended: list[int] = []  # how many records
        self.ready = True
        self.is_closed = False

    def append(self, token: object, buffer: object, start: int, length: int, count: int) -> int:
        assert self.ready
        assert length > 0
        self.ready = False
        self.appended.append(count)
        return OFFSET + len(self.appended)

    def position_of(self, number: int) -> int:
        return POSITION * number

    def deadline(self) -> int | None:
        return None

    def poll(self, tick: int) -> None:
        pass

    def fileno(self) -> int:
        return 3


class FakeTurn:
    def __init__(self) -> None:
        self.tick, self.now = 1_000, 0
        self.afterwards: list[object] = []
        self.timers: Timers[Timed] = Timers()
        self.failures: list[Exception] = []

    def begin(self) -> None:
        pass

    def want(self) -> None:
        pass

    def fail(self, error: Exception) -> None:
        self.failures.append(error)


class FakeSelector:
    def watch(self, fd: int, watched: object, events: int) -> None:
        self.fd = fd


class FakeTrimming:
    def __init__(self) -> None:
        self.events: list[tuple[str, int]] = []

    def appended(self, number: int, batch: object) -> None:
        self.events.append(("appended", number))

    def durable(self, number: int) -> None:
        self.events.append(("durable", number))

    def pump(self) -> bool:
        return False


class Place:
    def __init__(self) -> None:
        self.world = World(Memory(1 << 30), journal=True)
        self.log, self.turn, self.trimming = FakeLog(), FakeTurn(), FakeTrimming()
        self.durability = Durability(self.world.shard, "/data")
        self.durability.own(self.log, object(), lambda: None)
        self.durability.trim(self.trimming)
        self.durability.take_part(self.turn, FakeSelector())
        self.queue = self.world.kept_queue(b"k")
        self.client: Client = self.world.connect()

    def run(self, milliseconds: int = 0) -> None:
        self.turn.tick += milliseconds
        self.world.turn()
        self.durability.pump()

    def sync(self) -> None:
        """What was appended is durable, and the turn that follows tells of it."""
        self.log.ready = True
        self.durability.durable_up_to(OFFSET + len(self.log.appended))
        self.run()

    def publish(self) -> None:
        self.client.publish(b"k", b"body", PERSISTENT)


@pytest.fixture
def place() -> Place:
    return Place()


def test_what_was_published_goes_to_the_log_at_the_end_of_the_turn(place):
    place.publish()
    place.publish()
    assert place.log.appended == []
    place.run()
    assert place.log.appended == [2]


def test_while_a_batch_is_on_its_way_the_next_one_fills(place):
    for _ in range(4):
        place.publish()
        place.run()
    assert place.log.appended == [1]
    place.sync()
    assert place.log.appended == [1, 3]


def test_a_confirm_leaves_in_the_turn_after_its_batch_is_durable(place):
    place.client.channel().select_confirm()
    place.publish()
    place.run()
    assert place.client.take() == b""
    place.sync()
    assert place.client.take() != b""
    assert place.trimming.events == [("appended", OFFSET + 1), ("durable", 1)]


def test_acknowledgements_wait_for_company_and_not_for_ever(place):
    place.client.consume(place.queue)
    place.publish()
    place.run()
    place.sync()
    place.client.send(ack_frame(1))
    place.run()
    assert place.log.appended == [1]
    assert place.durability.deadline() == place.turn.tick + COMPANY_MS
    assert place.turn.timers.next_tick == place.turn.tick + COMPANY_MS
    place.run(COMPANY_MS - 1)
    assert place.log.appended == [1]
    place.run(1)
    assert place.log.appended == [1, 1]


def test_with_somebody_who_waits_acknowledgements_do_not(place):
    place.client.consume(place.queue)
    place.publish()
    place.run()
    place.sync()
    place.client.send(ack_frame(1))
    place.publish()
    place.run()
    assert place.log.appended == [1, 2]


def test_who_asks_when_all_is_durable_is_told_in_the_order_of_the_batches(place):
    told: list[str] = []
    assert place.durability.when_durable(lambda now, tick: told.append("nothing"))
    place.publish()
    assert not place.durability.when_durable(lambda now, tick: told.append("first"))
    place.run()
    place.publish()
    assert not place.durability.when_durable(lambda now, tick: told.append("second"))
    place.sync()
    assert told == ["first"]
    place.sync()
    assert told == ["first", "second"]
    assert place.durability.when_durable(lambda now, tick: told.append("late"))


def test_a_full_disk_holds_publishers_up_until_there_is_room(place):
    place.durability.full(True)
    assert place.world.shard.memory.full
    place.durability.full(False)
    assert not place.world.shard.memory.relax()


@pytest.mark.parametrize("what", ["failed", "fenced"])
def test_a_log_that_is_lost_ends_the_broker(place, what):
    if what == "failed":
        place.durability.failed("/data/hot: Input/output error")
    else:
        place.durability.fenced()
    (error,) = place.turn.failures
    assert isinstance(error, LogLost)
    assert str(error).startswith("/data: ")
    assert str(error).endswith("nothing more can be confirmed")


def test_a_log_that_is_lost_at_the_start_refuses_it():
    durability = Durability(World(journal=True).shard, "/data")
    with pytest.raises(LogLost, match="Input/output error"):
        durability.failed("Input/output error")
