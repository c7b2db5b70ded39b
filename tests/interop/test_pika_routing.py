"""pika, blocking: what decides where a message goes other than its routing key."""

from collections.abc import Callable, Iterator
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, UnroutableError

from tests.interop.broker_under_test import BrokerUnderTest


@pytest.fixture
def queues(channel: BlockingChannel, name: str) -> list[str]:
    names = [f"{name}.{letter}" for letter in "ABC"]
    for each in names:
        channel.queue_declare(each, exclusive=True)
    return names


@pytest.fixture
def circle(broker: BrokerUnderTest, name: str) -> Iterator[list[str]]:
    """The names of three exchanges, which are gone afterwards."""
    names = [f"{name}.{number}" for number in range(3)]
    yield names
    for each in names:
        broker.forget(each)


def received(channel: BlockingChannel, queues: list[str]) -> str:
    """The last letters of the queues that have a message, which is taken out."""
    reached = ""
    for queue in queues:
        method, _, _ = channel.basic_get(queue, auto_ack=True)
        if method is not None:
            assert method.message_count == 0
            reached += queue[-1]
    return reached


def with_headers(headers: dict[str, Any]) -> pika.BasicProperties:
    return pika.BasicProperties(headers=headers)


# Headers exchanges


@pytest.mark.parametrize(
    ("headers", "reached"),
    [
        ({"a": 1, "b": "x"}, "ABC"),
        ({"a": 1}, "BC"),
        ({"b": "x"}, "B"),
        ({"a": 2, "b": "y"}, "C"),
        ({}, ""),
    ],
)
def test_a_headers_exchange_matches_headers(
    channel: BlockingChannel, queues: list[str], headers: dict[str, Any], reached: str
) -> None:
    patterns: list[dict[str, Any]] = [
        {"x-match": "all", "a": 1, "b": "x"},
        {"x-match": "any", "a": 1, "b": "x"},
        {"a": None},
    ]
    for queue, arguments in zip(queues, patterns, strict=True):
        channel.queue_bind(queue, "amq.headers", arguments=arguments)
    channel.basic_publish("amq.headers", "", b"m", with_headers(headers))
    assert received(channel, queues) == reached


def test_headers_that_begin_with_x_count_where_the_binding_says_so(
    channel: BlockingChannel, queues: list[str]
) -> None:
    for queue, match in zip(queues, ["all-with-x", "any-with-x", "all"], strict=True):
        arguments = {"x-match": match, "x-a": 1, "x-b": 1}
        channel.queue_bind(queue, "amq.match", arguments=arguments)
    for headers, reached in [({"x-a": 1, "x-b": 1}, "ABC"), ({"x-b": 1}, "BC"), ({}, "C")]:
        channel.basic_publish("amq.match", "", b"m", with_headers(headers))
        assert received(channel, queues) == reached


def test_an_unknown_x_match_is_refused(channel: BlockingChannel, queues: list[str]) -> None:
    with pytest.raises(ChannelClosedByBroker) as error:
        channel.queue_bind(queues[0], "amq.headers", arguments={"x-match": "some"})
    assert error.value.reply_code == 406
    assert "expected all, any, all-with-x, or any-with-x" in error.value.reply_text


def test_a_mandatory_message_that_no_headers_match_comes_back(
    channel: BlockingChannel, queues: list[str]
) -> None:
    channel.confirm_delivery()
    channel.queue_bind(queues[0], "amq.headers", arguments={"a": 1})
    channel.basic_publish("amq.headers", "", b"m", with_headers({"a": 1}), mandatory=True)
    with pytest.raises(UnroutableError):
        channel.basic_publish("amq.headers", "", b"m", with_headers({"a": 2}), mandatory=True)


# Alternate exchanges, exchanges bound to exchanges, internal ones


def test_an_alternate_exchange_gets_what_is_not_routed(
    channel: BlockingChannel, name: str, queues: list[str]
) -> None:
    channel.exchange_declare(name, "direct", arguments={"alternate-exchange": "amq.fanout"})
    channel.queue_bind(queues[0], name, "known")
    channel.queue_bind(queues[1], "amq.fanout")
    channel.confirm_delivery()
    for key, reached in [("known", "A"), ("unknown", "B"), ("known", "A")]:
        channel.basic_publish(name, key, b"m", mandatory=True)
        assert received(channel, queues) == reached
    channel.queue_unbind(queues[1], "amq.fanout")
    with pytest.raises(UnroutableError):
        channel.basic_publish(name, "unknown", b"m", mandatory=True)


def test_an_alternate_exchange_cannot_be_changed(channel: BlockingChannel, name: str) -> None:
    channel.exchange_declare(name, "direct", arguments={"alternate-exchange": "amq.fanout"})
    with pytest.raises(ChannelClosedByBroker) as error:
        channel.exchange_declare(name, "direct", arguments={"alternate-exchange": "amq.topic"})
    assert (error.value.reply_code, error.value.reply_text) == (
        406,
        f"PRECONDITION_FAILED - inequivalent arg 'alternate-exchange' for exchange '{name}' "
        "in vhost '/': received 'amq.topic' but current is 'amq.fanout'",
    )


