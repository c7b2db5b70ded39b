"""The shapes that damage has; tests/log/test_check.py has it on a disk."""

from __future__ import annotations

from leveret.log.damage import Gap, StreamDamage, follows
from leveret.log.scan import Place
from leveret.log.segment import HOT_NAME, Segment
from leveret.log.walk import Stretch

SEGMENT_BYTES = 10_000


def stretch(
    segment: Segment,
    numbers: tuple[int, int],
    offsets: tuple[int, int] = (0, 9_000),
    *,
    is_end_blank: bool = True,
    vouches: bool = True,
) -> Stretch:
    """With batches from numbers[0] up to the one before numbers[1]."""
    end = Place(offsets[1], numbers[1], 3, "it is bad")
    return Stretch(segment, offsets[0], numbers[0], 2, end, is_end_blank, vouches)


def segment(sequence: int) -> Segment:
    return Segment(HOT_NAME, sequence, 0, SEGMENT_BYTES)


def find(segments: list[Segment], *stretches: Stretch, mark: int = 1) -> list[Gap]:
    damage = StreamDamage(HOT_NAME, segments, SEGMENT_BYTES, first=1, mark=mark)
    return damage.find(stretches)


def holes(gap: Gap) -> list[tuple[int, int, int]]:
    return [(hole.sequence, hole.offset, hole.end) for hole in gap.holes]


def test_stretches_that_follow_each_other_have_no_gap() -> None:
    segments = [segment(0), segment(1)]
    first, second = stretch(segments[0], (1, 5)), stretch(segments[1], (5, 9))
    assert follows(first, second)
    assert find(segments, first, second) == []


def test_a_gap_within_a_segment_is_one_hole() -> None:
    one = segment(0)
    first = stretch(one, (1, 5), (0, 1000), is_end_blank=False)
    (gap,) = find([one], first, stretch(one, (7, 9), (3000, 9000)))
    assert (gap.number, gap.next_number, gap.count, gap.epoch) == (5, 7, 2, 3)
    assert holes(gap) == [(0, 1000, 3000)]
    assert gap.fault.text == "batches 5 to 6 are damaged (it is bad)"


def test_a_gap_over_segments_has_a_hole_in_each() -> None:
    segments = [segment(0), segment(1), segment(3)]
    first = stretch(segments[0], (1, 5), (0, 1000), is_end_blank=False)
    (gap,) = find(segments, first, stretch(segments[2], (20, 30), (500, 9000)))
    assert holes(gap) == [(0, 1000, 10_000), (1, 0, 10_000), (2, 0, 10_000), (3, 0, 500)]
    assert [hole.segment is None for hole in gap.holes] == [False, False, True, False]


def test_the_end_of_a_segment_is_a_hole_only_if_something_is_there() -> None:
    segments = [segment(0), segment(1), segment(2)]
    first, last = stretch(segments[0], (1, 5)), stretch(segments[2], (8, 9))
    assert holes(*find(segments, first, last)) == [(1, 0, 10_000)]


def test_zeros_are_a_hole_where_nothing_else_can_be() -> None:
    segments = [segment(0), segment(1)]
    first, last = stretch(segments[0], (1, 5)), stretch(segments[1], (8, 9))
    assert holes(*find(segments, first, last)) == [(0, 9_000, 10_000)]


def test_where_there_is_no_room_for_what_is_missing_the_hole_is_empty() -> None:
    segments = [segment(0), segment(1)]
    first, last = stretch(segments[0], (1, 5), (0, 9_990)), stretch(segments[1], (8, 9))
    assert holes(*find(segments, first, last)) == [(1, 0, 0)]


def test_before_the_mark_files_may_be_missing() -> None:
    segments = [segment(2), segment(5)]
    stretches = stretch(segments[0], (20, 30)), stretch(segments[1], (50, 60))
    assert find(segments, *stretches, mark=50) == []
    assert [holes(gap) for gap in find(segments, *stretches, mark=45)] == [
        [(3, 0, 10_000), (4, 0, 10_000)]
    ]


def test_before_the_first_batch_the_mark_tells_what_is_missing() -> None:
    segments = [segment(4), segment(5)]
    (gap,) = find(segments, stretch(segments[1], (50, 60)), mark=40)
    assert (gap.number, gap.next_number, gap.epoch) == (40, 50, 2)
    assert holes(gap) == [(4, 0, 10_000)]


def test_how_many_batches_a_bad_segment_before_the_mark_had_is_not_known() -> None:
    segments = [segment(4), segment(5)]
    (gap,) = find(segments, stretch(segments[1], (50, 60)), mark=55)
    assert (gap.number, gap.next_number) == (49, 50)


def test_the_first_segment_of_all_began_with_the_first_batch() -> None:
    one = segment(0)
    (gap,) = find([one], stretch(one, (4, 9), (700, 9000)), mark=6)
    assert (gap.number, gap.next_number, holes(gap)) == (1, 4, [(0, 0, 700)])


def test_nothing_was_promised_of_what_was_not_synced_at_the_end() -> None:
    segments = [segment(0), segment(1)]
    first = stretch(segments[0], (1, 5))
    after = stretch(segments[0], (6, 7), (9_200, 9_500), vouches=False)
    assert find(segments, first, after) == []
    follower = stretch(segments[1], (5, 9), vouches=False)
    damage = StreamDamage(HOT_NAME, segments, SEGMENT_BYTES, first=1, mark=1)
    assert damage.promised([first, follower]) == [first, follower]
    assert damage.promised([after]) == [after]  # what a stream begins with is lost


def test_the_mark_vouches_where_the_batches_that_did_came_free() -> None:
    one = segment(4)
    first = stretch(one, (40, 45), (0, 1_000), is_end_blank=False, vouches=False)
    after = stretch(one, (48, 49), (3_000, 4_000), vouches=False)
    assert find([one], first, after, mark=41) == []
    assert len(find([one], first, after, mark=46)) == 1


def test_where_something_before_the_mark_is_lost_all_that_is_good_is_kept() -> None:
    one = segment(0)
    first = stretch(one, (1, 5), (0, 1_000), is_end_blank=False)
    after = stretch(one, (8, 9), (3_000, 4_000), vouches=False)
    assert find([one], first, after, mark=5) == []
    assert [holes(gap) for gap in find([one], first, after, mark=6)] == [[(0, 1_000, 3_000)]]


def test_a_stream_that_ends_before_its_mark_lacks_what_is_between() -> None:
    segments = [segment(0), segment(1)]
    (gap,) = find(segments, stretch(segments[0], (1, 5)), mark=9)
    assert (gap.number, gap.next_number) == (5, 9)
    assert holes(gap) == [(0, 9_000, 10_000), (1, 0, 10_000)]
    (gap,) = find([], mark=9)
    assert (gap.number, holes(gap)) == (1, [(0, 0, 10_000)])
    assert gap.fault.text == "the file is missing, with batches 1 to 8"
