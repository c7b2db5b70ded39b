"""A store that answers when it is told to, in any order, or refuses."""

from collections.abc import Sized
from dataclasses import dataclass
from typing import Protocol

from leveret.engine.buffer import Buffer
from leveret.engine.reading import Reading
from leveret.engine.shard import Shard
from tests.engine.client import Client, Message

GARBAGE = b"\xee"


class Slow(Protocol):
    """What has something to do for the shard, and does it when it is told to."""

    shard: Shard

    @property
    def pending(self) -> Sized: ...

    def answer(self, which: int = 0, *, refuse: bool = False) -> None: ...


@dataclass(frozen=True, eq=False)
class Writing:
    number: int
    buffer: Buffer
    count: int


class SlowStore:
    """`kept` are the bytes of the chunks it has; `full`: it takes no more.

    What is under way is in `pending`, oldest first.
    """

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self.kept: dict[int, bytes] = {}
        self.pending: list[Writing | Reading] = []
        self.full = False
        self.bytes_written = 0
        self.bytes_read = 0
        self.reads = 0
        shard.keep_in(self)

    # As the engine sees it

    def write(self, number: int, buffer: Buffer, count: int) -> bool:
        assert number not in self.kept
        assert not any(writing.number == number for writing in self.writings)
        if not self.full:
            self.pending.append(Writing(number, buffer, count))
        return not self.full

    def read(self, reading: Reading) -> None:
        assert 0 < reading.count <= reading.buffer.size
        assert reading.offset + reading.count <= len(self.kept[reading.number])
        self.pending.append(reading)

    def drop(self, number: int) -> None:
        del self.kept[number]

    # As a test sees it

    @property
    def writings(self) -> list[Writing]:
        return [each for each in self.pending if isinstance(each, Writing)]

    @property
    def readings(self) -> list[Reading]:
        return [each for each in self.pending if isinstance(each, Reading)]

    def answer(self, which: int = 0, *, refuse: bool = False) -> None:
        """Does one of the things that are pending, or fails to."""
        task = self.pending.pop(which)
        if isinstance(task, Reading):
            self.reads += 1
            if not refuse:
                self.fill(task)
            self.shard.fetched(task, not refuse)
        else:
            if not refuse:
                self.kept[task.number] = task.buffer.bytes_at(0, task.count)
                self.bytes_written += task.count
            self.shard.written(task.number, not refuse)

    def fill(self, reading: Reading) -> None:
        """The place of a chunk that was dropped may have anything in it."""
        found = self.kept.get(reading.number, b"")[reading.offset :][: reading.count]
        data = found + GARBAGE * (reading.count - len(found))
        reading.buffer.memory()[: reading.count] = data
        self.bytes_read += reading.count

    def answer_all(self) -> None:
        """And what follows from it, in turns."""
        while self.pending or self.shard.pending:
            while self.pending:
                self.answer()
            self.shard.turn()


def drain(store: Slow, client: Client) -> list[Message]:
    """All that the client is sent until it and the store have nothing more to do."""
    messages: list[Message] = []
    busy = True
    while busy:
        busy = bool(store.pending or store.shard.pending)
        store.shard.turn()
        sent = client.messages()
        messages += sent
        if store.pending:
            store.answer()
        busy = busy or bool(sent)
    return messages
