"""What the channels of a connection share, and what those of another do not."""

from tests.engine.client import (
    NOW,
    Client,
    World,
    body_frame,
    header_frame,
    message,
    method_frame,
    publish_frame,
)


def test_a_connection_publishes_by_the_routes_of_its_virtual_host():
    here, there = World(), World()
    there.shard = here.shard
    queues = here.queue(b"k"), there.queue(b"k")
    for world in (here, there, here):
        world.connect().publish(b"k")
    assert [queue.ready_count for queue in queues] == [2, 1]


def test_a_connection_that_entered_no_virtual_host_knows_no_route():
    world = World()
    queue = world.queue(b"k")
    world.connect().publish(b"k")
    client = Client(world)
    client.connection = type(client.connection)(world.shard, client, client)
    client.send(b"AMQP\0\0\x09\x01")
    client.open_channel(1)
    client.publish(b"k")
    assert (len(client.routed), queue.ready_count) == (1, 2)


def test_frame_max_is_the_connections_own():
    world = World()
    world.queue(b"k")
    small, large = world.connect(frame_max=4096), world.connect()
    for client in (small, large):
        client.send(publish_frame(b"k") + header_frame(4097) + body_frame(bytes(4097)))
    assert [len(client.violations) for client in (small, large)] == [1, 0]


def test_what_one_connection_has_unfinished_is_no_concern_of_another():
    world = World()
    world.queue(b"k")
    one, other = world.connect(), world.connect()
    one.send(publish_frame(b"k") + header_frame(2) + body_frame(b"a"))
    other.publish(b"k", b"x")
    one.send(body_frame(b"b"))
    reader = world.connect()
    reader.consume(world.bound[b"k"][0])
    world.turn()
    assert reader.bodies() == [b"x", b"ab"]


def arrival(world: World) -> int:
    """Of the first message: eight bytes into its record."""
    return int.from_bytes(world.shard.records.chunks[0].buffer.bytes_at(8, 8), "big")


def test_a_records_arrival_is_the_time_of_its_read():
    world = World()
    world.queue(b"k")
    world.connect().publish(b"k", b"x")
    assert arrival(world) == NOW


def test_a_message_that_had_to_wait_arrives_when_it_is_heard():
    world = World()
    world.queue(b"k")
    client = world.connect()
    client.on_method[50 << 16 | 10] = lambda *_: client.connection.pause()
    client.send(method_frame(1, 50 << 16 | 10) + message(b"k", b"x"))
    client.connection.resume(NOW + 5)
    assert arrival(world) == NOW + 5
