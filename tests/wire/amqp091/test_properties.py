"""Content properties: the flags, the order, and malformed ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.properties import (
    BasicProperties,
    decode_properties,
    encode_properties,
    rewritten,
    without_header,
)
from leveret.wire.amqp091.tables import encode_field

ALL = BasicProperties(
    content_type="t",
    content_encoding="e",
    headers={"k": True},
    delivery_mode=2,
    priority=9,
    correlation_id="c",
    reply_to="r",
    expiration="60000",
    message_id="m",
    timestamp=1,
    type="y",
    user_id="u",
    app_id="a",
    reserved="z",
)


@pytest.mark.parametrize(
    ("properties", "data"),
    [
        (BasicProperties(), b"\0\0"),
        (BasicProperties(content_type=""), b"\x80\0\0"),
        (BasicProperties(headers={}), b"\x20\0\0\0\0\0"),
        (BasicProperties(delivery_mode=2, priority=0), b"\x18\0\x02\0"),
        (BasicProperties(timestamp=2**64 - 1), b"\0\x40" + b"\xff" * 8),
        (BasicProperties(reserved="z"), b"\0\x04\x01z"),
        (
            ALL,
            b"\xff\xfc\x01t\x01e\0\0\0\x04\x01kt\x01\x02\x09\x01c\x01r\x0560000\x01m"
            b"\0\0\0\0\0\0\0\x01\x01y\x01u\x01a\x01z",
        ),
    ],
)
def test_properties_have_these_bytes(properties, data):
    assert (encode_properties(properties), decode_properties(data)) == (data, properties)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "content properties end early"),
        (b"\0", "content properties end early"),
        (b"\0\x01", "content properties have unknown flags"),
        (b"\0\x02", "content properties have unknown flags"),
        (b"\x80\0", "arguments end early"),
        (b"\x80\0\x05t", "arguments end early"),
        (b"\x20\0\0\0\0\x09", "field table ends early"),
        (b"\0\0\0", "1 bytes follow the arguments"),
    ],
)
def test_malformed_properties_are_a_syntax_error(data, text):
    with pytest.raises(ProtocolError) as caught:
        decode_properties(data)
    assert (caught.value.kind, caught.value.text) == ("syntax_error", text)


short_texts = st.binary(max_size=255).map(lambda data: data.decode("utf-8", "surrogateescape"))
values = {
    "ShortStr": short_texts,
    "Octet": st.integers(0, 255),
    "LongLong": st.integers(0, 2**64 - 1),
    "Table": st.dictionaries(short_texts, st.integers() | short_texts, max_size=2).filter(
        lambda table: all(abs(v) < 2**63 for v in table.values() if isinstance(v, int))
    ),
}
any_properties = st.fixed_dictionaries(
    {}, optional={name: values[kind] for name, kind in BasicProperties.FIELDS.items()}
).map(lambda given: BasicProperties(**given))


@given(any_properties)
def test_every_set_of_properties_round_trips(properties):
    assert decode_properties(encode_properties(properties)) == properties


@given(any_properties)
def test_fields_are_taken_out_and_headers_added_and_the_rest_stays(properties):
    values = {key: getattr(properties, key) for key in BasicProperties.FIELDS}
    headers = {"added": "x", **{k: v for k, v in (properties.headers or {}).items() if k != "a"}}
    data = encode_properties(properties)
    changed = rewritten(
        data,
        without_headers=("a", "added"),
        added_headers=encode_field("added", "x"),
        without=("expiration", "app_id"),
    )
    values |= {"expiration": None, "app_id": None, "headers": headers | {"added": "x"}}
    assert decode_properties(changed) == BasicProperties(**values)
    assert rewritten(data) == data


@given(any_properties, short_texts)
def test_a_header_is_taken_out_and_the_rest_stays(properties, name):
    headers = {**(properties.headers or {}), name: "x"}
    values = {key: getattr(properties, key) for key in BasicProperties.FIELDS}
    data = encode_properties(BasicProperties(**{**values, "headers": headers}))
    del headers[name]
    rest = encode_properties(BasicProperties(**{**values, "headers": headers}))
    assert without_header(data, name) == rest
    assert without_header(rest, name) == rest
