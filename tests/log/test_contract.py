"""What every log does, whatever keeps it: in memory, and on a disk."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import pytest

from leveret.engine.buffer import Buffer
from leveret.engine.errors import InvariantError
from leveret.log.memory import MemoryLog, MemoryStore
from leveret.log.opening import open_disk_log
from leveret.log.port import (
    HEADER_BYTES,
    Batch,
    Kind,
    Log,
    LogError,
    MissingError,
    Token,
)
from leveret.log.scan import Format
from leveret.testing.disk import SimulatedDisk
from tests.log.world import OWNER, PATIENCE, Owner, Promises

SEGMENT_BYTES = 1 << 16


class Subject:
    """A log with an owner who notes what it hears; `again()` is the next life of the same log."""

    def __init__(self, make: Callable[[Owner], Log]) -> None:
        self.make = make
        self.owner = Owner(Promises())
        self.log = make(self.owner)
        self.token = Token(0, 0)
        self.tick = 0

    def again(self) -> Subject:
        return Subject(self.make)

    def poll_until(self, condition: Callable[[], object]) -> None:
        for _ in range(PATIENCE):
            if condition():
                return
            self.tick += 1
            self.log.poll(self.tick)
        raise AssertionError("it does not come")

    def claim(self, epoch: int = 1) -> None:
        self.token = self.log.claim(OWNER, epoch)
        self.poll_until(lambda: self.log.ready)

    def append(self, records: bytes, count: int = 1) -> int:
        """Durably; returns the number."""
        number, _ = self.begin(records, count)
        self.poll_until(lambda: self.owner.durable >= number)
        return number

    def begin(self, records: bytes, count: int = 1) -> tuple[int, int]:
        """Number and position."""
        buffer = Buffer(0, bytearray(HEADER_BYTES) + records)
        number = self.log.append(self.token, buffer, 0, len(records), count)
        return number, self.log.position_of(number)

    def read(self, start: int) -> list[tuple[Batch, bytes]]:
        """The batches, with copies of their records."""
        found: list[tuple[Batch, bytes]] = []
        ends: list[LogError | None] = []
        take = found.append
        self.log.read(start, lambda batch: take((batch, batch.records())), ends.append)
        assert not found and not ends
        self.poll_until(lambda: ends)
        if ends[0] is not None:
            raise ends[0]
        return found

    def fetch(self, *numbers: int) -> list[bytes | LogError | None]:
        found: list[tuple[int, bytes | LogError | None]] = []

        def take(number: int, batch: Batch | None, error: LogError | None) -> None:
            found.append((number, batch.records() if batch else error))

        self.log.fetch(numbers, take)
        self.poll_until(lambda: len(found) == len(numbers))
        assert [number for number, _ in found] == list(numbers)
        return [answer for _, answer in found]

    def fetch_ranges(self, *wanted: tuple[int, int]) -> dict[int, bytes | LogError | None]:
        found: dict[int, bytes | LogError | None] = {}

        def take(position: int, buffer: Buffer, error: LogError | None) -> None:
            found[position] = buffer.bytes_at(3, buffer.size - 3) if error is None else error

        for position, length in wanted:
            buffer = Buffer(length + 3)
            self.log.fetch_range(position, buffer, 3, length, partial(take, position, buffer))
        assert not found
        self.poll_until(lambda: len(found) == len(wanted))
        return found


def in_memory() -> Subject:
    store = MemoryStore()
    return Subject(lambda owner: MemoryLog(store, owner))


def on_disk() -> Subject:
    disks = [SimulatedDisk(random.Random(1))]

    def make(owner: Owner) -> Log:
        if disks[0].names():
            disks[0] = disks[0].crash()
        form = Format(OWNER, SEGMENT_BYTES)
        return open_disk_log(disks[0], form, owner, disk_free_limit=0)

    return Subject(make)


@pytest.fixture(params=[in_memory, on_disk])
def subject(request: pytest.FixtureRequest) -> Subject:
    made = request.param()
    assert isinstance(made, Subject)
    return made


@pytest.fixture
def owned(subject: Subject) -> Subject:
    subject.claim()
    return subject


def test_a_log_is_claimed_before_anything_is_appended(subject: Subject) -> None:
    assert not subject.log.ready
    with pytest.raises(InvariantError):
        subject.begin(b"x")


def test_a_claim_is_the_first_batch_and_becomes_durable(subject: Subject) -> None:
    subject.log.claim(OWNER, 5)
    assert not subject.log.ready
    subject.poll_until(lambda: subject.log.ready)
    assert (subject.owner.durable, subject.log.last_epoch) == (1, 5)


@pytest.mark.parametrize("epoch", [0, 4, 5])
def test_a_claim_that_is_not_the_highest_is_fenced(subject: Subject, epoch: int) -> None:
    subject.claim(5)
    second = subject.again()
    assert second.log.last_epoch == 5
    second.log.claim(OWNER, epoch)
    second.poll_until(lambda: second.owner.events)
    assert second.owner.events == ["fenced"]
    assert not second.log.ready


def test_a_token_that_is_not_the_owners_is_fenced(owned: Subject) -> None:
    owned.token = Token(OWNER, owned.token.epoch - 1)
    owned.log.append(owned.token, Buffer(HEADER_BYTES), 0, 0, 0)
    owned.poll_until(lambda: owned.owner.events)
    assert (owned.owner.events, owned.owner.durable) == (["fenced"], 1)


def test_numbers_follow_each_other_and_are_known_ahead(owned: Subject) -> None:
    for records in (b"a", b"", b"ccc"):
        reserved = owned.log.reserve()
        assert owned.append(records) == reserved
    assert [batch.number for batch, _ in owned.read(1)] == [1, 2, 3, 4]


def test_one_append_is_outstanding_at_a_time(owned: Subject) -> None:
    owned.begin(b"x")
    assert not owned.log.ready
    with pytest.raises(InvariantError):
        owned.begin(b"y")
    owned.poll_until(lambda: owned.log.ready)


def test_what_was_appended_is_read_back_in_the_next_life(owned: Subject) -> None:
    owned.append(b"first", 2)
    owned.append(b"second", 3)
    read = owned.again().read(1)
    assert [(batch.kind, batch.record_count, data) for batch, data in read] == [
        (Kind.CLAIM, 0, b""),
        (Kind.RECORDS, 2, b"first"),
        (Kind.RECORDS, 3, b"second"),
    ]


def test_only_what_is_durable_is_read(owned: Subject) -> None:
    owned.append(b"first")
    found: list[Batch] = []
    ends: list[LogError | None] = []
    owned.log.read(2, found.append, ends.append)
    owned.poll_until(lambda: ends)
    assert [batch.number for batch in found] == [2]


def test_a_batch_may_lie_anywhere_in_a_buffer_and_what_is_behind_it_stays(owned: Subject) -> None:
    start, records = 1000, b"some records"
    buffer = Buffer(0, bytearray(b"#" * 3000))
    end = start + HEADER_BYTES + len(records)
    buffer.memory()[start + HEADER_BYTES : end] = records
    owned.log.append(owned.token, buffer, start, len(records), 1)
    buffer.memory()[end:] = b"+" * (3000 - end)
    owned.poll_until(lambda: owned.log.ready)
    assert bytes(buffer.memory()[:start]) == b"#" * start
    assert bytes(buffer.memory()[end:]) == b"+" * (3000 - end)
    assert owned.fetch(2) == [records]


def test_batches_of_one_buffer_follow_each_other_in_the_log(owned: Subject) -> None:
    buffer, start, positions = Buffer(2000), 0, []
    for text in (b"one", b"two", b"three"):
        buffer.memory()[start + HEADER_BYTES : start + HEADER_BYTES + len(text)] = text
        number = owned.log.append(owned.token, buffer, start, len(text), 1)
        positions.append(owned.log.position_of(number) - start)
        start += HEADER_BYTES + len(text)
        owned.poll_until(lambda: owned.log.ready)
    assert len(set(positions)) == 1
    assert [data for _, data in owned.again().read(2)] == [b"one", b"two", b"three"]


def test_a_position_is_told_of_the_outstanding_batch_alone(owned: Subject) -> None:
    number, _ = owned.begin(b"x")
    with pytest.raises(InvariantError, match="not outstanding"):
        owned.log.position_of(number - 1)
    owned.poll_until(lambda: owned.log.ready)
    with pytest.raises(InvariantError, match="not outstanding"):
        owned.log.position_of(number)


def test_a_batch_that_is_read_says_its_position(owned: Subject) -> None:
    number, position = owned.begin(b"x")
    owned.poll_until(lambda: owned.log.ready)
    ((batch, _),) = owned.again().read(number)
    assert batch.position == position


def test_bytes_are_fetched_by_their_position_in_each_life(owned: Subject) -> None:
    number, position = owned.begin(b"some records")
    owned.poll_until(lambda: owned.owner.durable >= number)
    at = position + HEADER_BYTES
    for life in (owned, owned.again()):
        assert life.fetch_ranges((at + 5, 7), (at, 4)) == {at + 5: b"records", at: b"some"}


def test_many_ranges_are_asked_for_at_once(owned: Subject) -> None:
    number, position = owned.begin(bytes(range(200)))
    owned.poll_until(lambda: owned.owner.durable >= number)
    at = position + HEADER_BYTES
    found = owned.fetch_ranges(*((at + byte, 1) for byte in range(200)))
    assert found == {at + byte: bytes([byte]) for byte in range(200)}


@pytest.mark.parametrize("beyond", [1, 1 << 20, 1 << 40])
def test_bytes_that_are_not_there_are_missing(owned: Subject, beyond: int) -> None:
    number, position = owned.begin(b"x")
    owned.poll_until(lambda: owned.owner.durable >= number)
    wanted = position + HEADER_BYTES + beyond
    answer = owned.fetch_ranges((wanted, 4))[wanted]
    assert isinstance(answer, MissingError)
    assert str(answer) == f"4 bytes at position {wanted} are not in the log"


def test_batches_are_fetched_in_the_order_asked_for(owned: Subject) -> None:
    numbers = [owned.append(text) for text in (b"a", b"b", b"c")]
    assert owned.fetch(numbers[2], numbers[0], numbers[2]) == [b"c", b"a", b"c"]


def test_a_batch_that_is_not_there_is_missing(owned: Subject) -> None:
    owned.append(b"a")
    (answer,) = owned.fetch(99)
    assert isinstance(answer, MissingError)
    assert "batch 99 is not in the log" in str(answer)


def test_what_is_trimmed_is_not_read_but_fetched(owned: Subject) -> None:
    owned.append(b"a")
    number = owned.append(b"b")
    owned.log.trim(number)
    owned.log.trim(number - 1)
    assert owned.log.first_number == number
    assert [data for _, data in owned.read(number)] == [b"b"]
    assert owned.fetch(number - 1) == [b"a"]
    with pytest.raises(MissingError, match="trimmed"):
        owned.read(number - 1)


def test_a_log_stops_when_nothing_is_outstanding(owned: Subject) -> None:
    owned.begin(b"last")
    owned.log.stop()
    owned.log.stop()
    owned.poll_until(lambda: owned.owner.events)
    assert (owned.owner.events, owned.log.ready) == (["stopped"], False)
    read = owned.again().read(2)
    assert [(batch.kind, data) for batch, data in read] == [
        (Kind.RECORDS, b"last"),
        (Kind.SEAL, b""),
    ]


def test_a_log_that_nobody_has_claimed_stops_without_a_trace(subject: Subject) -> None:
    subject.log.stop()
    subject.poll_until(lambda: subject.owner.events)
    assert subject.owner.events == ["stopped"]
    assert subject.again().read(1) == []
