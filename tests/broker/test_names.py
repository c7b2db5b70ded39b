import pytest

from leveret.broker.errors import AccessRefused
from leveret.broker.names import check_not_reserved, encoded, generated_queue_name, stripped


def test_line_ends_are_dropped_wherever_they_stand():
    assert stripped("\r\na\nb\rc\r\n") == "abc"


def test_a_name_gets_the_bytes_back_that_it_had_on_the_wire():
    wire = b"\xff\xfe caf\xc3\xa9"
    assert encoded(wire.decode("utf-8", "surrogateescape")) == wire


def test_a_generated_name_is_the_random_bytes_as_22_characters():
    assert generated_queue_name(lambda size: b"\xff" * size) == "amq.gen-_____________________w"


def test_a_generated_name_asks_for_128_random_bits():
    asked = []
    generated_queue_name(lambda size: asked.append(size) or bytes(size))
    assert asked == [16]


@pytest.mark.parametrize("name", ["amq.", "amq.x"])
def test_the_servers_prefix_is_refused(name):
    with pytest.raises(AccessRefused) as refusal:
        check_not_reserved(name, kind="queue")
    assert refusal.value.text == f"queue name '{name}' contains reserved prefix 'amq.*'"


@pytest.mark.parametrize("name", ["", "amq", "AMQ.x", "xamq.x"])
def test_other_names_are_free(name):
    check_not_reserved(name, kind="queue")
