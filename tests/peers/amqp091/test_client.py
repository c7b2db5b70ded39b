"""What is kept of what a client tells of itself."""

from leveret.peers.amqp091.client import TEXT_LENGTH_MAX, UNKNOWN, Client, read_client


def test_some_of_what_it_tells_is_kept():
    told = {"product": "pika", "version": "1.3", "platform": "CPython", "capabilities": {}}
    client = read_client({**told, "connection_name": "worker 5"})
    assert client == Client("pika", "1.3", "CPython", "worker 5")
    assert client.properties() == {
        **{"product": "pika", "version": "1.3", "platform": "CPython"},
        "connection_name": "worker 5",
    }


def test_what_it_does_not_tell_or_not_as_text_is_empty():
    assert read_client({"product": 5, "connection_name": b"\xff"}) == UNKNOWN
    assert UNKNOWN.properties() == {}


def test_a_text_has_a_limit():
    assert read_client({"product": "x" * 1000}).product == "x" * TEXT_LENGTH_MAX


def test_the_same_program_is_in_memory_once():
    one, two = (read_client({"product": bytes([112, 105]).decode()}) for _ in range(2))
    assert one.product is two.product
