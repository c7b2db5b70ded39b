"""Any commands at all, given to an index and to a dictionary: a machine for hypothesis."""

import struct

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from leveret.engine.index import Index
from leveret.engine.memory import Memory
from leveret.engine.pages import PagePool
from tests.engine.page_memory import folding_pool

READY, UNACKED, REDELIVERED = 1, 2, 8
PAGE = 512
LOCATION_MAX = 2**56 - 1


class Commands(RuleBasedStateMachine):
    """Any commands, against a dictionary in the order of positions."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = self.make_pool()
        self.index = Index(self.pool)
        self.entries: dict[int, tuple[int, int]] = {}
        self.next_position = 0
        self.next_location = 0

    def make_pool(self) -> PagePool:
        return PagePool(Memory())

    def ready(self) -> list[int]:
        return [p for p, (state, _) in self.entries.items() if state & 7 == READY]

    @rule(count=st.one_of(st.integers(1, 5), st.integers(200, 600)))
    def append(self, count: int) -> None:
        for _ in range(count):
            self.next_location += 8
            assert self.index.append(self.next_location) == self.next_position
            self.entries[self.next_position] = (READY, self.next_location)
            self.next_position += 1

    @rule(
        data=st.data(),
        count=st.integers(1, 60),
        step=st.sampled_from([1, 90, PAGE, PAGE, 3 * PAGE + 1]),
    )
    def put(self, data: st.DataObject, count: int, step: int) -> None:
        self.put_all(data.draw(st.integers(0, self.next_position + 2 * PAGE)), count, step)

    def put_all(self, first: int, count: int, step: int) -> None:
        for position in range(first, first + count * step, step):
            self.next_location += 8
            is_free = position not in self.entries
            assert self.index.put(position, self.next_location) == is_free
            if is_free:
                self.entries[position] = (READY, self.next_location)
                self.next_position = max(self.next_position, position + 1)
        self.entries = dict(sorted(self.entries.items()))

    @precondition(lambda self: self.next_position)
    @rule(data=st.data(), count=st.sampled_from([1, 700, 10_000, 2**60]))
    def mark_redelivered(self, data: st.DataObject, count: int) -> None:
        first = data.draw(st.integers(0, self.next_position))
        self.index.mark_redelivered_within(first, first + count - 1)
        for position, (state, location) in self.entries.items():
            if first <= position < first + count:
                self.entries[position] = (state | REDELIVERED, location)

    @rule(count=st.one_of(st.integers(1, 5), st.integers(200, 700)))
    def take(self, count: int) -> None:
        for position in self.ready()[:count]:
            assert self.index.seek_ready()
            state, location = self.entries[position]
            assert self.index.cursor_position() == position
            assert self.index.cursor_entry() == state << 56 | location
            self.index.take_unacked()
            self.entries[position] = (state + 1, location)

    @rule(count=st.one_of(st.integers(1, 5), st.integers(200, 700)))
    def take_away(self, count: int) -> None:
        for position in self.ready()[:count]:
            assert self.index.seek_ready()
            assert self.index.cursor_position() == position
            self.index.take_away()
            del self.entries[position]

    @precondition(lambda self: self.next_position)
    @rule(data=st.data(), count=st.integers(1, 400), step=st.integers(1, 3))
    def remove(self, data: st.DataObject, count: int, step: int) -> None:
        first = data.draw(st.integers(0, self.next_position - 1))
        for position in range(first, first + count * step, step):
            state, location = self.entries.pop(position, (0, 0))
            assert self.index.remove(position) == state << 56 | location

    @precondition(lambda self: self.next_position)
    @rule(data=st.data(), count=st.integers(1, 400), step=st.integers(-3, 3))
    def requeue(self, data: st.DataObject, count: int, step: int) -> None:
        position = data.draw(st.integers(0, self.next_position - 1))
        for _ in range(count):
            state, location = self.entries.get(position, (0, 0))
            assert self.index.requeue(position) == (state & 7 == UNACKED)
            if state & 7 == UNACKED:
                self.entries[position] = (READY | REDELIVERED, location)
            position = max(0, position + step)

    @precondition(lambda self: self.entries)
    @rule(data=st.data())
    def relocate(self, data: st.DataObject) -> None:
        position = data.draw(st.sampled_from(list(self.entries)))
        state, location = self.entries[position]
        self.next_location += 8
        assert not self.index.relocate(position, location + 4, 1)
        assert self.index.relocate(position, location, self.next_location)
        self.entries[position] = (state, self.next_location)

    @precondition(lambda self: self.next_position)
    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        position = data.draw(st.integers(0, self.next_position + 1))
        state, location = self.entries.get(position, (0, 0))
        assert self.index.entry(position) == state << 56 | location

    @rule()
    def the_runs_that_were_delivered(self) -> None:
        runs: list[list[int]] = []
        for position, (state, _) in self.entries.items():
            if state & REDELIVERED or state & 7 == UNACKED:
                if not runs or runs[-1][1] != position - 1:
                    runs.append([position, position])
                runs[-1][1] = position
        assert self.index.delivered_runs() == [(first, last) for first, last in runs]

    @invariant()
    def the_first_ready_entry_is_next(self) -> None:
        ready = self.ready()
        assert self.index.seek_ready() == bool(ready)
        if ready:
            assert self.index.cursor_position() == ready[0]

    @invariant()
    def what_is_live_is_in_order(self) -> None:
        assert self.index.next_position == self.next_position
        assert self.index.entries() == [(p, *entry) for p, entry in self.entries.items()]

    @invariant()
    def pages_are_those_with_something_in_them(self) -> None:
        pages, page = {}, self.index.pages.head
        while page is not None:
            pages[page.number] = (page.live, page.ready)
            page = page.next
        assert list(pages) == sorted(pages)
        assert len(pages) == self.pool.in_use
        pages |= self.folded_pages()
        expected: dict[int, tuple[int, int]] = {}
        for position, (state, _) in self.entries.items():
            live, ready = expected.get(position // PAGE, (0, 0))
            expected[position // PAGE] = (live + 1, ready + (state & 7 == READY))
        assert pages == expected

    def folded_pages(self) -> dict[int, tuple[int, int]]:
        return {}

    def teardown(self) -> None:
        self.index.rewind()
        taken = []
        while entry := self.index.take_any():
            taken.append((entry >> 56, entry & LOCATION_MAX))
        assert taken == list(self.entries.values())
        assert self.index.pages.head is None
        for page in self.pool.spare:
            assert page.buffer.bytes_at(0, PAGE * 8) == bytes(PAGE * 8)


class FoldingCommands(Commands):
    """The same with few pages in memory, and a store that has room or has not."""

    def __init__(self) -> None:
        super().__init__()
        self.put_all(0, 70, 90)

    def make_pool(self) -> PagePool:
        pool, self.store = folding_pool(3)
        return pool

    @rule()
    def the_store_has_no_room(self) -> None:
        self.store.full = True

    @rule()
    def the_store_has_room(self) -> None:
        self.store.full = False

    def folded_pages(self) -> dict[int, tuple[int, int]]:
        """By the index's own account; the store has those, and all in them is ready."""
        folded: dict[int, tuple[int, int]] = {}
        for fold in self.index.folds.folds if self.index.folds else ():
            kept = self.store.kept[fold.place]
            for number in range(64):
                if fold.folded >> number & 1:
                    slots = struct.unpack("512Q", kept[number])
                    live = sum(slot != 0 for slot in slots)
                    assert all(slot >> 56 & 7 in (0, READY) for slot in slots)
                    delivered = any(slot >> 56 & REDELIVERED for slot in slots)
                    assert fold.delivered >> number & 1 == delivered
                    folded[fold.block * 64 + number] = (live, live)
        return folded

    def teardown(self) -> None:
        super().teardown()
        assert self.store.kept == {}
        assert self.pool.in_use == 0
        self.pool.drop_spare()
        assert self.pool.memory.in_use == 0
