"""Field tables: RabbitMQ's letters, the limits, and what malformed bytes are answered."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.tables import (
    TABLE_DEPTH_MAX,
    Decimal,
    Long,
    Timestamp,
    decode_table,
    encode_field,
    encode_table,
    without_fields,
)


def sized(data):
    return len(data).to_bytes(4, "big") + data


def table_of(value: bytes) -> bytes:
    """A table with the one field `k`."""
    return sized(b"\x01k" + value)


def nested(levels, *, letter):
    data = sized(b"")
    for _ in range(levels):
        data = sized((b"\x01k" if letter == b"F" else b"") + letter + data)
    return data


WRITTEN_AND_READ = [
    (True, b"t\x01"),
    (False, b"t\x00"),
    (5, b"I\x00\x00\x00\x05"),
    (-(2**31), b"I\x80\x00\x00\x00"),
    (2**31 - 1, b"I\x7f\xff\xff\xff"),
    (2**31, b"l\x00\x00\x00\x00\x80\x00\x00\x00"),
    (-(2**63), b"l\x80\x00\x00\x00\x00\x00\x00\x00"),
    (2**63 - 1, b"l\x7f\xff\xff\xff\xff\xff\xff\xff"),
    (1.5, b"d\x3f\xf8\x00\x00\x00\x00\x00\x00"),
    (Decimal(2, 314), b"D\x02\x00\x00\x01\x3a"),
    (Timestamp(2**64 - 1), b"T\xff\xff\xff\xff\xff\xff\xff\xff"),
    ("é", b"S\x00\x00\x00\x02\xc3\xa9"),
    ("\udcff", b"S\x00\x00\x00\x01\xff"),
    (b"\x00\xff", b"x\x00\x00\x00\x02\x00\xff"),
    (None, b"V"),
    ({}, b"F\x00\x00\x00\x00"),
    ({"a": True}, b"F\x00\x00\x00\x04\x01at\x01"),
    ([], b"A\x00\x00\x00\x00"),
    ([1, ["x"], None], b"A\x00\x00\x00\x11I\x00\x00\x00\x01A\x00\x00\x00\x06S\x00\x00\x00\x01xV"),
]

ONLY_READ = [
    (True, b"t\x02"),
    (-1, b"b\xff"),
    (255, b"B\xff"),
    (-2, b"s\xff\xfe"),
    (65534, b"u\xff\xfe"),
    (2**32 - 1, b"i\xff\xff\xff\xff"),
    (-1, b"L\xff\xff\xff\xff\xff\xff\xff\xff"),
    (0.5, b"f\x3f\x00\x00\x00"),
]


@pytest.mark.parametrize(("value", "data"), WRITTEN_AND_READ)
def test_a_value_has_these_bytes(value, data):
    assert (encode_table({"k": value}), decode_table(table_of(data))) == (
        table_of(data),
        ({"k": value}, len(table_of(data))),
    )


@pytest.mark.parametrize(("value", "data"), WRITTEN_AND_READ + ONLY_READ)
def test_a_value_is_read_with_its_type(value, data):
    decoded = decode_table(table_of(data))[0]["k"]
    assert (decoded, type(decoded)) == (value, type(value))


def test_fields_keep_their_order_and_the_offset_is_behind_them():
    data = b"before" + sized(b"\x01bV\x01aV") + b"after"
    table, offset = decode_table(data, 6)
    assert (list(table), data[offset:]) == (["b", "a"], b"after")


def test_of_a_name_that_comes_twice_the_last_counts():
    assert decode_table(sized(b"\x01kt\x00\x01kt\x01"))[0] == {"k": True}


def test_a_name_may_be_empty_or_of_255_bytes():
    table = {"": None, "n" * 255: None}
    assert decode_table(encode_table(table))[0] == table


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "field table ends early"),
        (b"\x00\x00\x00", "field table ends early"),
        (b"\x00\x00\x00\x01", "field table ends early"),
        (b"\xff\xff\xff\xff\x01kV", "field table ends early"),
        (sized(b"\x05k"), "field table ends early"),
        (sized(b"\x01k"), "field table ends early"),
        (sized(b"\x01kI\x00\x00\x00"), "field table ends early"),
        (sized(b"\x01kS\x00\x00\x00\x02x"), "field table ends early"),
        (sized(b"\x01kS\xff\xff\xff\xffx"), "field table ends early"),
        (sized(b"\x01kI\x00\x00\x00") + b"\x01", "field crosses the end of its table"),
        (sized(b"\x01kA\x00\x00\x00\x01I\x00\x00\x00\x05"), "field crosses the end of its array"),
        (sized(b"\x01kF\x00\x00\x00\x02\x01aV"), "field crosses the end of its table"),
        (sized(b"\x01k?"), "field type 63 is unknown"),
        (sized(b"\x01k\x00"), "field type 0 is unknown"),
    ],
)
def test_malformed_is_a_syntax_error(data, text):
    with pytest.raises(ProtocolError) as caught:
        decode_table(data)
    assert (caught.value.kind, caught.value.text) == ("syntax_error", text)


@pytest.mark.parametrize("letter", [b"F", b"A"])
def test_nesting_has_a_limit(letter):
    inner = nested(TABLE_DEPTH_MAX - 1, letter=letter)
    decode_table(table_of(letter + inner))
    with pytest.raises(ProtocolError, match="over 64 levels deep"):
        decode_table(table_of(letter + nested(TABLE_DEPTH_MAX, letter=letter)))


@pytest.mark.parametrize(
    "value",
    [2**63, -(2**63) - 1, Timestamp(-1), Decimal(256, 0), Decimal(0, -1), Decimal(0, 2**32)],
)
def test_a_number_that_no_field_holds_is_refused(value):
    with pytest.raises(ValueError, match="no field holds"):
        encode_table({"k": value})


def test_a_type_that_no_field_holds_is_refused():
    with pytest.raises(TypeError, match="no field type for set"):
        encode_table({"k": {1}})


def test_a_name_over_255_bytes_is_refused():
    with pytest.raises(ValueError, match="holds 255 bytes, not 256"):
        encode_table({"é" * 128: None})


texts = st.binary(max_size=9).map(lambda data: data.decode("utf-8", "surrogateescape"))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | texts
    | st.binary(max_size=9)
    | st.integers(0, 2**64 - 1).map(Timestamp)
    | st.builds(Decimal, st.integers(0, 255), st.integers(0, 2**32 - 1)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
field_tables = st.dictionaries(texts, values, max_size=3)


@settings(max_examples=30)  # they are large, and slow to make up
@given(field_tables)
def test_every_table_round_trips(table):
    data = encode_table(table)
    assert decode_table(data) == (table, len(data))


@settings(max_examples=30)
@given(field_tables, st.data())
def test_every_cut_is_a_syntax_error(table, data):
    encoded = encode_table(table)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(ProtocolError):
        decode_table(encoded[:cut])


@given(st.binary(max_size=60))
def test_garbage_is_a_table_or_a_syntax_error(data):
    try:
        table, offset = decode_table(sized(data))
    except ProtocolError as error:
        assert error.kind == "syntax_error"
    else:
        assert offset == len(data) + 4
        assert isinstance(table, dict)


def without(data, offset, *names):
    kept, end = without_fields(data, offset, names)
    return sized(kept), end


def test_a_long_is_written_as_one_however_small_it_is():
    assert encode_field("n", Long(1)) == b"\x01nl" + bytes(7) + b"\x01"


def test_a_field_is_taken_out_and_the_others_stay_byte_for_byte():
    fields = [b"\x01as\x00\x07", b"\x02kkA" + sized(b"S" + sized(b"x")), b"\x01bV"]
    rest = sized(fields[0] + fields[2])
    data = b"before" + sized(b"".join(fields)) + b"after"
    assert without(data, 6, "kk") == (rest, len(data) - 5)
    assert without(rest, 0, "none") == (rest, len(rest))


def test_a_field_in_an_inner_table_stays():
    data = sized(b"\x01tF" + sized(b"\x01kV"))
    assert without(data, 0, "k") == (data, len(data))


def test_each_field_of_the_name_is_taken_out():
    data = sized(b"\x01kV\x01aV\x01kt\x01")
    assert without(data, 0, "k") == (sized(b"\x01aV"), len(data))
