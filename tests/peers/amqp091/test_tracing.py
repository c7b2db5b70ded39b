from functools import partial

import pytest

from leveret.broker.firehose import TRACE_EXCHANGE
from leveret.peers.amqp091.notice import trace_properties
from leveret.wire.amqp091.methods import (
    BasicConsume,
    BasicGet,
    BasicReject,
    QueueDeclare,
    TxCommit,
    TxSelect,
)
from leveret.wire.amqp091.properties import BasicProperties
from tests.peers.client_peer import Server


class Traced:
    """A server, a client with the queue "q", and one that hears what is copied."""

    def __init__(self):
        self.server = Server()
        self.server.broker.hosts.write_trace = partial(trace_properties, "leveret@test")
        self.host = self.server.host
        self.host.declare_queue("copies", connection=None)
        self.host.bind_queue(
            queue="copies", exchange=TRACE_EXCHANGE, routing_key="#", connection=None
        )
        self.client = self.server.client()
        self.client.send(QueueDeclare(queue="q"))
        self.listener = self.server.client()
        self.listener.send(BasicConsume(queue="copies", no_ack=True))

    def switch(self, is_on):
        chore = self.server.broker.hosts.trace("/", is_on=is_on)
        while not chore.done:
            self.server.shard.turn()

    def heard(self):
        self.server.shard.turn()
        return [each for each in self.listener.take() if each.body is not None]

    def keys(self):
        return [copy.method.routing_key for copy in self.heard()]


@pytest.fixture
def traced():
    return Traced()


def test_a_route_that_a_channel_remembers_is_forgotten_when_it_begins_and_when_it_ends(traced):
    traced.client.publish("", "q", b"1")
    traced.switch(True)
    traced.client.publish("", "q", b"2")
    assert traced.keys() == ["publish."]
    traced.switch(False)
    traced.client.publish("", "q", b"3")
    assert traced.keys() == []
    assert traced.host.queues["q"].message_count == 3


def test_a_copy_has_the_body_and_tells_the_properties(traced):
    traced.switch(True)
    properties = BasicProperties(app_id="app", delivery_mode=2, headers={"a": [1]})
    traced.client.publish("", "q", b"body", properties=properties)
    (copy,) = traced.heard()
    assert copy.body == b"body"
    assert copy.properties.delivery_mode is None
    assert copy.properties.headers == {
        **{"exchange_name": "", "routing_keys": ["q"], "node": "leveret@test", "vhost": "/"},
        "properties": {"app_id": "app", "delivery_mode": 2, "headers": {"a": [1]}},
        **{"channel": 1, "user": "guest", "routed_queues": ["q"]},
        "connection": str(copy.properties.headers["connection"]),
    }


def test_consumers_that_run_already_and_those_to_come_are_told(traced):
    traced.client.send(BasicConsume(queue="q", consumer_tag="a"))
    traced.switch(True)
    traced.client.publish("", "q", b"1")
    assert sorted(traced.keys()) == ["deliver.q", "publish."]
    other = traced.server.client()
    other.send(QueueDeclare(queue="r"))
    other.send(BasicConsume(queue="r", consumer_tag="b", no_ack=True))
    traced.client.publish("", "r", b"2")
    assert sorted(traced.keys()) == ["deliver.r", "publish."]
    traced.switch(False)
    traced.client.publish("", "q", b"3")
    assert traced.keys() == []


def test_what_is_got_and_comes_back_is_redelivered(traced):
    traced.client.publish("", "q", b"1")
    traced.switch(True)
    (got,) = traced.client.send(BasicGet(queue="q"))
    traced.client.send(BasicReject(delivery_tag=got.method.delivery_tag, requeue=True))
    traced.client.send(BasicGet(queue="q"))
    copies = traced.heard()
    assert [copy.method.routing_key for copy in copies] == ["deliver.q", "deliver.q"]
    assert [copy.properties.headers["redelivered"] for copy in copies] == [0, 1]


def test_a_body_of_many_frames_is_copied_whole_and_delivered_as_ever(traced):
    traced.switch(True)
    body = bytes(range(256)) * 2_000
    traced.client.send(BasicConsume(queue="q", no_ack=True))
    traced.client.put(traced.client.publication("", "q", body))
    (delivered,) = (each for each in traced.client.take() if each.body is not None)
    assert delivered.body == body
    assert [copy.body for copy in traced.heard()] == [body, body]


def test_a_transaction_is_copied_at_its_commit(traced):
    traced.switch(True)
    traced.client.send(TxSelect())
    traced.client.publish("", "q", b"1")
    assert traced.keys() == []
    traced.client.send(TxCommit())
    assert traced.keys() == ["publish."]


def test_properties_that_cannot_be_read_are_not_told():
    properties = trace_properties(
        "n", b"\x20\x00\x00\x00\x00\x05", {"exchange_name": "", "routing_keys": ()}
    )
    assert b"properties" in properties
