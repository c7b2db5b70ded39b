"""pika, blocking: exchanges, bindings and where messages go."""

import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, UnroutableError


def routes(channel: BlockingChannel, exchange: str, routing_key: str, queues: list[str]) -> str:
    """Publishes one message and says which of the queues got it, by their last letters."""
    channel.basic_publish(exchange, routing_key, routing_key.encode())
    reached = ""
    for queue in queues:
        method, _, body = channel.basic_get(queue, auto_ack=True)
        if method is not None:
            assert (body, method.message_count) == (routing_key.encode(), 0)
            reached += queue[-1]
    return reached


@pytest.fixture
def queues(channel: BlockingChannel, name: str) -> list[str]:
    names = [f"{name}.{letter}" for letter in "ABC"]
    for each in names:
        channel.queue_declare(each, exclusive=True)
    return names


def test_the_default_exchange_routes_to_the_queue_of_that_name(
    channel: BlockingChannel, queues: list[str]
) -> None:
    assert routes(channel, "", queues[1], queues) == "B"


def test_a_direct_exchange_compares_the_whole_key(
    channel: BlockingChannel, name: str, queues: list[str]
) -> None:
    channel.exchange_declare(name, "direct")
    for queue, key in zip(queues, ["red", "red", "blue"], strict=True):
        channel.queue_bind(queue, name, key)
    assert routes(channel, name, "red", queues) == "AB"
    assert routes(channel, name, "blue", queues) == "C"
    assert routes(channel, name, "re", queues) == ""
    assert routes(channel, name, "#", queues) == ""


def test_a_fanout_exchange_ignores_the_key(
    channel: BlockingChannel, name: str, queues: list[str]
) -> None:
    channel.exchange_declare(name, "fanout")
    for queue in queues[:2]:
        channel.queue_bind(queue, name, f"key of {queue}")
    assert routes(channel, name, "whatever", queues) == "AB"


@pytest.mark.parametrize(
    ("routing_key", "reached"),
    [
        ("stock.nyse.ibm", "AC"),
        ("stock.nyse", "C"),
        ("stock", "C"),
        ("stock.a.b.c", "C"),
        ("quick.orange.rabbit", "B"),
        ("orange.orange.rabbit", "B"),
        ("orange", ""),
        ("a.orange", "B"),
        ("a.b.orange.c.d", "B"),
        ("", ""),
        ("stock..ibm", "AC"),
        ("*.*.*", ""),
    ],
)
def test_a_topic_exchange_matches_words(
    channel: BlockingChannel, name: str, queues: list[str], routing_key: str, reached: str
) -> None:
    channel.exchange_declare(name, "topic")
    patterns = ["stock.*.ibm", "*.#.orange.#", "stock.#"]
    for queue, pattern in zip(queues, patterns, strict=True):
        channel.queue_bind(queue, name, pattern)
    assert routes(channel, name, routing_key, queues) == reached


def test_a_queue_bound_twice_gets_one_copy(
    channel: BlockingChannel, name: str, queues: list[str]
) -> None:
    channel.exchange_declare(name, "topic")
    for pattern in ("#", "a.*", "*.b", "a.b"):
        channel.queue_bind(queues[0], name, pattern)
    assert routes(channel, name, "a.b", queues) == "A"


@pytest.mark.parametrize("exchange", ["amq.direct", "amq.fanout", "amq.topic"])
def test_the_exchanges_that_are_always_there(
    channel: BlockingChannel, name: str, queues: list[str], exchange: str
) -> None:
    channel.exchange_declare(exchange, exchange[4:], durable=True)
    channel.queue_bind(queues[0], exchange, name)
    assert routes(channel, exchange, name, queues) == "A"


def test_unbind_takes_one_binding_away_and_a_missing_one_is_no_error(
    channel: BlockingChannel, name: str, queues: list[str]
) -> None:
    channel.exchange_declare(name, "direct")
    for key in ("red", "blue"):
        channel.queue_bind(queues[0], name, key)
    for _ in range(2):
        channel.queue_unbind(queues[0], name, "red")
    assert routes(channel, name, "red", queues) == ""
    assert routes(channel, name, "blue", queues) == "A"


def test_bindings_change_between_two_messages(
    channel: BlockingChannel, name: str, queues: list[str]
) -> None:
    channel.exchange_declare(name, "topic")
    for queue in queues:
        assert routes(channel, name, "news", queues) == ""
        channel.queue_bind(queue, name, "news")
        assert routes(channel, name, "news", queues) == queue[-1]
        channel.queue_unbind(queue, name, "news")


def test_a_deleted_queue_takes_its_bindings_along(
    channel: BlockingChannel, name: str, queues: list[str]
) -> None:
    channel.exchange_declare(name, "fanout")
    channel.queue_bind(queues[0], name)
    channel.queue_delete(queues[0])
    channel.queue_declare(queues[0], exclusive=True)
    assert routes(channel, name, "", queues) == ""


def test_a_deleted_exchange_takes_its_bindings_along(
    channel: BlockingChannel, name: str, queues: list[str]
) -> None:
    for reached in ("A", ""):
        channel.exchange_declare(name, "fanout")
        if reached:
            channel.queue_bind(queues[0], name)
        assert routes(channel, name, "", queues) == reached
        channel.exchange_delete(name)


def test_an_auto_delete_exchange_goes_with_its_last_binding(
    channel: BlockingChannel, name: str, queues: list[str]
) -> None:
    channel.exchange_declare(name, "direct", auto_delete=True)
    channel.queue_bind(queues[0], name, "x")
    channel.queue_unbind(queues[0], name, "x")
    with pytest.raises(ChannelClosedByBroker) as error:
        channel.exchange_declare(name, passive=True)
    assert error.value.reply_code == 404


def test_declaring_the_same_exchange_again_is_no_error(channel: BlockingChannel, name: str) -> None:
    for _ in range(2):
        channel.exchange_declare(name, "topic", durable=True)
    channel.exchange_declare(name, "topic", passive=True)


def test_deleting_an_exchange_that_is_not_there_is_no_error(
    channel: BlockingChannel, name: str
) -> None:
    channel.exchange_delete(name)
    channel.exchange_declare(name, "direct")
    channel.exchange_delete(name, if_unused=True)


def test_the_queue_of_a_default_route_deleted_and_made_anew(
    channel: BlockingChannel, name: str
) -> None:
    channel.confirm_delivery()
    for _ in range(2):
        channel.queue_declare(name, exclusive=True)
        channel.basic_publish("", name, b"", mandatory=True)
        channel.queue_delete(name)
        with pytest.raises(UnroutableError):
            channel.basic_publish("", name, b"", mandatory=True)
