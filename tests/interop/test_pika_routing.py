"""pika, blocking: what decides where a message goes other than its routing key."""

from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, UnroutableError


@pytest.fixture
def queues(channel: BlockingChannel, name: str) -> list[str]:
    names = [f"{name}.{letter}" for letter in "ABC"]
    for each in names:
        channel.queue_declare(each, exclusive=True)
    return names


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


def test_arguments_that_an_exchange_does_not_know_may_differ(
    channel: BlockingChannel, name: str
) -> None:
    for value in (1, 2):
        channel.exchange_declare(name, "direct", arguments={"x-of-my-own": value})


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
