"""A log with its owner on a simulated disk, and a model of what it has promised."""

from __future__ import annotations

import random

from leveret.engine.buffer import Buffer
from leveret.log.batch import COLD, BatchBuffer
from leveret.log.disk_log import DiskLog, State
from leveret.log.opening import open_disk_log
from leveret.log.port import Batch, Kind, LogError, Token
from leveret.log.scan import Format
from leveret.testing.disk import SimulatedDisk

OWNER = 0xC0FFEE
PATIENCE = 10_000


class Promises:
    """What the log has said: the batches that survive, by number, and the one nobody knows of."""

    def __init__(self) -> None:
        self.durable: dict[int, bytes] = {}
        self.unknown: dict[int, bytes] = {}
        self.trimmed = 1
        self.forgotten: set[int] = set()  # nothing in them lives

    def appended(self, number: int, records: bytes) -> None:
        self.unknown[number] = records

    def durable_up_to(self, number: int) -> None:
        stream = number >= COLD
        for known in [each for each in self.unknown if (each >= COLD) == stream]:
            if known <= number:
                self.durable[known] = self.unknown.pop(known)

    def hot(self) -> dict[int, bytes]:
        return {number: data for number, data in self.durable.items() if number < COLD}


class Owner:
    """Hears what the log says."""

    def __init__(self, promises: Promises) -> None:
        self.promises = promises
        self.durable = 0
        self.cold_durable = 0
        self.events: list[str] = []

    def durable_up_to(self, number: int) -> None:
        assert number > self.durable
        self.durable = number
        self.promises.durable_up_to(number)

    def copied(self, number: int) -> None:
        assert number > self.cold_durable
        self.cold_durable = number
        self.promises.durable_up_to(number)

    def fenced(self) -> None:
        self.events.append("fenced")

    def full(self, is_full: bool) -> None:
        self.events.append("full" if is_full else "room")

    def failed(self, reason: str) -> None:
        self.events.append(f"failed: {reason}")

    def stopped(self) -> None:
        self.events.append("stopped")


class World:
    """One life of a log: from the opening of a disk until a stop or a crash."""

    def __init__(
        self,
        disk: SimulatedDisk,
        promises: Promises | None = None,
        *,
        segment_bytes: int = 1 << 16,
        is_synced: bool = True,
        disk_free_limit: int = 0,
    ) -> None:
        self.disk = disk
        self.promises = promises or Promises()
        self.owner = Owner(self.promises)
        self.form = Format(OWNER, segment_bytes)
        self.tick = 0
        self.log: DiskLog = open_disk_log(
            disk,
            self.form,
            self.owner,
            is_synced=is_synced,
            disk_free_limit=disk_free_limit,
        )
        self.token = Token(0, 0)

    def claim(self) -> None:
        self.token = self.log.claim(OWNER, self.log.last_epoch + 1)
        self.wait_ready()

    def poll(self, ms: int = 1) -> None:
        self.tick += ms
        self.log.poll(self.tick)

    def wait_ready(self) -> None:
        for _ in range(PATIENCE):
            if self.log.ready or self.log.state is State.FAILED:
                return
            self.poll()
        raise AssertionError("the log is not ready")

    def append(self, records: bytes) -> int:
        batch = BatchBuffer(len(records))
        batch.add(records)
        number = self.log.append(self.token, batch.buffer, 0, batch.length, 1)
        self.promises.appended(number, records)
        return number

    def append_durably(self, records: bytes) -> int:
        number = self.append(records)
        self.wait_ready()
        assert self.owner.durable >= number
        return number

    def copy(self, records: bytes, frees: tuple[int, ...] = ()) -> int:
        batch = BatchBuffer(len(records))
        batch.add(records)
        number = self.log.copy(batch.buffer, 0, batch.length, 1, frees)
        self.promises.appended(number, records)
        return number

    def read(self, start: int) -> list[tuple[int, Kind, bytes]]:
        """All from there on; raises what the log raises."""
        batches: list[tuple[int, Kind, bytes]] = []
        ends: list[LogError | None] = []

        def take(batch: Batch) -> None:
            batches.append((batch.number, batch.kind, batch.records()))

        self.log.read(start, take, ends.append)
        for _ in range(PATIENCE):
            if ends:
                break
            self.poll(0)
        if ends[0] is not None:
            raise ends[0]
        return batches

    def fetch(self, *numbers: int) -> list[bytes | LogError]:
        found: list[bytes | LogError] = []

        def take(number: int, batch: Batch | None, error: LogError | None) -> None:
            assert batch is None or batch.number == number
            found.append(batch.records() if batch else error or LogError("nothing"))

        self.log.fetch(numbers, take)
        for _ in range(PATIENCE):
            if len(found) == len(numbers):
                break
            self.poll(0)
        return found

    def stop(self) -> None:
        self.log.stop()
        for _ in range(PATIENCE):
            if "stopped" in self.owner.events:
                break
            self.poll()
        self.disk.close()

    def crash(self) -> SimulatedDisk:
        return self.disk.crash()


def disk_of(seed: int, capacity: int = 1 << 40) -> SimulatedDisk:
    return SimulatedDisk(random.Random(seed), capacity)


def zeros(count: int) -> Buffer:
    return Buffer(count)
