"""What is to be sent to one peer: in order, in borrowed memory, announced once a turn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leveret.engine.memory import Memory
from leveret.engine.output import Output, Outputs

FULL = 560 * 1024
BUFFER = 608 * 1024
SHARE = 8  # of the limit, outputs have the eighth part


class Shard:
    """What outputs share."""

    def __init__(self, memory: Memory | None = None) -> None:
        self.memory = memory or Memory()
        self.outputs = Outputs(self.memory)

    @property
    def written(self) -> list[Output]:
        return self.outputs.written

    def output(self, owner: object = None) -> Output:
        return Output(owner, self.outputs)


def test_an_output_with_nothing_to_send_owns_no_memory():
    shard = Shard()
    output = shard.output()
    assert (bytes(output.pending()), output.is_full(), shard.written) == (b"", False, [])
    output.write(b"abc")
    assert (shard.outputs.held_bytes, shard.memory.in_use) == (BUFFER, BUFFER)
    output.sent(3)
    assert (bytes(output.pending()), shard.outputs.held_bytes) == (b"", 0)
    assert [buffer.size for buffer in shard.memory.spare_large] == [BUFFER]


def test_what_was_written_is_pending_in_order_until_it_is_sent():
    output = Shard().output()
    output.write(b"abc")
    output.write(b"")
    output.write(b"defg")
    assert bytes(output.pending()) == b"abcdefg"
    output.sent(0)
    output.sent(5)
    output.write(b"h")
    assert bytes(output.pending()) == b"fgh"
    assert output.sent_bytes == 5


@pytest.mark.parametrize("count", [-1, 4, 2**62])
def test_no_more_is_sent_than_was_pending(count):
    output = Shard().output()
    output.write(b"abc")
    with pytest.raises(ValueError, match="more was sent than was pending"):
        output.sent(count)
    assert (bytes(output.pending()), output.sent_bytes) == (b"abc", 0)


def test_what_is_forgotten_is_not_sent():
    shard = Shard()
    output = shard.output()
    output.write(b"abc")
    output.clear()
    output.clear()
    assert (bytes(output.pending()), output.sent_bytes, shard.outputs.held_bytes) == (b"", 0, 0)


def test_the_first_byte_puts_an_output_on_the_list_and_no_other_does():
    shard = Shard()
    one, other = shard.output("one"), shard.output("other")
    one.write(b"a")
    other.write(b"b")
    one.write(b"c")
    assert [output.owner for output in shard.written] == ["one", "other"]
    shard.written.clear()
    one.listed = False
    one.write(b"d")
    assert [output.owner for output in shard.written] == ["one"]


@pytest.mark.parametrize(("pending", "full"), [(FULL - 1, False), (FULL, True), (FULL + 1, True)])
def test_an_output_is_full_at_one_turns_worth(pending, full):
    output = Shard().output()
    output.write(bytes(10))
    output.write(bytes(pending))
    output.sent(10)
    assert output.is_full() == full


def answer(output: Output, size: int) -> bool:
    since = output.position()
    output.write(bytes(size))
    return output.answered(since)


def test_answers_are_too_many_when_a_full_output_got_another_turns_worth_of_them():
    output = Shard().output()
    assert not answer(output, FULL - 1)
    assert [answer(output, size) for size in (1, FULL - 2, 1)] == [False, False, True]
    output.sent(FULL - 1)
    assert answer(output, 1), "it is full yet"
    output.sent(2)
    assert not answer(output, 10)


def test_what_was_no_answer_does_not_count():
    output = Shard().output()
    output.write(bytes(10 * FULL))
    assert not answer(output, FULL - 1)


def test_one_large_answer_is_too_many():
    assert answer(Shard().output(), 2 * FULL)


def test_the_next_output_takes_the_memory_that_was_given_back():
    shard = Shard()
    for _ in range(3):
        output = shard.output()
        output.write(b"abc")
        output.sent(3)
    assert shard.memory.in_use == BUFFER


def test_the_more_outputs_hold_the_sooner_they_are_full():
    shard = Shard(Memory(SHARE * 4 * BUFFER))
    outputs = [shard.output() for _ in range(20)]
    full = []
    for output in outputs:
        output.write(b"x")
        full.append(shard.outputs.full_bytes)
    crowded = 2 * BUFFER // 8192  # with what they take then, the second half is used up
    assert full == [FULL] * 2 + [FULL // 8] * 18
    for output in [shard.output() for _ in range(crowded)]:
        output.write(b"x")
    assert shard.outputs.full_bytes == FULL // 64
    for output in outputs:
        output.sent(1)
    assert shard.outputs.full_bytes == FULL


def test_where_outputs_are_crowded_what_is_left_unsent_takes_no_more_than_it_needs():
    shard = Shard(Memory(SHARE * BUFFER))
    output = shard.output()
    output.write(bytes(FULL))
    assert output.is_full()
    output.sent(FULL - 200_000)
    assert shard.outputs.held_bytes == BUFFER
    output.sent(150_000)
    assert shard.outputs.held_bytes == 50_000
    assert bytes(output.pending()) == bytes(50_000)


def test_the_least_that_is_borrowed_is_not_borrowed_again_for_less():
    shard = Shard(Memory(SHARE * 8192))
    output, other = shard.output(), shard.output()
    other.write(bytes(10))
    output.write(bytes(10))
    assert shard.outputs.held_bytes == BUFFER + 8192
    before = shard.memory.in_use
    output.sent(9)
    assert (shard.memory.in_use, bytes(output.pending())) == (before, b"\0")


@settings(max_examples=settings().max_examples // 4)
@given(
    st.builds(Memory, st.sampled_from([1 << 16, 1 << 40])),
    st.lists(st.tuples(st.sampled_from([0, 1, 100, 60_000, 200_000, 330_000]), st.floats(0, 1))),
)
def test_bytes_come_out_as_they_went_in_however_the_memory_moved(memory, steps):
    output, expected, sent = Shard(memory).output(), bytearray(), 0
    for number, (count, share) in enumerate(steps):
        data = bytes((number % 256,)) * count
        output.write(data)
        expected += data
        assert output.pending() == expected
        done = int(len(expected) * share)
        output.sent(done)
        del expected[:done]
        sent += done
        assert (output.pending() == expected, output.sent_bytes) == (True, sent)