def test_an_internal_exchange_takes_messages_from_exchanges_only(
    channel: BlockingChannel, name: str, queues: list[str]
) -> None:
    channel.exchange_declare(name, "fanout", internal=True)
    channel.queue_bind(queues[0], name)
    channel.exchange_bind(name, "amq.headers", arguments={"a": 1})
    channel.exchange_bind(name, name)
    channel.basic_publish("amq.headers", "", b"m", with_headers({"a": 1}))
    assert received(channel, queues) == "A"
    channel.exchange_unbind(name, "amq.headers", arguments={"a": 1})
    channel.basic_publish("amq.headers", "", b"m", with_headers({"a": 1}))
    assert received(channel, queues) == ""
    channel.basic_publish(name, "", b"m")
    with pytest.raises(ChannelClosedByBroker) as error:
        received(channel, queues)
    assert error.value.reply_code == 403


def test_exchanges_bound_in_a_circle_hand_a_message_on_once(
    channel: BlockingChannel, circle: list[str], queues: list[str]
) -> None:
    for exchange in circle:
        channel.exchange_declare(exchange, "fanout")
    for source, destination, queue in zip(circle, circle[1:] + circle[:1], queues, strict=True):
        channel.exchange_bind(destination, source)
        channel.queue_bind(queue, source)
    channel.exchange_bind(circle[0], circle[0])
    for start in circle:
        channel.basic_publish(start, "", b"m")
        assert received(channel, queues) == "ABC"


def test_alternates_in_a_circle_end(
    channel: BlockingChannel, circle: list[str], queues: list[str]
) -> None:
    channel.confirm_delivery()
    for exchange, alternate in zip(circle, circle[1:] + circle[:1], strict=True):
        arguments = {"alternate-exchange": alternate}
        channel.exchange_declare(exchange, "direct", arguments=arguments)
    with pytest.raises(UnroutableError):
        channel.basic_publish(circle[0], "k", b"m", mandatory=True)
    channel.queue_bind(queues[0], circle[2], "k")
    channel.basic_publish(circle[0], "k", b"m", mandatory=True)
    assert received(channel, queues) == "A"


def test_a_bound_exchange_is_a_destination_and_leaves_nothing_to_the_alternate(
    channel: BlockingChannel, name: str, queues: list[str]
) -> None:
    channel.confirm_delivery()
    arguments = {"alternate-exchange": "amq.fanout"}
    channel.exchange_declare(name, "fanout", arguments=arguments)
    channel.queue_bind(queues[0], "amq.fanout")
    channel.exchange_bind("amq.direct", name)
    with pytest.raises(UnroutableError):
        channel.basic_publish(name, f"{name}.nobody", b"m", mandatory=True)
    channel.queue_bind(queues[1], "amq.direct", name)
    channel.basic_publish(name, name, b"m", mandatory=True)
    assert received(channel, queues) == "B"


# CC and BCC


def test_copies_go_to_more_keys_and_the_blind_ones_are_not_shown(
    channel: BlockingChannel, queues: list[str]
) -> None:
    a, b, c = queues
    headers = {"CC": [b, a], "BCC": [c, c], "n": 1}
    channel.basic_publish("", a, b"m", with_headers(headers))
    for queue in queues:
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        assert (method.routing_key, method.message_count, body) == (a, 0, b"m")
        assert properties.headers == {"CC": [b, a], "n": 1}


def test_copies_alone_may_reach_a_queue(channel: BlockingChannel, queues: list[str]) -> None:
    channel.confirm_delivery()
    channel.basic_publish("", "none", b"m", with_headers({"BCC": queues[1:]}), mandatory=True)
    assert received(channel, queues) == "BC"
    with pytest.raises(UnroutableError):
        channel.basic_publish("", "none", b"m", with_headers({"CC": ["no"]}), mandatory=True)


@pytest.mark.parametrize("header", ["CC", "BCC"])
def test_copies_that_are_no_list_are_refused(channel: BlockingChannel, header: str) -> None:
    channel.basic_publish("", "q", b"m", with_headers({header: "q"}))
    with pytest.raises(ChannelClosedByBroker) as error:
        channel.basic_qos()
    assert (error.value.reply_code, error.value.reply_text) == (
        406,
        "PRECONDITION_FAILED - invalid message: "
        f'{{unacceptable_type_in_header,"{header}",longstr}}',
    )


# Exchanges of other types


@pytest.fixture
def declare(broker: BrokerUnderTest, channel: BlockingChannel, name: str) -> Callable[..., None]:
    """Declares the test's exchange; another broker than ours may lack the type."""

    def declare(type: str, **arguments: Any) -> None:
        try:
            channel.exchange_declare(name, type, arguments=arguments)
        except ChannelClosedByBroker as error:
            if broker.product == "Leveret" or "exchange type" not in error.reply_text:
                raise
            pytest.skip(f"{broker.product} has no exchange type {type}")

    return declare


