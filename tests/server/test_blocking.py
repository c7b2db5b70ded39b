"""Who is blocked, told, let through and looked after: connections are fakes, time is a number."""

import logging

import pytest

from leveret.engine.memory import Memory
from leveret.server import blocking
from leveret.server.blocking import LOW_ON_MEMORY, Blocking
from leveret.server.timers import NEVER, Timed, Timers
from tests.server.fakes import FakeShard

LIMIT = 1 << 40  # so much that the process itself does not count
FREE = LIMIT // 4
STEP = blocking.STEP_MS


class Connection:
    """Notes what happens to it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.is_open = True
        self.probed_tick = 0
        self.may_make_room = False
        self.events: list[object] = []

    def block(self, reason: str) -> None:
        self.events.append(reason)

    def unblock(self) -> None:
        self.events.append("unblocked")

    def probe(self) -> None:
        self.events.append("probed")

    def trickle(self, count: int) -> None:
        self.events.append(count)


class Turn:
    """What a turn is to its blocking."""

    def __init__(self) -> None:
        self.tick = 1_000
        self.connections: dict[object, Connection] = {}
        self.timers: Timers[Timed] = Timers()
        self.wanted = False
        self.shard = FakeShard(Memory(LIMIT))
        self.blocking = Blocking(self, self.shard)

    def want(self) -> None:
        self.wanted = True

    def publisher(self, *, holds_deliveries: bool = False) -> Connection:
        """One that has published, among as many others as there were before."""
        connection = Connection(len(self.connections) + 1)
        connection.may_make_room = holds_deliveries
        self.connections[connection.number] = connection
        self.shard.publishers[connection.number] = None
        return connection

    def run(self, milliseconds: int = 0) -> None:
        """A turn some time later, what is due meanwhile included."""
        until = self.tick + milliseconds
        while self.timers.next_tick <= until:
            self.tick = self.timers.next_tick
            for timed in self.timers.take_due(self.tick, count_max=9):
                timed.due()
        self.tick = until
        self.wanted = False
        self.blocking.follow()

    def fill(self) -> None:
        self.shard.memory.take(LIMIT)
        self.run()

    def drain(self) -> None:
        self.shard.memory.give(FREE)
        self.run()


@pytest.fixture
def turn() -> Turn:
    return Turn()


def test_as_long_as_memory_is_not_full_nothing_happens(turn: Turn) -> None:
    publisher = turn.publisher()
    turn.shard.memory.take(LIMIT // 2)
    turn.run(10_000)
    assert (publisher.events, turn.blocking.is_on, turn.timers.next_tick) == ([], False, NEVER)


def test_who_has_published_is_told_once_and_told_when_it_is_over(turn: Turn) -> None:
    publisher = turn.publisher()
    turn.connections[77] = other = Connection(77)
    turn.fill()
    turn.run()
    assert (publisher.events, turn.blocking.is_on) == ([LOW_ON_MEMORY], True)
    turn.drain()
    turn.run()
    assert (publisher.events, turn.blocking.is_on) == ([LOW_ON_MEMORY, "unblocked"], False)
    assert other.events == []


def test_the_alarm_says_what_there_is_too_little_of_and_when_it_is_over(turn: Turn) -> None:
    alarms: list[object] = []
    turn.blocking.alarm = lambda source, begins: alarms.append((source, begins))
    turn.fill()
    turn.run()
    turn.drain()
    turn.run()
    assert alarms == [("memory", True), ("memory", False)]
    turn.shard.memory.hold()
    turn.run()
    turn.shard.memory.let_go()
    turn.run()
    assert alarms[2:] == [("disk", True), ("disk", False)]


def test_who_begins_to_publish_meanwhile_is_told_as_well(turn: Turn) -> None:
    turn.fill()
    newcomer = turn.publisher()
    turn.shard.held.append(newcomer.number)
    turn.run()
    assert newcomer.events == [LOW_ON_MEMORY]
    turn.drain()
    assert newcomer.events == [LOW_ON_MEMORY, "unblocked"]


def test_who_was_held_up_when_it_was_over_already_is_let_go(turn: Turn) -> None:
    publisher = turn.publisher()
    turn.fill()
    turn.drain()
    turn.shard.memory.take(FREE)
    turn.shard.memory.give(FREE)
    turn.shard.held.append(publisher.number)
    turn.run()
    assert publisher.events[-1] == "unblocked"


def test_who_has_gone_meanwhile_is_left_out(turn: Turn) -> None:
    for _ in range(3):
        turn.publisher()
    turn.shard.held += [1, 99]
    del turn.connections[2]
    turn.fill()
    turn.connections[3].is_open = False
    turn.run(blocking.PROBE_MS)
    turn.drain()
    assert turn.connections[1].events == [LOW_ON_MEMORY, LOW_ON_MEMORY, "probed", "unblocked"]
    assert turn.connections[3].events == [LOW_ON_MEMORY]


def test_thousands_are_told_and_let_go_in_many_turns(turn: Turn) -> None:
    publishers = [turn.publisher() for _ in range(3 * blocking.TOLD_PER_TURN)]
    turn.fill()
    assert sum(LOW_ON_MEMORY in each.events for each in publishers) == blocking.TOLD_PER_TURN
    for _ in range(2):
        assert turn.wanted
        turn.run()
    assert (all(LOW_ON_MEMORY in each.events for each in publishers), turn.wanted) == (True, False)
    turn.drain()
    assert sum("unblocked" in each.events for each in publishers) == blocking.TOLD_PER_TURN
    for _ in range(2):
        assert turn.wanted
        turn.run()
    assert all("unblocked" in each.events for each in publishers)


def test_who_was_not_told_before_it_was_over_is_not_told_at_all(turn: Turn) -> None:
    publishers = [turn.publisher() for _ in range(2 * blocking.TOLD_PER_TURN)]
    turn.fill()
    turn.drain()
    assert publishers[-1].events == []


def test_who_was_not_let_go_before_memory_was_full_again_stays_blocked(turn: Turn) -> None:
    publishers = [turn.publisher() for _ in range(3)]
    turn.fill()
    full = turn.shard.memory.take
    publishers[0].unblock = lambda: full(FREE)  # with what was left over of its last read
    turn.drain()
    turn.run()
    assert [each.events for each in publishers[1:]] == [[LOW_ON_MEMORY, LOW_ON_MEMORY]] * 2
    assert turn.blocking.is_on


def test_memory_that_nobody_needs_is_given_up_first(turn: Turn) -> None:
    turn.fill()
    assert turn.shard.spare_dropped


def test_the_log_says_once_that_publishers_are_blocked_and_once_that_they_go_on(
    turn: Turn, caplog: pytest.LogCaptureFixture
) -> None:
    turn.publisher()
    turn.connections[77] = Connection(77)
    turn.fill()
    turn.run(2_500)
    turn.drain()
    turn.run(1)
    blocked, unblocked = (record.getMessage() for record in caplog.records)
    limit = f"{LIMIT >> 20} MB"
    assert blocked.endswith(f"of {limit}: publishers are blocked (1 of 2 connections)")
    assert unblocked.endswith(f"of {limit}: publishers go on after 2.5 s")
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_who_holds_deliveries_is_read_a_little_in_each_step(turn: Turn) -> None:
    consumer, publisher = turn.publisher(holds_deliveries=True), turn.publisher()
    turn.fill()
    turn.run(2 * STEP)
    assert consumer.events == [LOW_ON_MEMORY] + 2 * [blocking.TRICKLE_BYTES_MAX]
    assert publisher.events == [LOW_ON_MEMORY]


@pytest.mark.parametrize(
    ("count", "share"),
    [(4, blocking.TRICKLE_BYTES_MAX), (16, 16 * 1024), (100, blocking.TRICKLE_BYTES_MIN)],
)
def test_those_who_trickle_share_a_budget(turn: Turn, count: int, share: int) -> None:
    consumers = [turn.publisher(holds_deliveries=True) for _ in range(count)]
    turn.fill()
    turn.run()
    for _ in range(8):
        before = [len(each.events) for each in consumers]
        turn.run(STEP)
        pairs = zip(consumers, before, strict=True)
        read = [each.events[-1] for each, count_before in pairs if len(each.events) > count_before]
        assert sum(read) <= blocking.TRICKLE_BYTES_PER_STEP
    assert min(len(each.events) for each in consumers) > 1
    assert consumers[0].events[-1] == share


def test_nothing_trickles_far_above_the_limit(turn: Turn) -> None:
    consumer = turn.publisher(holds_deliveries=True)
    turn.fill()
    turn.shard.memory.take(LIMIT // blocking.TRICKLE_SHARE)
    turn.run(10 * STEP)
    assert consumer.events == [LOW_ON_MEMORY]
    turn.shard.memory.give(LIMIT // blocking.TRICKLE_SHARE)
    turn.run(STEP)
    assert consumer.events == [LOW_ON_MEMORY, blocking.TRICKLE_BYTES_MAX]


def test_each_is_asked_once_a_second_whether_it_is_there(turn: Turn) -> None:
    publisher = turn.publisher()
    turn.fill()
    turn.run(3 * blocking.PROBE_MS)
    assert publisher.events == [LOW_ON_MEMORY] + 3 * ["probed"]


def test_of_thousands_each_has_its_turn_to_be_looked_after(turn: Turn) -> None:
    count = 4 * blocking.LOOKED_AFTER_PER_STEP
    publishers = [turn.publisher() for _ in range(count)]
    turn.fill()
    while turn.wanted:
        turn.run()
    turn.run(blocking.PROBE_MS)
    for step in range(1, 5):
        probed = [publisher for publisher in publishers if "probed" in publisher.events]
        assert len(probed) == step * blocking.LOOKED_AFTER_PER_STEP
        turn.run(STEP)


def test_nobody_is_looked_after_when_it_is_over(turn: Turn) -> None:
    publisher = turn.publisher(holds_deliveries=True)
    turn.fill()
    turn.drain()
    turn.run(10_000)
    assert publisher.events == [LOW_ON_MEMORY, "unblocked"]
    assert turn.timers.next_tick == NEVER


def test_what_the_system_says_counts_and_is_asked_for_at_a_slow_pace(
    turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def resident() -> int:
        asked.append(turn.tick)
        return LIMIT if len(asked) > 3 else 1  # there is no more of it than can be counted

    monkeypatch.setattr(blocking, "resident_bytes", resident)
    for _ in range(30):
        turn.run(100)
    assert asked == [1_100, 2_100, 3_100]
    turn.shard.memory.take(7 * LIMIT // 8)
    turn.run(99)
    turn.run(1)
    assert asked[3:] == [4_100]
    assert turn.blocking.is_on
    turn.run(99)
    turn.run(1)
    assert asked[4:] == [4_200]


def test_what_an_allocator_keeps_is_demanded_back_but_not_all_the_time(
    turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = [LIMIT, LIMIT // 2]
    trims: list[int] = []
    monkeypatch.setattr(blocking, "resident_bytes", lambda: resident[0])
    monkeypatch.setattr(blocking, "trim", lambda: trims.append(turn.tick))
    turn.shard.memory.take(LIMIT // 3)
    for _ in range(blocking.TRIM_MS // 100 + 1):
        turn.run(100)
    assert trims == [1_100, 1_100 + blocking.TRIM_MS]
    monkeypatch.setattr(blocking, "trim", resident.reverse)
    turn.run(blocking.TRIM_MS)
    assert not turn.blocking.is_on
