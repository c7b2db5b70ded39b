from leveret.peers.amqp091.notice import event_properties
from leveret.wire.amqp091.properties import BasicProperties, decode_properties
from leveret.wire.amqp091.tables import Timestamp


def headers(**facts):
    return decode_properties(event_properties(facts, 17)).headers


def test_an_event_is_persistent_and_has_a_timestamp():
    properties = decode_properties(event_properties({"a": "b"}, 1_700_000_000))
    expected = BasicProperties(headers={"a": "b"}, delivery_mode=2, timestamp=1_700_000_000)
    assert properties == expected


def test_whole_numbers_have_64_bits():
    assert event_properties({"n": 5}, 0)[6:].startswith(b"\x01nl\0\0\0\0\0\0\0\x05")
    assert headers(n=2**70) == {"n": str(2**70)}
    assert headers(t=Timestamp(3), b=True, f=1.5, v=None) == {
        "t": 3,
        "b": True,
        "f": 1.5,
        "v": None,
    }


def test_tables_and_arrays_are_what_they_are():
    facts = {"table": {"a": [1, "b", {"c": b"d"}]}, "tuple": ("x",)}
    assert headers(**facts) == {"table": {"a": [1, "b", {"c": b"d"}]}, "tuple": ["x"]}


def test_what_no_field_has_room_for_is_cut():
    deep = value = []
    for _ in range(500):
        value.append([])
        (value,) = value
    assert "..." in str(headers(deep=deep))
    assert list(headers(table={"n" * 300: 1})["table"]) == ["n" * 255]
    assert headers(text="a\ud800") == {"text": "a?"}
    assert headers(text="a\udcff") == {"text": "a\udcff"}
    assert headers(other=object)["other"].startswith("<class")