def spread(channel: BlockingChannel, queues: list[str]) -> dict[str, set[bytes]]:
    """What each queue has, which is taken out."""
    bodies: dict[str, set[bytes]] = {queue: set() for queue in queues}
    for queue in queues:
        while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
            bodies[queue].add(got[2])
    return bodies


@pytest.mark.parametrize(
    ("type", "arguments"),
    [
        ("x-consistent-hash", {}),
        ("x-consistent-hash", {"hash-header": "h"}),
        ("x-consistent-hash", {"hash-property": "message_id"}),
        ("x-modulus-hash", {}),
    ],
)
def test_a_hash_leads_the_same_value_to_the_same_queue(
    declare: Callable[..., None],
    channel: BlockingChannel,
    name: str,
    queues: list[str],
    type: str,
    arguments: dict[str, Any],
) -> None:
    declare(type, **arguments)
    for queue in queues:
        channel.queue_bind(queue, name, "10")
    shares = []
    for _ in range(2):
        for number in range(60):
            value = str(number)
            properties = pika.BasicProperties(headers={"h": value}, message_id=value)
            key = "same" if arguments else value
            channel.basic_publish(name, key, value.encode(), properties)
        shares.append(spread(channel, queues))
    assert shares[0] == shares[1]
    assert sum(len(bodies) for bodies in shares[0].values()) == 60
    assert all(len(bodies) > 5 for bodies in shares[0].values())


def test_a_weight_is_a_whole_number(
    declare: Callable[..., None], channel: BlockingChannel, name: str, queues: list[str]
) -> None:
    declare("x-consistent-hash")
    with pytest.raises(ChannelClosedByBroker) as error:
        channel.queue_bind(queues[0], name, "heavy")
    assert error.value.reply_code == 406
    assert "The binding key must be an integer" in error.value.reply_text


@pytest.mark.parametrize("type", ["x-random", "x-local-random"])
def test_chance_leads_each_message_to_one_queue(
    declare: Callable[..., None], channel: BlockingChannel, name: str, queues: list[str], type: str
) -> None:
    declare(type)
    for queue in queues:
        channel.queue_bind(queue, name, "")
    for number in range(90):
        channel.basic_publish(name, "same", b"%d" % number)
    shares = spread(channel, queues)
    assert sum(len(bodies) for bodies in shares.values()) == 90
    assert all(len(bodies) > 5 for bodies in shares.values())


def test_a_new_queue_gets_the_recent_history(
    declare: Callable[..., None], channel: BlockingChannel, name: str, queues: list[str]
) -> None:
    declare("x-recent-history", **{"x-recent-history-length": 3})
    for number in range(5):
        channel.basic_publish(name, f"key {number}", b"%d" % number, with_headers({"n": number}))
    no_store = with_headers({"x-recent-history-no-store": True})
    channel.basic_publish(name, "", b"secret", no_store)
    channel.queue_bind(queues[0], name)
    for number in (2, 3, 4):
        method, properties, body = channel.basic_get(queues[0], auto_ack=True)
        assert (method.exchange, method.routing_key) == (name, f"key {number}")
        assert (properties.headers, body) == ({"n": number}, b"%d" % number)
    assert received(channel, queues) == ""
    channel.basic_publish(name, "", b"next")
    assert received(channel, queues) == "A"


# Declaring again


@pytest.mark.parametrize(
    ("type", "options", "difference"),
    [
        ("fanout", {}, "'type' for {}: received 'fanout' but current is 'direct'"),
        ("direct", {"durable": True}, "'durable' for {}: received 'true' but current is 'false'"),
        (
            "direct",
            {"auto_delete": True},
            "'auto_delete' for {}: received 'true' but current is 'false'",
        ),
        ("direct", {"internal": True}, "'internal' for {}: received 'true' but current is 'false'"),
        (
            "direct",
            {"arguments": {"alternate-exchange": "a"}},
            "'alternate-exchange' for {}: received the value 'a' of type 'longstr' "
            "but current is none",
        ),
    ],
)
def test_an_exchange_that_differs_is_refused_and_told_how(
    channel: BlockingChannel, name: str, type: str, options: dict[str, Any], difference: str
) -> None:
    channel.exchange_declare(name, "direct", arguments={"x-mine": 1})
    channel.exchange_declare(name, "direct", arguments={"x-mine": 2})
    with pytest.raises(ChannelClosedByBroker) as error:
        channel.exchange_declare(name, type, **options)
    told = difference.format(f"exchange '{name}' in vhost '/'")
    text = f"PRECONDITION_FAILED - inequivalent arg {told}"
    assert (error.value.reply_code, error.value.reply_text) == (406, text)


def test_an_alternate_exchange_is_a_name(channel: BlockingChannel, name: str) -> None:
    with pytest.raises(ChannelClosedByBroker) as error:
        channel.exchange_declare(name, "direct", arguments={"alternate-exchange": 1})
    assert error.value.reply_code == 406
    assert "for arg 'alternate-exchange' in exchange" in error.value.reply_text
