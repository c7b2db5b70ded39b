"""Properties walked in place: exactly what the decoder of the wire layer takes is sound."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leveret.engine.amqp091.properties import Properties
from leveret.engine.buffer import Buffer
from leveret.engine.errors import PeerViolation
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.properties import (
    BasicProperties,
    decode_properties,
    encode_properties,
)
from leveret.wire.amqp091.tables import Decimal, Timestamp

AROUND = b"\xce\x03 neighbours \xff"
DEPTH_MAX = 64
SHORT_STRINGS = [15, 14, 10, 9, 8, 7, 5, 4, 3, 2]


def walk(data: bytes, properties: Properties | None = None) -> Properties:
    """Walks them where they would be, in the middle of a buffer."""
    properties = properties or Properties()
    at = len(AROUND)
    properties.walk(Buffer(0, AROUND + data + AROUND), at, at + len(data))
    return properties


def is_sound(data: bytes) -> bool:
    try:
        walk(data)
    except PeerViolation as error:
        assert error.kind == "syntax_error"
        return False
    return True


def is_decodable(data: bytes) -> bool:
    try:
        decode_properties(data)
    except ProtocolError:
        return False
    return True


def headers(fields: bytes, size: int | None = None) -> bytes:
    """A property list with a header table alone."""
    return b"\x20\x00" + struct.pack("!I", len(fields) if size is None else size) + fields


def field(kind: bytes, value: bytes = b"") -> bytes:
    return b"\x01k" + kind + value


def sized(content: bytes, size: int | None = None) -> bytes:
    return struct.pack("!I", len(content) if size is None else size) + content


def test_a_message_without_properties_has_priority_0_and_is_transient():
    properties = walk(b"\0\0")
    assert (properties.persistent, properties.priority) == (False, 0)


@pytest.mark.parametrize(("mode", "persistent"), [(0, False), (1, False), (2, True), (255, False)])
def test_delivery_mode_2_is_persistent(mode, persistent):
    assert walk(b"\x10\x00" + bytes((mode,))).persistent == persistent


@pytest.mark.parametrize("priority", [0, 1, 9, 255])
def test_the_priority_is_kept(priority):
    assert walk(b"\x18\x00\x02" + bytes((priority,))).priority == priority


def test_what_is_kept_is_the_last_walks():
    properties = walk(b"\x18\x00\x02\x09")
    walk(b"\0\0", properties)
    assert (properties.persistent, properties.priority) == (False, 0)


@pytest.mark.parametrize(
    ("fields", "copied"),
    [
        (b"", False),
        (b"\x02CCV", True),
        (b"\x03BCCV", True),
        (b"\x01kV\x03BCCV", True),
        (b"\x02CCA\0\0\0\0\x01kV", True),
        (b"\x02ccV\x02BCV\x02CBV\x03ACCV\x03BCBV\x04CCCCV\x01CV\x00V", False),
        (b"\x01kF\0\0\0\x04\x02CCV", False),
    ],
)
def test_cc_and_bcc_are_noticed_at_the_top_level_of_the_headers(fields, copied):
    assert walk(headers(fields)).copied == copied


def test_cc_is_forgotten_with_the_next_walk():
    properties = walk(headers(b"\x02CCV"))
    walk(b"\0\0", properties)
    assert not properties.copied


@pytest.mark.parametrize("bit", SHORT_STRINGS)
@pytest.mark.parametrize("size", [0, 1, 255])
def test_a_short_string_is_as_long_as_it_says(bit, size):
    data = struct.pack("!H", 1 << bit) + bytes((size,)) + bytes(size)
    assert is_sound(data)
    assert not is_sound(data[:-1])
    assert not is_sound(data + b"\0")


@pytest.mark.parametrize(("bit", "size"), [(6, 8), (12, 1), (11, 1)])
def test_a_number_has_its_size(bit, size):
    data = struct.pack("!H", 1 << bit) + bytes(size)
    assert is_sound(data)
    assert not is_sound(data[:-1])
    assert not is_sound(data + b"\0")


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\0", b"\0\1", b"\0\2", b"\0\3\0\0"])
def test_flags_are_two_bytes_that_announce_all_that_follows(data):
    assert not is_sound(data)


def test_all_fourteen_are_walked_in_their_order():
    strings = b"".join(bytes((n,)) + b"x" * n for n in range(2))
    data = b"\xff\xfc" + strings + sized(b"") + b"\x02\x07" + b"\x01a" * 4 + bytes(8) + b"\0" * 4
    properties = walk(data)
    assert (properties.persistent, properties.priority) == (True, 7)
    assert is_decodable(data)


SIZES = {**dict.fromkeys("tbB", 1), **dict.fromkeys("su", 2), **dict.fromkeys("Iif", 4)}
SIZES |= {**dict.fromkeys("lLTd", 8), "D": 5, "V": 0}


@pytest.mark.parametrize(("kind", "size"), [*SIZES.items(), *dict.fromkeys("SFAx", 4).items()])
def test_a_value_of_each_type_has_its_size(kind, size):
    code = kind.encode()
    assert [n for n in range(12) if is_sound(headers(field(code, bytes(n))))] == [size]


def test_there_are_no_other_types():
    codes = [bytes((code,)) for code in range(256)]
    known = [
        code for code in codes if any(is_sound(headers(field(code, bytes(n)))) for n in range(9))
    ]
    assert known == sorted(kind.encode() for kind in [*SIZES, *"SFAx"])


@pytest.mark.parametrize("size", [3, 5, 2**16, 2**31 - 1, 2**31, 2**32 - 1])
@pytest.mark.parametrize("kind", [b"S", b"x", b"F", b"A"])
def test_a_value_that_lies_about_its_size_is_not_sound(kind, size):
    content = field(b"V") if kind == b"F" else b"VVVV" if kind == b"A" else b"1234"
    content = content[:4].ljust(4, b"V")
    assert not is_sound(headers(field(kind, sized(content, size))))


@pytest.mark.parametrize("size", [0, 1, 4, 6, 2**31, 2**32 - 1])
def test_a_table_that_lies_about_its_size_is_not_sound(size):
    fields = field(b"t", b"\x01") + b"\x00"
    assert not is_sound(headers(fields, size))


@pytest.mark.parametrize("fields", [b"\x01", b"\x01k", b"\xff" + bytes(254), b"\x02kV"])
def test_a_field_has_a_name_and_a_value_within_its_table(fields):
    assert not is_sound(headers(fields))
    assert not is_sound(headers(field(b"F", sized(fields))))


def test_a_field_does_not_cross_the_end_of_its_table():
    inner = sized(field(b"I", b"12"))
    assert not is_sound(headers(field(b"F", inner) + b"34"))
    assert not is_sound(headers(field(b"A", sized(b"I12")) + b"34"))


def nested(kind: bytes, depth: int) -> bytes:
    """Headers with so many tables or arrays in them, one in the other."""
    content = b""
    for _ in range(depth - 1):
        content = field(b"F", sized(content)) if kind == b"F" else b"A" + sized(content)
    return headers(field(kind, sized(content)))


@pytest.mark.parametrize("kind", [b"F", b"A"])
@pytest.mark.parametrize(
    ("depth", "sound"), [(1, True), (DEPTH_MAX, True), (DEPTH_MAX + 1, False), (10_000, False)]
)
def test_tables_and_arrays_nest_64_deep(kind, depth, sound):
    assert is_sound(nested(kind, depth)) == sound


def test_the_walk_ends_where_the_properties_end():
    """What follows them in the buffer would be sound as a part of them."""
    buffer = Buffer(0, b"\x80\x00\x03abc")
    with pytest.raises(PeerViolation):
        Properties().walk(buffer, 0, 4)


TEXT = st.text("aé中\0", max_size=20)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        TEXT,
        st.binary(max_size=20),
        st.integers(0, 2**64 - 1).map(Timestamp),
        st.builds(Decimal, st.integers(0, 255), st.integers(0, 2**32 - 1)),
    ),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(TEXT, values, max_size=3),
    max_leaves=8,
)
OCTET = st.none() | st.integers(0, 255)
SHORT = st.none() | TEXT
PROPERTIES = st.builds(
    BasicProperties,
    headers=st.none() | st.dictionaries(TEXT | st.sampled_from(["CC", "BCC"]), VALUES, max_size=4),
    delivery_mode=OCTET,
    priority=OCTET,
    timestamp=st.none() | st.integers(0, 2**64 - 1),
    **dict.fromkeys(
        "content_type content_encoding correlation_id reply_to expiration message_id".split(), SHORT
    ),
    **dict.fromkeys("type user_id app_id reserved".split(), SHORT),
)


@given(PROPERTIES)
def test_whatever_a_client_encodes_is_sound(properties):
    walked = walk(encode_properties(properties))
    assert walked.persistent == (properties.delivery_mode == 2)
    assert walked.priority == (properties.priority or 0)
    assert walked.copied == bool({"CC", "BCC"} & (properties.headers or {}).keys())


@given(PROPERTIES, st.data())
def test_what_was_damaged_is_sound_only_where_it_can_be_decoded(properties, data):
    damaged = bytearray(encode_properties(properties))
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    assert is_sound(bytes(damaged)) == is_decodable(bytes(damaged))


TOKENS = st.one_of(
    st.sampled_from([bytes((ord(kind),)) for kind in "tbBsuIilLfdTDVSxFA"]),
    st.integers(0, 6).map(lambda size: struct.pack("!I", size)),
    st.sampled_from([b"\x01k", b"\x00", b"\x02", b"\xff"]),
)


@given(st.lists(TOKENS, max_size=12), st.integers(-2, 2))
def test_any_table_is_sound_only_where_it_can_be_decoded(tokens, off):
    fields = b"".join(tokens)
    data = headers(fields, max(0, len(fields) + off))
    assert is_sound(data) == is_decodable(data)


@given(st.binary(max_size=40))
def test_any_bytes_are_sound_only_where_they_can_be_decoded(data):
    assert is_sound(data) == is_decodable(data)
