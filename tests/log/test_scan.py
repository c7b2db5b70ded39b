import pytest

from leveret.engine.buffer import Buffer
from leveret.log.batch import Header
from leveret.log.port import BATCH_BYTES_MAX, HEADER_BYTES, SEGMENT_BYTES, Kind
from leveret.log.scan import WINDOW_BYTES, Format, Place, Window, scan
from leveret.log.segment import Segment
from leveret.log.task import run
from tests.log.world import OWNER, World, disk_of

LARGE = WINDOW_BYTES + 1000
ROOMY = 1 << 22


def test_a_format_says_how_large_a_batch_may_be() -> None:
    assert Format(1, SEGMENT_BYTES).batch_bytes_max == BATCH_BYTES_MAX


@pytest.fixture(scope="module")
def written() -> World:
    """Large batches between small ones: larger than a window, and more than a segment's rest."""
    world = World(disk_of(1), segment_bytes=ROOMY)
    world.claim()
    for size in (100, LARGE, 200, LARGE):
        world.append_durably(bytes([size % 256]) * size)
    return world


@pytest.mark.slow
def test_large_batches_are_read_fetched_and_recovered(written: World) -> None:
    expected = list(written.promises.durable.values())
    for world in (written, World(written.crash(), segment_bytes=ROOMY)):
        assert [data for _, kind, data in world.read(1) if kind is Kind.RECORDS] == expected
        assert world.fetch(5, 2, 3) == [expected[3], *expected[:2]]


def test_a_batch_may_fill_a_segment() -> None:
    world = World(disk_of(1), segment_bytes=1 << 16)
    world.claim()
    largest = bytes(world.form.batch_bytes_max)
    world.append_durably(largest)
    world.append_durably(largest)
    again = World(world.crash(), segment_bytes=1 << 16)
    assert [data for _, _, data in again.read(2)] == [largest, largest]


def load(window: Window, segment: Segment, offset: int, count: int, most: int) -> bytes:
    at = run(window.disk, window.load(segment, offset, count, most))
    assert window.has(at, count)
    return window.buffer.bytes_at(at, count)


def test_a_window_grows_for_what_does_not_fit_and_is_its_usual_size_again() -> None:
    disk = disk_of(1)
    content = bytes(range(256)) * 16384
    disk.write_whole("hot-000000000000.segment", content)
    segment = Segment("hot", 0, disk.open("hot-000000000000.segment"), len(content))
    window = Window(disk, Format(OWNER, ROOMY))
    assert load(window, segment, 10, 20, 1000) == content[10:30]
    assert load(window, segment, 1000, 3_000_000, WINDOW_BYTES) == content[1000:3_001_000]
    assert load(window, segment, 2_000_000, 2_000_000, WINDOW_BYTES) == content[2000000:4000000]
    assert load(window, segment, 5, 10, 10) == content[5:15]
    window.forget()
    assert window.buffer.size == WINDOW_BYTES
    assert load(window, segment, 5, 10, 10) == content[5:15]


def test_a_scan_says_where_and_why_it_ends(written: World) -> None:
    seen: list[int] = []

    def take(header: Header, buffer: Buffer, at: int) -> bool:
        seen.append(header.number)
        return header.number < 2

    segment = written.log.hot.segments[0]
    window = Window(written.disk, written.form)
    place = run(written.disk, scan(window, segment, Place(0, 1, 0), written.form, take))
    assert (seen, place) == ([1, 2], Place(HEADER_BYTES, 2, 1, "stopped"))
    place = run(written.disk, scan(window, segment, Place(8, 1, 0), written.form, take))
    assert place == Place(8, 1, 0, "there is no batch")
