"""pika, blocking: the handshake, channels and heartbeats."""

import time
from collections.abc import Callable

import pika
import pytest

from tests.interop.pika_inbox import Inbox, fill

Connect = Callable[..., pika.BlockingConnection]

ALWAYS = [
    "publisher_confirms",
    "exchange_exchange_bindings",
    "basic.nack",
    "connection.blocked",
    "consumer_cancel_notify",
    "consumer_priorities",
    "direct_reply_to",
    "authentication_failure_close",
    "per_consumer_qos",
]


def test_the_server_says_what_it_is_and_can(connection: pika.BlockingConnection) -> None:
    properties = connection._impl.server_properties
    for key in ("product", "version", "platform", "copyright", "information", "cluster_name"):
        assert isinstance(properties[key], str), key
    capabilities = {name for name, can in properties["capabilities"].items() if can is True}
    assert capabilities == set(ALWAYS)


def test_the_servers_offer_stands_unless_the_client_asks_for_less(connect: Connect) -> None:
    offered = connect()._impl.params
    assert (offered.channel_max, offered.frame_max, offered.heartbeat) == (2047, 131072, 60)
    less = connect(channel_max=7, frame_max=8192, heartbeat=30)._impl.params
    assert (less.channel_max, less.frame_max, less.heartbeat) == (7, 8192, 30)


def test_small_frames_carry_big_messages_both_ways(connect: Connect, name: str) -> None:
    channel = connect(frame_max=8192).channel()
    channel.queue_declare(name, exclusive=True)
    body = bytes(range(256)) * 200
    fill(channel, name, body)
    assert channel.basic_get(name, auto_ack=True)[2] == body


def test_channels_count_their_deliveries_on_their_own(connection: pika.BlockingConnection) -> None:
    channels = [connection.channel() for _ in range(20)]
    inboxes = []
    for number, channel in enumerate(channels):
        queue = channel.queue_declare("", exclusive=True).method.queue
        inboxes.append(Inbox(channel, queue))
        for _ in range(number + 1):
            channel.basic_publish("", queue, b"%d" % number)
    for number, inbox in enumerate(inboxes):
        inbox.wait(number + 1)
        tags = [delivery.method.delivery_tag for delivery in inbox.deliveries]
        assert tags == list(range(1, number + 2))
        assert set(inbox.bodies) == {b"%d" % number}


def test_any_channel_number_up_to_the_maximum(connection: pika.BlockingConnection) -> None:
    for number in (1, 2, 256, 2047):
        channel = connection.channel(number)
        assert channel.queue_declare("", exclusive=True).method.queue.startswith("amq.gen-")


def test_closing_and_opening_channels_many_times(connection: pika.BlockingConnection) -> None:
    for _ in range(100):
        connection.channel(1).close()


def test_many_connections_at_once(connect: Connect, name: str) -> None:
    connections = [connect() for _ in range(20)]
    owner = connections[0].channel()
    owner.queue_declare(name, exclusive=True)
    for connection in connections:
        publisher = connection.channel()
        publisher.confirm_delivery()
        publisher.basic_publish("", name, b"from one of many", mandatory=True)
    assert owner.queue_purge(name).method.message_count == 20


@pytest.mark.slow
def test_heartbeats_keep_an_idle_connection_alive(connect: Connect) -> None:
    # With a heartbeat of one second both sides give up on a peer that is silent for two.
    connection = connect(heartbeat=1)
    beats = connection._impl._heartbeat_checker
    before = beats._heartbeat_frames_received
    limit = time.monotonic() + 2.4
    while time.monotonic() < limit:
        connection.process_data_events(time_limit=0.1)
    assert beats._heartbeat_frames_received - before >= 2
    assert connection.channel().is_open
