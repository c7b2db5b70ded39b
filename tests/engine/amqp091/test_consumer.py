"""What a channel is sent from a queue, byte for byte."""

import pytest

from leveret.engine.consumer import Consumer
from leveret.wire.amqp091.frames import FrameParser
from tests.engine.client import FRAME_MAX, Client, World, ack_frame, events_of


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world) -> Client:
    return world.connect()


def test_a_delivery_has_these_bytes(world, client):
    queue = world.queue(b"key")
    client.open_channel(0x0102)
    client.publish(b"key", b"body", b"\x10\x00\x02", exchange=b"ex")
    client.consume(queue, channel=0x0102, tag=b"ctag")
    world.turn()
    assert client.take().hex(" ") == (
        "01 01 02 00 00 00 19 00 3c 00 3c 04 63 74 61 67 00 00 00 00 00 00 00 01 00"
        " 02 65 78 03 6b 65 79 ce"
        " 02 01 02 00 00 00 0f 00 3c 00 00 00 00 00 00 00 00 00 04 10 00 02 ce"
        " 03 01 02 00 00 00 04 62 6f 64 79 ce"
    )


def test_a_delivery_without_a_body_has_no_body_frame(world, client):
    queue = world.queue(b"k")
    client.publish(b"k")
    client.consume(queue, tag=b"")
    world.turn()
    assert client.take().hex(" ") == (
        "01 00 01 00 00 00 11 00 3c 00 3c 00 00 00 00 00 00 00 00 01 00 00 01 6b ce"
        " 02 00 01 00 00 00 0e 00 3c 00 00 00 00 00 00 00 00 00 00 00 00 ce"
    )


def test_what_was_got_has_these_bytes(world, client):
    queue = world.queue(b"key")
    client.open_channel(0xFFFF)
    for _ in range(3):
        client.publish(b"key", b"b")
    client.channel(0xFFFF).get(queue, True)
    assert client.take().hex(" ") == (
        "01 ff ff 00 00 00 16 00 3c 00 47 00 00 00 00 00 00 00 01 00 00 03 6b 65 79 00 00 00 02 ce"
        " 02 ff ff 00 00 00 0e 00 3c 00 00 00 00 00 00 00 00 00 01 00 00 ce"
        " 03 ff ff 00 00 00 01 62 ce"
    )


def test_a_requeued_message_says_that_it_was_delivered_before(world, client):
    queue = world.queue(b"k")
    client.publish(b"k")
    client.channel().get(queue, False)
    client.connection.close_channel(1)
    client.open_channel(1).get(queue, False)
    assert [event.redelivered for event in client.messages()] == [False, True]


@pytest.mark.parametrize("frame_max", [4096, 8192, FRAME_MAX])
@pytest.mark.parametrize("over", [-1, 0, 1])
@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_body_is_cut_into_frames_that_the_client_can_take(world, frame_max, over, frames):
    client, queue = world.connect(frame_max=frame_max), world.queue(b"k")
    size = frames * (frame_max - 8) + over
    body = (bytes(range(251)) * (size // 251 + 1))[:size]
    world.connect().publish(b"k", body)
    client.consume(queue)
    world.turn()
    sent = FrameParser(frame_max=frame_max).receive(client.take())
    expected = [body[at : at + frame_max - 8] for at in range(0, size, frame_max - 8)]
    assert [frame.payload for frame in sent[2:]] == expected
    assert events_of(sent)[0].body == body


@pytest.mark.parametrize("size", [255, 256, 30_000])
def test_properties_of_any_length_are_delivered_as_they_came(world, client, size):
    queue = world.queue(b"k")
    field = b"\x01kS" + size.to_bytes(4, "big") + b"x" * size
    properties = b"\x20\x00" + len(field).to_bytes(4, "big") + field
    client.publish(b"k", b"body", properties)
    client.consume(queue)
    world.turn()
    (message,) = client.messages()
    assert (message.properties, message.body) == (properties, b"body")


def test_tags_are_given_in_the_order_of_delivery_over_all_consumers_of_a_channel(world, client):
    one, two = world.queue(b"1"), world.queue(b"2")
    client.consume(one, tag=b"acked")
    client.consume(two, tag=b"settled", no_ack=True)
    for key in (b"1", b"2", b"2", b"1"):
        client.publish(key)
        world.turn()
    assert client.tags() == [1, 2, 3, 4]
    assert client.channel().unacked_count == 2
    client.send(ack_frame(2))
    assert client.violation()[1] == "unknown delivery tag 2"


def test_a_settled_message_is_gone_when_it_is_delivered(world, client):
    queue = world.queue(b"k")
    client.publish(b"k")
    client.consume(queue, no_ack=True)
    world.turn()
    assert (queue.unacked_count, world.shard.records.live_count) == (0, 0)


def test_a_consumer_knows_its_queue_and_its_tag(world, client):
    queue = world.queue(b"k")
    consumer = client.consume(queue, tag=b"ctag", no_ack=True, prefetch=7)
    assert isinstance(consumer, Consumer)
    assert (consumer.queue, consumer.tag) == (queue, b"ctag")
    assert (consumer.settled, consumer.credit_max, consumer.closed) == (True, 7, False)


@pytest.mark.parametrize(("over", "counted"), [(0, 0), (1, 1)])
def test_a_header_larger_than_the_clients_frames_is_sent_and_counted(world, over, counted):
    client, queue = world.connect(frame_max=4096), world.queue(b"k")
    # Headers of one field, k, a string that fills the frame.
    text = bytes(4096 - 8 - 12 - 2 - 4 - 2 - 1 - 4 + over)
    table = b"\x01kS" + len(text).to_bytes(4, "big") + text
    properties = b"\x20\0" + len(table).to_bytes(4, "big") + table
    world.connect().publish(b"k", b"body" * 2000, properties)
    client.consume(queue)
    world.turn()
    (message,) = client.messages()
    assert (message.properties, message.body) == (properties, b"body" * 2000)
    assert client.connection.oversized_headers == counted
