"""A store for pages that is a dictionary: full, or broken, when it is told to be."""

from leveret.engine.buffer import Buffer
from leveret.engine.errors import PagesLost
from leveret.engine.memory import Memory
from leveret.engine.pages import PagePool

PAGE_BYTES = 4096


class PageMemory:
    """`kept` are the pages it has, by place; `expected` those that it was told of before."""

    def __init__(self) -> None:
        self.kept: dict[int, dict[int, bytes]] = {}
        self.last_place = 0
        self.full = False
        self.broken = False
        self.closed = False
        self.writes = 0
        self.reads = 0
        self.expected: list[tuple[int, int, int]] = []

    # As the engine sees it

    def take(self) -> int | None:
        if self.full:
            return None
        self.last_place += 1
        self.kept[self.last_place] = {}
        return self.last_place

    def give_back(self, place: int) -> None:
        del self.kept[place]

    def write(self, place: int, number: int, buffer: Buffer) -> bool:
        assert 0 <= number < 64
        assert buffer.size == PAGE_BYTES
        if not self.full:
            self.kept[place][number] = buffer.bytes_at(0, PAGE_BYTES)
            self.writes += 1
        return not self.full

    def read(self, place: int, number: int, buffer: Buffer) -> None:
        if self.broken:
            raise PagesLost("the disk is gone")
        buffer.memory()[:] = self.kept[place][number]
        self.reads += 1

    def expect(self, place: int, number: int, count: int) -> None:
        assert place in self.kept
        self.expected.append((place, number, count))

    def close(self) -> None:
        self.closed = True


def folding_pool(above: int, memory: Memory | None = None) -> tuple[PagePool, PageMemory]:
    """A pool whose tables fold pages when there are so many, and the store that they go to."""
    pool, store = PagePool(memory or Memory()), PageMemory()
    pool.fold_above = above
    pool.fold_into(lambda: store)
    return pool, store
