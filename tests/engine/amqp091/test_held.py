"""What becomes of frames while memory is full, and of who floods or does not read."""

import pytest

from leveret.engine.memory import Memory
from tests.engine.client import (
    CONNECTION_CLOSE,
    GET,
    NOW,
    Client,
    World,
    ack_frame,
    body_frame,
    header_frame,
    message,
    method_frame,
    publish_frame,
)

QUEUE_DECLARE = 50 << 16 | 10
LIMIT = 1 << 30
FULL = 560 * 1024


@pytest.fixture
def world() -> World:
    world = World(Memory(LIMIT))
    world.queue(b"q")
    return world


@pytest.fixture
def client(world: World) -> Client:
    """One that has published."""
    client = world.connect()
    client.publish(b"q", b"first")
    return client


def ready_count(world: World) -> int:
    return world.bound[b"q"][0].ready_count


def fill(world: World) -> None:
    world.shard.memory.take(LIMIT)


def drain(world: World) -> None:
    world.shard.memory.give(LIMIT)
    assert not world.shard.memory.relax()


def test_nothing_is_received_of_who_has_published(world, client):
    fill(world)
    assert client.offer(message(b"q", b"second")) != b""
    assert (client.connection.held, client.connection.paused) == (True, True)
    assert world.shard.take_held() == [client]


def test_who_has_not_published_is_heard_up_to_the_message_with_which_it_begins(world):
    client = world.connect()
    fill(world)
    client.send(
        method_frame(1, QUEUE_DECLARE) + message(b"q", b"x") + method_frame(1, QUEUE_DECLARE)
    )
    assert (len(client.methods), ready_count(world)) == (1, 0)
    assert client.offer(b"more") == b"more"
    assert (client.connection.held, world.shard.take_held()) == (True, [client])
    assert list(world.shard.publishers) == [client]


def test_it_goes_on_where_it_stopped(world):
    client = world.connect()
    fill(world)
    client.send((message(b"q", b"x") + method_frame(1, QUEUE_DECLARE)) * 3)
    client.connection.release(NOW)
    assert (ready_count(world), client.connection.held) == (0, True), "memory is full yet"
    drain(world)
    client.connection.release(NOW)
    assert (ready_count(world), len(client.methods)) == (3, 3)
    assert (client.connection.held, world.shard.take_resumed()) == (False, [client, client])
    client.send(message(b"q", b"x"))


def test_a_message_that_has_begun_is_not_lost(world, client):
    frames = publish_frame(b"q") + header_frame(9) + body_frame(b"123")
    client.send(frames)
    fill(world)
    assert client.offer(body_frame(b"456789")) != b""
    drain(world)
    client.connection.release(NOW)
    client.send(body_frame(b"456789"))
    assert (ready_count(world), client.violations) == (2, [])


def test_full_by_its_own_doing_it_stops_within_a_read():
    """One byte is left, and each of the queues needs a page for its first message."""
    world = World(Memory(LIMIT))
    queues = [world.queue(b"%d" % number) for number in range(5)]
    client = world.connect()
    memory = world.shard.memory
    memory.take(LIMIT - memory.in_use - 1)
    client.send(b"".join(message(b"%d" % number, b"x") for number in range(5)))
    assert [queue.ready_count for queue in queues] == [1, 0, 0, 0, 0]


def test_who_only_consumes_goes_on(world, client):
    (queue,) = world.bound[b"q"]
    reader = world.connect()
    reader.consume(queue)
    fill(world)
    world.turn()
    reader.send(ack_frame(1))
    assert (reader.bodies(), queue.unacked_count) == ([b"first"], 0)


# A trickle


def give(client: Client, data: bytes, count: int) -> bytes:
    """What is left of the data after so much of it was let through."""
    assert len(client.connection.receive_buffer()) == 0
    room = client.connection.trickle(count, NOW)
    count = min(len(room), len(data))
    if count:
        room[:count] = data[:count]
        client.connection.received(count, NOW)
        data = data[count:]
    return data


def test_a_trickle_lets_in_what_there_is_room_for_and_no_more(world, client):
    fill(world)
    data = message(b"q", b"x") * 100
    data = client.offer(data)
    left = give(client, data, 10 * len(message(b"q", b"x")))
    assert (ready_count(world), len(left)) == (11, 90 * len(message(b"q", b"x")))
    assert client.offer(left) == left


def test_what_was_received_before_trickles_first(world):
    client = world.connect()
    fill(world)
    size = len(message(b"q", b"x"))
    client.send(message(b"q", b"x") * 10)
    assert give(client, b"", 3 * size) == b""
    assert ready_count(world) == 3
    assert give(client, b"more", 7 * size) == b"more"
    assert ready_count(world) == 10
    assert give(client, message(b"q", b"y"), size) == b""
    assert (ready_count(world), client.connection.held) == (11, True)


