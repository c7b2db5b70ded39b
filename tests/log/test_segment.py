import pytest

from leveret.log.batch import COLD
from leveret.log.segment import ENTRY_BYTES, Segment, parse_name, segment_name


def test_a_name_has_the_kind_and_the_sequence() -> None:
    assert segment_name("hot", 12) == "hot-000000000012.segment"
    assert parse_name("cold-000000000012.segment") == ("cold", 12)


@pytest.mark.parametrize("name", ["marks", "hot-12.segment", "hot-000000000012.segment.new"])
def test_other_names_are_no_segments(name: str) -> None:
    assert parse_name(name) is None


def test_positions_go_on_from_segment_to_segment() -> None:
    assert Segment("hot", 2, 3, 0).position(5, 1000) == 2005
    assert Segment("cold", 2, 3, 0).position(5, 1000) == COLD + 2005


def test_it_knows_a_batch_of_each_64_kb_and_finds_the_nearest() -> None:
    segment = Segment("hot", 0, 3, 0)
    for index in range(400):
        segment.note(100 + index, index * 1000)
    assert len(segment.index) == 400 * 1000 // ENTRY_BYTES + 1
    for number in (100, 101, 165, 166, 499):
        known, offset = segment.seek(number)
        assert known <= number and offset == (known - 100) * 1000
        assert (number - known) * 1000 <= ENTRY_BYTES + 1000
    assert (segment.first_number, segment.last_number) == (100, 499)


def test_one_that_stands_for_many_numbers_is_found_for_each() -> None:
    segment = Segment("hot", 0, 3, 0)
    segment.note(1, 0)
    segment.note(2, 70_000, last=9)
    assert (segment.seek(5), segment.last_number) == ((2, 70_000), 9)


def test_a_segment_that_gets_another_name_has_no_batches() -> None:
    segment = Segment("hot", 0, 3, 4096)
    segment.note(1, 0)
    segment.rename("cold", 5)
    assert segment.name == "cold-000000000005.segment"
    assert (segment.first_number, segment.last_number, len(segment.index)) == (0, 0, 0)
    assert segment.written == 4096
