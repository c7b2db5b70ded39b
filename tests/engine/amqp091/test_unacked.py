"""Delivery tags that await their acknowledgement, against a dictionary in order."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from leveret.engine.amqp091.unacked import Unacked
from leveret.engine.memory import Memory
from leveret.engine.pages import PagePool

PAGE = 256
CEILING = 1_000_000


def unacked_of(count: int, pool: PagePool | None = None) -> Unacked:
    """Tags 1 to `count`, of holder 1000 + tag at position 2000 + tag."""
    unacked = Unacked(pool or PagePool(Memory()), CEILING)
    for tag in range(1, count + 1):
        assert unacked.add(1000 + tag, 2000 + tag) == tag
    return unacked


def take_all(unacked: Unacked, up_to: int) -> list[int]:
    """All up to a tag, oldest first; each is given out with its holder and position."""
    taken = []
    while unacked.take_oldest(up_to):
        assert unacked.position == unacked.holder + 1000
        taken.append(unacked.holder - 1000)
    return taken


def test_tags_rise_from_one_also_over_those_that_need_no_acknowledgement():
    unacked = Unacked(PagePool(Memory()), CEILING)
    assert [unacked.add(0, 5), unacked.skip(), unacked.skip(), unacked.add(0, 6)] == [1, 2, 3, 4]
    assert (unacked.last_tag, unacked.count) == (4, 2)
    assert [unacked.has(tag) for tag in range(6)] == [False, True, False, False, True, False]


@pytest.mark.parametrize("holder", [0, 1, 2**31])
@pytest.mark.parametrize("position", [0, 2**63, 2**64 - 1])
def test_a_tag_gives_its_holder_and_position_once(holder, position):
    unacked = Unacked(PagePool(Memory()), CEILING)
    tag = unacked.add(holder, position)
    assert unacked.take(tag)
    assert (unacked.holder, unacked.position, unacked.count) == (holder, position, 0)
    assert not unacked.take(tag)


@pytest.mark.parametrize("tag", [0, 4, PAGE, 2**40, 2**64 - 1])
def test_a_tag_that_was_never_given_is_unknown(tag):
    unacked = unacked_of(3)
    assert (unacked.has(tag), unacked.take(tag), unacked.count) == (False, False, 3)


@pytest.mark.parametrize("up_to", [1, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE])
def test_the_oldest_come_first_and_not_beyond_the_tag(up_to):
    unacked = unacked_of(3 * PAGE)
    assert take_all(unacked, up_to) == list(range(1, up_to + 1))
    assert unacked.count == 3 * PAGE - up_to


def test_those_taken_before_are_passed_over():
    unacked = unacked_of(2 * PAGE + 5)
    for tag in [1, 3, PAGE, *range(PAGE + 1, 2 * PAGE)]:
        unacked.take(tag)
    assert take_all(unacked, 4) == [2, 4]
    assert take_all(unacked, 2 * PAGE) == [*range(5, PAGE), 2 * PAGE]
    assert take_all(unacked, 2**63) == list(range(2 * PAGE + 1, 2 * PAGE + 6))
    assert take_all(unacked, 2**63) == []


def test_what_is_added_after_all_was_taken_is_found():
    unacked = unacked_of(3)
    take_all(unacked, 3)
    assert unacked.add(1004, 2004) == 4
    assert take_all(unacked, 3) == []
    assert take_all(unacked, 4) == [4]


def test_one_tag_that_stays_pins_one_page():
    pool = PagePool(Memory())
    unacked = unacked_of(20 * PAGE, pool)
    for tag in range(1, 20 * PAGE + 1):
        if tag != 7 * PAGE:
            unacked.take(tag)
    assert (len(pool.spare), unacked.count) == (20, 1)
    assert take_all(unacked, 20 * PAGE) == [7 * PAGE]
    assert len(pool.spare) == 21


def test_the_tags_that_wait_are_told_in_order():
    unacked = unacked_of(2 * PAGE + 5)
    for tag in [1, 3, PAGE]:
        unacked.take(tag)
    assert unacked.tags(PAGE + 1) == [2, *range(4, PAGE), PAGE + 1]
    assert unacked.tags(2**63) == [2, *range(4, PAGE), *range(PAGE + 1, 2 * PAGE + 6)]
    assert unacked.tags(0) == []
    assert unacked.tags(PAGE + 2, PAGE - 2) == [PAGE - 1, PAGE + 1, PAGE + 2]
    assert unacked.tags(5, 5) == []


class Commands(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.pool = PagePool(Memory())
        self.unacked = Unacked(self.pool, CEILING)
        self.entries: dict[int, tuple[int, int]] = {}
        self.last_tag = 0

    @rule(holder=st.integers(0, 5), position=st.integers(0, 2**64 - 1), count=st.integers(1, 300))
    def add(self, holder: int, position: int, count: int) -> None:
        for _ in range(count):
            self.last_tag += 1
            self.entries[self.last_tag] = (holder, position)
            assert self.unacked.add(holder, position) == self.last_tag
            position = (position + 1) % 2**64

    @rule(count=st.integers(1, 600))
    def skip(self, count: int) -> None:
        for _ in range(count):
            self.last_tag += 1
            assert self.unacked.skip() == self.last_tag

    @precondition(lambda self: self.last_tag)
    @rule(data=st.data(), count=st.integers(1, 300), step=st.sampled_from([-1, 1, 2]))
    def take(self, data: st.DataObject, count: int, step: int) -> None:
        tag = data.draw(st.integers(0, self.last_tag + 1))
        for _ in range(count):
            expected = self.entries.pop(tag, None)
            assert self.unacked.take(tag) == (expected is not None)
            if expected:
                assert (self.unacked.holder, self.unacked.position) == expected
            tag = max(0, tag + step)

    @precondition(lambda self: self.last_tag)
    @rule(data=st.data())
    def take_oldest(self, data: st.DataObject) -> None:
        tag = data.draw(st.integers(0, self.last_tag + 1))
        for expected in [t for t in self.entries if t <= tag]:
            assert self.unacked.take_oldest(tag)
            found = (self.unacked.holder, self.unacked.position)
            assert found == self.entries.pop(expected)
        assert not self.unacked.take_oldest(tag)

    @invariant()
    def what_is_counted_is_there(self) -> None:
        assert (self.unacked.count, self.unacked.last_tag) == (len(self.entries), self.last_tag)
        for tag in range(max(0, self.last_tag - 700), self.last_tag + 2):
            assert self.unacked.has(tag) == (tag in self.entries)

    def teardown(self) -> None:
        while self.unacked.take_oldest(self.last_tag):
            pass
        assert self.unacked.count == 0
        for page in self.pool.spare:
            assert page.buffer.bytes_at(0, 4096) == bytes(4096)


TestCommands = Commands.TestCase
TestCommands.settings = settings(max_examples=settings().max_examples // 4, stateful_step_count=20)
