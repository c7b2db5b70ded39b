"""What is to be sent to one peer: in order, in borrowed memory, announced once a turn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leveret.engine.buffer import Buffer
from leveret.engine.output import Output

FULL = 256 * 1024
BUFFER = 320 * 1024
SPARE_MAX = 16


class Shard:
    """The lists that outputs share."""

    def __init__(self) -> None:
        self.written: list[Output] = []
        self.spare: list[Buffer] = []

    def output(self, owner: object = None) -> Output:
        return Output(owner, self.written, self.spare)


def test_an_output_with_nothing_to_send_owns_no_memory():
    shard = Shard()
    output = shard.output()
    assert (bytes(output.pending()), output.is_full(), shard.written) == (b"", False, [])
    output.write(b"abc")
    output.sent(3)
    assert bytes(output.pending()) == b""
    assert [buffer.size for buffer in shard.spare] == [BUFFER]


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
    assert (bytes(output.pending()), output.sent_bytes, len(shard.spare)) == (b"", 0, 1)


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


def test_the_next_output_takes_the_memory_that_was_given_back():
    shard = Shard()
    for _ in range(3):
        output = shard.output()
        output.write(b"abc")
        output.sent(3)
    assert len(shard.spare) == 1


def test_the_pool_keeps_sixteen_buffers_and_none_of_another_size():
    shard = Shard()
    outputs = [shard.output() for _ in range(SPARE_MAX + 1)]
    for output in outputs:
        output.write(b"x")
    for output in outputs:
        output.clear()
    assert len(shard.spare) == SPARE_MAX
    shard.spare.clear()
    output.write(bytes(BUFFER + 1))
    output.clear()
    assert shard.spare == []


@settings(max_examples=settings().max_examples // 4)
@given(st.lists(st.tuples(st.sampled_from([0, 1, 100, 60_000, 200_000, 330_000]), st.floats(0, 1))))
def test_bytes_come_out_as_they_went_in_however_the_memory_moved(steps):
    shard, output, expected, sent = Shard(), None, bytearray(), 0
    output = shard.output()
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
