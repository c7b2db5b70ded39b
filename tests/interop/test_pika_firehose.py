"""pika: the firehose, which `leveret ctl trace_on` begins."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from tests.broker_process import BrokerProcess, running_broker
from tests.interop.pika_inbox import Delivery, Inbox

EXCHANGE = "amq.rabbitmq.trace"


class Traced:
    """A broker, a channel that works, and one that hears what is copied."""

    def __init__(self, process: BrokerProcess, socket: Path) -> None:
        self.socket = socket
        self.url = process.url
        self.connection = pika.BlockingConnection(pika.URLParameters(process.url))
        self.channel: BlockingChannel = self.connection.channel()
        self.listener = pika.BlockingConnection(pika.URLParameters(process.url))
        listening = self.listener.channel()
        queue = listening.queue_declare("", exclusive=True).method.queue
        listening.queue_bind(queue, EXCHANGE, "#")
        self.inbox = Inbox(listening, queue, auto_ack=True)

    def ctl(self, *words: str) -> None:
        command = [sys.executable, "-m", "leveret", "ctl", *words, "--socket", str(self.socket)]
        subprocess.run(command, check=True, timeout=30)

    def heard(self, count: int) -> list[Delivery]:
        deliveries = self.inbox.wait(count)
        self.inbox.deliveries = []
        return deliveries

    def keys(self, count: int) -> list[str]:
        return [delivery.method.routing_key for delivery in self.heard(count)]


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[Traced]:
    socket = tmp_path / "socket"
    with running_broker("--control-socket", str(socket)) as process:
        traced = Traced(process, socket)
        yield traced
        traced.connection.close()
        traced.listener.close()


def test_what_is_published_and_delivered_is_copied_while_it_is_on(traced: Traced) -> None:
    channel = traced.channel
    channel.queue_declare("q")
    inbox = Inbox(channel, "q", auto_ack=True)
    properties = pika.BasicProperties(content_type="text/plain", priority=3, headers={"a": 1})
    channel.basic_publish("", "q", b"before", properties)
    inbox.wait(1)
    traced.ctl("trace_on")
    channel.basic_publish("", "q", b"body", properties)
    inbox.wait(2)
    published, delivered = traced.heard(2)
    assert (published.method.routing_key, published.body) == ("publish.", b"body")
    headers = published.properties.headers
    assert (headers["exchange_name"], headers["routing_keys"]) == ("", ["q"])
    assert headers["properties"] == {
        "content_type": "text/plain",
        "priority": 3,
        "headers": {"a": 1},
    }
    assert (headers["routed_queues"], headers["user"], headers["vhost"]) == (["q"], "guest", "/")
    assert headers["connection"].startswith("127.0.0.1:")
    assert (delivered.method.routing_key, delivered.body) == ("deliver.q", b"body")
    headers = delivered.properties.headers
    assert (headers["redelivered"], headers["routing_keys"], headers["channel"]) == (0, ["q"], 1)
    traced.ctl("trace_off")
    channel.basic_publish("", "q", b"after", properties)
    assert [delivery.body for delivery in inbox.wait(3)] == [b"before", b"body", b"after"]
    traced.ctl("trace_on")
    channel.basic_publish("", "q", b"again", properties)
    assert [delivery.body for delivery in traced.heard(2)] == [b"again", b"again"]


def test_get_redelivery_and_a_new_connection_are_copied_too(traced: Traced) -> None:
    traced.ctl("trace_on")
    with pika.BlockingConnection(pika.URLParameters(traced.url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.exchange_declare("x", "fanout")
        channel.queue_declare("q")
        channel.queue_bind("q", "x")
        channel.basic_publish("x", "k", b"1" * 300_000)
        method, _, _ = channel.basic_get("q")
        channel.basic_nack(method.delivery_tag)
        _, _, body = channel.basic_get("q", auto_ack=True)
        assert body == b"1" * 300_000
        channel.queue_delete("q")
        channel.exchange_delete("x")
    copies = traced.heard(3)
    assert [copy.method.routing_key for copy in copies] == ["publish.x", "deliver.q", "deliver.q"]
    assert [copy.properties.headers.get("redelivered") for copy in copies] == [None, 0, 1]
    assert all(copy.body == b"1" * 300_000 for copy in copies)


def test_a_mandatory_message_without_a_queue_is_copied_and_comes_back(traced: Traced) -> None:
    traced.ctl("trace_on")
    traced.channel.confirm_delivery()
    with pytest.raises(pika.exceptions.UnroutableError):
        traced.channel.basic_publish("amq.topic", "nobody", b"x", mandatory=True)
    (copy,) = traced.heard(1)
    assert copy.method.routing_key == "publish.amq.topic"
    assert copy.properties.headers["routed_queues"] == []


def test_another_virtual_host_is_left_alone(traced: Traced) -> None:
    traced.ctl("add_vhost", "other")
    traced.ctl("trace_on", "-p", "other")
    traced.channel.queue_declare("q")
    traced.channel.basic_publish("", "q", b"x")
    assert traced.channel.basic_get("q", auto_ack=True)[2] == b"x"
    traced.ctl("trace_on")
    traced.channel.basic_publish("", "q", b"y")
    assert [copy.body for copy in traced.heard(1)] == [b"y"]