def test_an_acknowledgement_that_trickles_in_makes_room(world, client):
    (queue,) = world.bound[b"q"]
    client.consume(queue)
    world.turn()
    assert client.connection.holds_deliveries()
    fill(world)
    assert give(client, message(b"q", b"x") + ack_frame(1), 4096) == b""
    assert (queue.unacked_count, client.connection.holds_deliveries()) == (0, False)


@pytest.mark.parametrize("held", [False, True])
def test_nothing_trickles_where_another_reason_is_to_wait(world, client, held):
    if held:
        fill(world)
        client.offer(b"x")
        client.connection.pause()
    assert len(client.connection.trickle(4096, NOW)) == 0


def test_nothing_is_granted_for_later(world, client):
    fill(world)
    client.offer(b"x")
    client.connection.trickle(4096, NOW)
    client.connection.received(0, NOW)
    assert client.offer(b"x") == b"x"


def test_a_large_message_trickles_in(world, client):
    fill(world)
    data = message(b"q", bytes(100_000))
    data = client.offer(data)
    while data:
        before = len(data)
        data = give(client, data, 4096)
        assert before - len(data) <= 4096
    assert ready_count(world) == 2


# Going while it is held


CLOSE = method_frame(0, CONNECTION_CLOSE, bytes(7))


def test_a_close_is_seen_before_it_is_received(world, client):
    fill(world)
    client.offer(b"x")
    assert not client.connection.closes(message(b"q", CLOSE))
    assert client.connection.closes(message(b"q", b"x") + CLOSE)


def test_a_close_is_seen_behind_what_was_received_in_part(world):
    client = world.connect()
    data = message(b"q", b"x") + message(b"q", bytes(50_000)) + CLOSE
    fill(world)
    client.send(data[:100])
    assert client.connection.closes(data[100:])
    assert not client.connection.closes(data[101:])


def test_a_close_is_seen_behind_the_body_that_is_coming_in(world, client):
    data = message(b"q", bytes(50_000)) + CLOSE
    client.send(data[:20_000])
    fill(world)
    client.offer(b"x")
    assert client.connection.closes(data[20_000:])


def test_closing_hears_the_answer_whatever_was_received_before(world):
    client = world.connect()
    fill(world)
    client.send(message(b"q", b"x") * 3 + CLOSE)
    client.connection.drain()
    client.connection.go_on(NOW)
    assert (client.methods[-1][1], ready_count(world)) == (CONNECTION_CLOSE, 0)
    assert (client.connection.held, world.shard.take_resumed()) == (False, [client])
    client.send(message(b"q", b"x"))


def test_who_has_gone_is_no_publisher_any_more(world, client):
    client.connection.close()
    assert list(world.shard.publishers) == []


# Floods


@pytest.mark.parametrize(
    ("data", "floods"),
    [
        (message(b"q", b"x") * 10, False),
        (message(b"q", b"x") * 200, True),
        (message(b"q", bytes(10_000))[:5000], True),
        (ack_frame(0, multiple=True) * 300, False),
        (ack_frame(0, multiple=True) * 100 + message(b"q", b"x") * 50, True),
        (method_frame(1, QUEUE_DECLARE) * 500, True),
    ],
)
def test_a_large_read_of_anything_but_acknowledgements_is_a_flood(world, client, data, floods):
    client.send(b"")
    client.connection.receive_buffer()[: len(data)] = data
    assert client.connection.received(len(data), NOW) == floods


# Answers that are not read


def test_who_does_not_read_its_answers_is_not_heard_until_it_does(world, client):
    (queue,) = world.bound[b"q"]
    client.send(message(b"q", bytes(220_000)) * 20)
    client.on_method[GET] = lambda *_: client.channel().get(queue, True)
    gets = method_frame(1, GET) * 10
    client.send(gets)
    assert (len(client.methods), client.connection.paused) == (6, True)
    assert not client.connection.held
    client.take(440_000)
    assert client.offer(b"x") == b"x"
    client.take(440_000)
    assert world.shard.take_resumed() == [client]
    client.connection.go_on(NOW)
    assert queue.ready_count == 21 - 10


def test_returned_messages_are_answers(world, client):
    def bounce(*arguments: object) -> None:
        client.connection.write(bytes(220_000))

    client.returned = bounce
    client.send(message(b"nowhere", b"x", mandatory=True) * 10)
    assert len(client.take()) == 1_100_000
    assert world.shard.take_resumed() == [client]


def test_confirms_are_answers(world, client):
    client.connection.write(bytes(2 * FULL))
    client.channel().select_confirm()
    for _ in range(FULL // 21 + 1):
        assert client.offer(message(b"q", b"x")) == b""
        world.shard.turn()
    assert client.offer(message(b"q", b"x")) != b""


def test_deliveries_that_are_not_read_keep_nobody_from_publishing(world, client):
    """It may be one that reads when it has sent what it has to send."""
    client.consume(world.bound[b"q"][0], no_ack=True)
    for _ in range(20):
        client.send(message(b"q", bytes(100_000)))
        world.turn()
    assert not client.connection.paused
