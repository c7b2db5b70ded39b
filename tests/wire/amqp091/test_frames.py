"""Frames and content, written and cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leveret.wire.amqp091 import frames
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.frames import (
    ContentHeader,
    Frame,
    FrameParser,
    decode_content_header,
    encode_content,
    encode_frame,
)


@pytest.mark.parametrize(
    ("frame", "data"),
    [
        (Frame(1, 0, b""), b"\x01\0\0\0\0\0\0\xce"),
        (Frame(3, 0xABCD, b"\xce\xce"), b"\x03\xab\xcd\0\0\0\x02\xce\xce\xce"),
        (Frame(8, 0, b""), frames.HEARTBEAT_FRAME),
    ],
)
def test_a_frame_has_these_bytes(frame, data):
    assert (encode_frame(*frame), FrameParser(frame_max=100).receive(data)) == (data, [frame])


def test_content_is_a_header_and_body_frames_within_frame_max():
    payload = b"\0\x3c\0\0\0\0\0\0\0\0\0\x05\x10\0\x02"
    header = b"\x02\0\x05\0\0\0\x0f" + payload + b"\xce"
    bodies = b"\x03\0\x05\0\0\0\x03hel\xce\x03\0\x05\0\0\0\x02lo\xce"
    assert encode_content(5, b"\x10\0\x02", b"hello", frame_max=11) == header + bodies
    assert decode_content_header(payload) == ContentHeader(5, b"\x10\0\x02")


def test_content_without_body_is_a_header_alone():
    data = encode_content(1, b"\0\0", b"", frame_max=4096)
    assert [frame.type for frame in FrameParser(frame_max=4096).receive(data)] == [frames.HEADER]


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"\0\x3c\0\0\0\0\0\0\0\0\0", "content header ends early"),
        (b"\0\x32\0\0\0\0\0\0\0\0\0\0\0\0", "content header of class 50"),
    ],
)
def test_a_malformed_content_header_is_a_syntax_error(payload, text):
    with pytest.raises(ProtocolError) as caught:
        decode_content_header(payload)
    assert (caught.value.kind, caught.value.text) == ("syntax_error", text)


def test_a_frame_of_frame_max_is_taken_and_one_byte_more_is_a_frame_error():
    assert FrameParser(frame_max=12).receive(encode_frame(3, 1, b"1234"))
    with pytest.raises(ProtocolError) as caught:
        FrameParser(frame_max=12).receive(encode_frame(3, 1, b"12345")[:7])
    assert (caught.value.kind, caught.value.text) == (
        "frame_error",
        "frame of 13 bytes exceeds frame_max 12",
    )


def test_a_bad_end_is_a_frame_error():
    with pytest.raises(ProtocolError) as caught:
        FrameParser(frame_max=100).receive(b"\x01\0\0\0\0\0\x01x\xcd")
    assert (caught.value.kind, caught.value.text) == ("frame_error", "frame ends with 205")


any_frame = st.builds(Frame, st.integers(0, 255), st.integers(0, 2**16 - 1), st.binary(max_size=30))


@given(st.lists(any_frame, max_size=6), st.integers(1, 20))
def test_frames_may_be_cut_anywhere(sent, step):
    data = b"".join(encode_frame(*frame) for frame in sent)
    parser = FrameParser(frame_max=38)
    received = []
    for start in range(0, len(data), step):
        received += parser.receive(data[start : start + step])
    assert received == sent
