"""Messages that have a route of their own: more than the routing key decides, or CC and BCC."""

import pytest

from leveret.engine.errors import PeerViolation
from leveret.engine.queue import Queue
from tests.engine.client import PUBLISH, Client, World

NO_HEADERS = b"\x20\x00\x00\x00\x00\x00"
WITH_COPIES = b"\x20\x00\x00\x00\x00\x04\x02CCV"
WITH_BLIND_COPIES = b"\x20\x00\x00\x00\x00\x05\x03BCCV"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def queue(world) -> Queue:
    return world.queue(b"q")


@pytest.fixture
def client(world, queue) -> Client:
    return world.connect()


def test_where_more_than_the_key_decides_each_message_has_a_route_of_its_own(world, client, queue):
    other = world.queue()
    routes = iter([[queue], [other, queue], []])
    client.by_content = lambda properties: (next(routes), properties)
    for body in (b"1", b"22", b""):
        client.publish(b"k", body, b"\x10\x00\x02", exchange=b"by content")
    assert (queue.ready_count, other.ready_count) == (2, 1)
    assert client.routed == [(1, b"by content", b"k")]
    names = (1, b"by content", b"k", b"\x10\x00\x02")
    assert client.looked_into == [(*names, b"1"), (*names, b"22"), (*names, b"")]


def test_a_message_on_a_route_of_its_own_keeps_its_names(world, client, queue):
    client.by_content = lambda properties: ([queue], properties)
    client.publish(b"k", b"x" * 200_000, exchange=b"by content")
    client.consume(queue)
    world.turn()
    (message,) = client.messages()
    assert (message.exchange, message.routing_key) == (b"by content", b"k")
    assert (message.properties, message.body) == (b"\0\0", b"x" * 200_000)


@pytest.mark.parametrize("copied", [WITH_COPIES, WITH_BLIND_COPIES])
def test_a_message_with_copies_has_a_route_of_its_own(world, client, queue, copied):
    other = world.queue()
    client.by_content = lambda properties: ([queue, other], properties)
    for properties in (b"\0\0", copied, copied, NO_HEADERS):
        client.publish(b"q", b"x", properties)
    assert (queue.ready_count, other.ready_count) == (4, 2)
    assert [properties for *_, properties, _ in client.looked_into] == [copied] * 2


def test_a_message_goes_on_with_the_properties_that_the_control_plane_gives_it(
    world, client, queue
):
    longer = b"\x80\x00\xff" + bytes(255)
    replaced = iter([NO_HEADERS, longer])
    client.by_content = lambda properties: ([queue], next(replaced))
    for properties in (WITH_COPIES, NO_HEADERS, WITH_COPIES, b"\0\0"):
        client.publish(b"q", b"x", properties)
    client.consume(queue)
    world.turn()
    assert [message.properties for message in client.messages()] == [
        NO_HEADERS,
        NO_HEADERS,
        longer,
        b"\0\0",
    ]
    assert len(client.looked_into) == 2


def test_a_mandatory_message_that_its_own_route_leads_nowhere_comes_back(client):
    client.by_content = lambda properties: ([], NO_HEADERS)
    client.publish(b"k", b"x", WITH_BLIND_COPIES, exchange=b"by content", mandatory=True)
    assert client.returns == [(1, b"by content", b"k", NO_HEADERS, b"x")]


def test_a_message_that_cannot_have_a_route_fails_its_channel(client, queue):
    def refuse(properties):
        raise PeerViolation("precondition_failed", "invalid message", 1, PUBLISH)

    client.by_content = refuse
    client.publish(b"q", b"x", WITH_COPIES)
    assert client.violation() == ("precondition_failed", "invalid message", 1, PUBLISH)
    assert queue.ready_count == 0


def test_in_a_transaction_a_message_has_its_route_at_the_commit(client, queue):
    client.by_content = lambda properties: ([queue], NO_HEADERS)
    client.channel().select_transaction()
    client.publish(b"k", b"x", exchange=b"by content")
    client.publish(b"k", b"x", WITH_COPIES)
    assert (client.looked_into, queue.ready_count) == ([], 0)
    assert client.channel().commit()
    assert (len(client.looked_into), queue.ready_count) == (2, 2)


def test_in_a_transaction_too_copies_that_cannot_be_fail_the_channel_at_once(client, queue):
    def refuse(properties):
        raise PeerViolation("precondition_failed", "invalid message", 1, PUBLISH)

    client.channel().select_transaction()
    client.by_content = refuse
    client.publish(b"k", b"x", exchange=b"by content")
    assert client.violations == []
    client.publish(b"q", b"x", WITH_COPIES)
    assert client.violation()[0] == "precondition_failed"
