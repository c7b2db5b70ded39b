"""What is durable is there after a restart, be it a clean one or none at all."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import (
    AMQPError,
    ChannelClosedByBroker,
    ConnectionBlockedTimeout,
    UnroutableError,
)

from tests.broker_process import BrokerProcess, running_broker

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("LEVERET_TEST_BROKER" in os.environ, reason="restarts a broker of its own"),
]
PERSISTENT = pika.BasicProperties(delivery_mode=2)
TRANSIENT = pika.BasicProperties(delivery_mode=1)


@contextmanager
def channel_of(broker: BrokerProcess, *, confirms: bool = True) -> Iterator[BlockingChannel]:
    """Whose broker may be killed meanwhile."""
    parameters = pika.URLParameters(broker.url)
    parameters.blocked_connection_timeout = 2
    connection = pika.BlockingConnection(parameters)
    try:
        channel = connection.channel()
        if confirms:
            channel.confirm_delivery()
        yield channel
    finally:
        with suppress(AMQPError):
            connection.close()


def get_all(channel: BlockingChannel, queue: str) -> list[tuple[bytes, bool]]:
    """Bodies, and whether they were flagged redelivered."""
    found = []
    while True:
        method, _, body = channel.basic_get(queue, auto_ack=True)
        if method is None:
            return found
        found.append((body, method.redelivered))


def test_a_clean_restart_keeps_what_is_durable_and_flags_what_was_delivered(
    tmp_path: Path,
) -> None:
    with running_broker("--data-dir", str(tmp_path)) as broker, channel_of(broker) as channel:
        channel.exchange_declare("orders", "topic", durable=True)
        channel.exchange_declare("passing", "topic")
        channel.queue_declare("kept", durable=True, arguments={"x-max-length": 100})
        channel.queue_declare("lost")
        channel.queue_bind("kept", "orders", "#.paid")
        for number in range(5):
            channel.basic_publish("orders", "a.paid", b"%d" % number, PERSISTENT)
        channel.basic_publish("orders", "a.paid", b"passing", TRANSIENT)
        channel.basic_publish("", "lost", b"lost", PERSISTENT)
        first, _, _ = channel.basic_get("kept")
        channel.basic_ack(first.delivery_tag)
        channel.basic_get("kept")
    with running_broker("--data-dir", str(tmp_path)) as broker, channel_of(broker) as channel:
        channel.basic_publish("orders", "b.paid", b"5", PERSISTENT)
        assert get_all(channel, "kept") == [
            *[(b"1", True), (b"2", False), (b"3", False), (b"4", False)],
            (b"5", False),
        ]
        other = channel.connection.channel()
        with pytest.raises(ChannelClosedByBroker, match="no queue 'lost'"):
            channel.queue_declare("lost", passive=True)
        with pytest.raises(ChannelClosedByBroker, match="no exchange 'passing'"):
            other.exchange_declare("passing", passive=True)


@contextmanager
def killed(directory: Path) -> Iterator[BlockingChannel]:
    """A channel of a broker that is killed at the end."""
    with pytest.raises(AssertionError, match="ended with -9"):
        with running_broker("--data-dir", str(directory)) as broker:
            with channel_of(broker, confirms=False) as channel:
                yield channel
                broker.stop(signal.SIGKILL)


def test_what_was_confirmed_survives_a_kill(tmp_path: Path) -> None:
    bodies = [[b"%d %d" % (turn, number) for number in range(100)] for turn in range(3)]
    for some in bodies:
        with killed(tmp_path) as channel:
            channel.confirm_delivery()
            channel.queue_declare("kept", durable=True)
            for body in some:
                channel.basic_publish("", "kept", body, PERSISTENT)
    with running_broker("--data-dir", str(tmp_path)) as broker, channel_of(broker) as channel:
        expected = [(body, True) for some in bodies for body in some]
        assert get_all(channel, "kept") == expected


def test_a_transaction_is_kept_when_its_commit_is_answered_and_not_before(tmp_path: Path) -> None:
    with killed(tmp_path) as channel:
        channel.queue_declare("kept", durable=True)
        channel.tx_select()
        channel.basic_publish("", "kept", b"committed", PERSISTENT)
        channel.tx_commit()
        channel.basic_publish("", "kept", b"not", PERSISTENT)
    with running_broker("--data-dir", str(tmp_path)) as broker, channel_of(broker) as channel:
        assert get_all(channel, "kept") == [(b"committed", True)]


def test_a_deleted_queue_does_not_come_back_under_its_name(tmp_path: Path) -> None:
    with killed(tmp_path) as channel:
        channel.confirm_delivery()
        channel.queue_declare("kept", durable=True)
        channel.queue_bind("kept", "amq.direct", "old")
        channel.basic_publish("", "kept", b"old", PERSISTENT)
        channel.queue_delete("kept")
        channel.queue_declare("kept", durable=True)
        channel.basic_publish("", "kept", b"new", PERSISTENT)
    with running_broker("--data-dir", str(tmp_path)) as broker, channel_of(broker) as channel:
        with pytest.raises(UnroutableError):
            channel.basic_publish("amq.direct", "old", b"", mandatory=True)
        assert get_all(channel, "kept") == [(b"new", True)]


def test_where_the_disk_has_too_little_room_publishers_are_blocked_and_consumers_are_not(
    tmp_path: Path,
) -> None:
    with running_broker("--data-dir", str(tmp_path)) as broker, channel_of(broker) as channel:
        channel.queue_declare("kept", durable=True)
        channel.basic_publish("", "kept", b"before", PERSISTENT)
    options = ("--data-dir", str(tmp_path), "--disk-free-limit", "900000GB")
    with running_broker(*options) as broker:
        with pytest.raises(ConnectionBlockedTimeout), channel_of(broker) as channel:
            while True:
                channel.basic_publish("", "kept", b"more", PERSISTENT)
        with channel_of(broker, confirms=False) as channel:
            assert get_all(channel, "kept")[0] == (b"before", False)
    assert "the disk has too little room" in broker.log
