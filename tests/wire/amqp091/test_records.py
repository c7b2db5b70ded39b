"""What records have of a dataclass, and how bits share octets."""

from __future__ import annotations

import pytest

from leveret.wire.amqp091.methods import BasicAck, BasicGet, ChannelFlow, ChannelFlowOk
from leveret.wire.amqp091.records import Bit, Octet, Record, encode_fields


class Flags(Record):
    a: Bit
    b: Bit
    c: Bit
    d: Bit
    e: Bit
    f: Bit
    g: Bit
    h: Bit
    i: Bit
    between: Octet
    j: Bit


def flags(*names, between=0):
    return Flags(**{name: name in names for name in "abcdefghij"}, between=between)


@pytest.mark.parametrize(
    ("record", "data"),
    [
        (flags(), b"\0\0\0\0"),
        (flags("a"), b"\x01\0\0\0"),
        (flags("h"), b"\x80\0\0\0"),
        (flags("i"), b"\0\x01\0\0"),
        (flags("j"), b"\0\0\0\x01"),
        (flags("a", "c", "i", "j", between=255), b"\x05\x01\xff\x01"),
    ],
)
def test_neighbouring_bits_share_octets_of_eight(record, data):
    assert (encode_fields(record), Flags.decode(data)) == (data, record)


def test_an_unknown_field_is_refused():
    with pytest.raises(TypeError, match=r"BasicGet has no \['queues'\]"):
        BasicGet(queues="q")


def test_a_field_without_default_must_be_given():
    with pytest.raises(AttributeError, match="delivery_tag"):
        BasicAck(multiple=True)


def test_records_are_equal_by_class_and_values():
    assert ChannelFlow(active=True) == ChannelFlow(active=True)
    assert ChannelFlow(active=True) != ChannelFlow(active=False)
    assert ChannelFlow(active=True) != ChannelFlowOk(active=True)


def test_a_record_shows_its_fields():
    assert repr(BasicAck(delivery_tag=1)) == "BasicAck(delivery_tag=1, multiple=False)"
