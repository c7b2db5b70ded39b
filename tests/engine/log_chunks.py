"""Messages that fill chunks of the log by the ten, and a look at those chunks."""

from leveret.engine.chunk import Chunk
from tests.engine.client import Client, Message, World

MIB = 1 << 20
PERSISTENT = b"\x10\x00\x02"
PER_CHUNK = 10
SIZE = MIB // PER_CHUNK - 200  # so many to a chunk
ORDINARY, OF_LOG, GUESTS = 0, 1, 2


def publish(client: Client, count: int, key: bytes = b"q", size: int = SIZE) -> None:
    for number in range(count):
        client.publish(key, b"%d:" % number + bytes(size), PERSISTENT)


def chunks(world: World, kind: int) -> list[Chunk]:
    return [
        chunk for chunk in world.shard.records.chunks if chunk is not None and chunk.kind == kind
    ]


def away(world: World) -> int:
    return sum(chunk.buffer is None for chunk in chunks(world, OF_LOG))


def evict(world: World) -> None:
    """All that may leave does."""
    guests = world.shard.guests
    known = guests.log_bytes_max, guests.guest_bytes_max
    guests.log_bytes_max = guests.guest_bytes_max = 0
    world.shard.evict()
    guests.log_bytes_max, guests.guest_bytes_max = known


def numbers(messages: list[Message]) -> list[int]:
    return [int(each.body.split(b":")[0]) for each in messages]
