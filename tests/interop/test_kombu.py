"""kombu: entities, serializers, pools, retries, and the mailbox of remote control."""

import socket
from collections.abc import Iterator
from typing import Any

import amqp.exceptions
import kombu.pools
import pytest
from kombu import Connection, Consumer, Exchange, Producer, Queue
from kombu.common import collect_replies, eventloop, itermessages, maybe_declare, send_reply, uuid
from kombu.exceptions import OperationalError
from kombu.message import Message
from kombu.mixins import ConsumerProducerMixin
from kombu.pidbox import Mailbox

from tests.interop.broker_under_test import BrokerUnderTest

WAIT_SECONDS_MAX = 10


@pytest.fixture
def connection(broker: BrokerUnderTest, name: str) -> Iterator[Connection]:
    with Connection(broker.url) as connection:
        yield connection


@pytest.fixture
def queue(connection: Connection, name: str) -> Any:
    """Bound to an exchange of the same name, which the test's end removes."""
    bound = Queue(name, Exchange(name, "topic"), routing_key="a.*")(connection.default_channel)
    bound.declare()
    return bound


def payloads_left(queue: Any) -> list[Any]:
    return [message.payload for message in iter(lambda: queue.get(no_ack=True), None)]


def test_publishing_declares_what_it_needs(connection: Connection, name: str) -> None:
    queue = Queue(name, Exchange(name, "direct"), routing_key="k")
    producer = connection.Producer()
    producer.publish({"n": 1}, exchange=queue.exchange, routing_key="k", declare=[queue])
    assert payloads_left(queue(connection)) == [{"n": 1}]


@pytest.mark.parametrize(
    ("serializer", "compression", "content_type"),
    [
        ("json", None, "application/json"),
        ("json", "zlib", "application/json"),
        ("pickle", "bzip2", "application/x-python-serialize"),
    ],
)
def test_payloads_come_back(
    connection: Connection,
    queue: Any,
    serializer: str,
    compression: str | None,
    content_type: str,
) -> None:
    payload = {"text": "ü" * 1000, "list": [1, 2.5, None]}
    connection.Producer(exchange=queue.exchange).publish(
        payload, routing_key="a.b", serializer=serializer, compression=compression
    )
    message = queue.get(no_ack=True, accept=["json", "pickle"])
    assert message.payload == payload
    assert message.content_type == content_type


def test_priority_expiration_and_headers_are_kept(connection: Connection, queue: Any) -> None:
    connection.Producer(exchange=queue.exchange).publish(
        "x", routing_key="a.b", priority=4, expiration=60, headers={"h": [1]}, message_id="m"
    )
    message = queue.get(no_ack=True)
    assert message.headers == {"h": [1]}
    properties = message.properties
    assert (properties["priority"], properties["expiration"]) == (4, "60000")
    assert properties["message_id"] == "m"


def test_consuming_with_prefetch_and_acks(connection: Connection, queue: Any) -> None:
    seen: list[Message] = []
    producer = connection.Producer(exchange=queue.exchange, routing_key="a.b")
    for number in range(4):
        producer.publish(number)
    with Consumer(connection, [queue], on_message=seen.append, prefetch_count=1, accept=["json"]):
        for count in range(1, 4):
            while len(seen) < count:
                connection.drain_events(timeout=WAIT_SECONDS_MAX)
            seen[-1].ack()
    assert [message.payload for message in seen[:3]] == [0, 1, 2]


def test_settling_twice_is_an_error(connection: Connection, queue: Any) -> None:
    connection.Producer(exchange=queue.exchange).publish("x", routing_key="a.b")
    message = queue.get()
    message.requeue()
    with pytest.raises(message.MessageStateError):
        message.ack()
    again = queue.get()
    assert again.delivery_info["redelivered"]
    again.reject()
    assert queue.get() is None


def test_iterating_over_messages(connection: Connection, queue: Any) -> None:
    producer = connection.Producer(exchange=queue.exchange, routing_key="a.b")
    for number in range(3):
        producer.publish({"n": number})
    channel = connection.channel()
    seen = []
    for body, message in itermessages(connection, channel, queue, limit=3, timeout=10):
        message.ack()
        seen.append(body["n"])
    assert seen == [0, 1, 2]


def test_simple_queues(connection: Connection, name: str) -> None:
    with connection.SimpleQueue(name) as queue:
        queue.put({"simple": True}, serializer="json", compression="zlib")
        assert queue.qsize() == 1
        message = queue.get(timeout=WAIT_SECONDS_MAX)
        assert message.payload == {"simple": True}
        message.ack()
        with pytest.raises(queue.Empty):
            queue.get_nowait()


def test_exchanges_bound_and_unbound(connection: Connection, queue: Any) -> None:
    source = Exchange("amq.fanout", "fanout")
    queue.exchange.bind_to(source, routing_key="")
    producer = connection.Producer()
    producer.publish("through", exchange=source, routing_key="a.x")
    queue.exchange.unbind_from(source, routing_key="")
    producer.publish("beside", exchange=source, routing_key="a.x")
    assert payloads_left(queue) == ["through"]


def test_unbinding_purging_and_deleting(connection: Connection, queue: Any) -> None:
    producer = connection.Producer(exchange=queue.exchange)
    producer.publish("x", routing_key="a.b")
    assert queue.purge() == 1
    queue.unbind_from(queue.exchange, "a.*")
    producer.publish("x", routing_key="a.b")
    assert queue.delete() == 0


def test_a_mandatory_message_is_returned(connection: Connection, queue: Any) -> None:
    returned: list[tuple[Any, ...]] = []
    producer = Producer(
        connection, queue.exchange, on_return=lambda *arguments: returned.append(arguments)
    )
    producer.publish("x", routing_key="nowhere", mandatory=True)
    connection.drain_events(timeout=WAIT_SECONDS_MAX)
    ((error, exchange, routing_key, _message),) = returned
    assert (error.reply_code, exchange, routing_key) == (312, queue.name, "nowhere")


def test_confirmed_publishing(broker: BrokerUnderTest, queue: Any) -> None:
    options = {"confirm_publish": True}
    with Connection(broker.url, transport_options=options) as connection:
        producer = connection.Producer(exchange=queue.exchange)
        for number in range(10):
            producer.publish(number, routing_key="a.b", confirm_timeout=WAIT_SECONDS_MAX)
        assert payloads_left(queue) == list(range(10))


def test_a_pool_of_producers(broker: BrokerUnderTest, queue: Any) -> None:
    with Connection(broker.url) as connection:
        pool = kombu.pools.Producers(limit=2)[connection]
        with pool.acquire(block=True) as one, pool.acquire(block=True) as other:
            one.publish(1, exchange=queue.exchange.name, routing_key="a.b")
            other.publish(2, exchange=queue.exchange.name, routing_key="a.b")
            with pytest.raises(pool.LimitExceeded):
                pool.acquire()
        pool.force_close_all()
        kombu.pools.reset()
    assert sorted(payloads_left(queue)) == [1, 2]


def test_publishing_survives_a_lost_connection(connection: Connection, queue: Any) -> None:
    with connection.clone() as other:
        producer = other.Producer(exchange=queue.exchange)
        producer.publish("before", routing_key="a.b")
        other.connection.transport.sock.shutdown(socket.SHUT_RDWR)
        policy = {"max_retries": 3, "interval_start": 0}
        for _ in range(2):  # the first write after a shutdown may seem to succeed
            producer.publish("after", routing_key="a.b", retry=True, retry_policy=policy)
    assert payloads_left(queue)[-1] == "after"


def test_replies(connection: Connection, queue: Any) -> None:
    channel = connection.channel()
    replies = Queue(f"{queue.name}.reply", exclusive=True, durable=False)
    request = {"reply_to": replies.name, "correlation_id": uuid()}
    replies(channel).declare()
    connection.Producer(exchange=queue.exchange).publish({"ask": 1}, routing_key="a.b", **request)
    send_reply(Exchange(""), queue.get(no_ack=True), {"answer": 42}, connection.Producer())
    assert list(collect_replies(connection, channel, replies, limit=1, timeout=10)) == [
        {"answer": 42}
    ]


def test_a_consumer_mixin_answers(connection: Connection, queue: Any) -> None:
    out = Queue(f"{queue.name}.out", exclusive=True)(connection.default_channel)
    out.queue_declare()

    class Doubler(ConsumerProducerMixin):
        def __init__(self) -> None:
            self.connection = connection

        def get_consumers(self, consumer: Any, _channel: Any) -> list[Consumer]:
            return [consumer([queue], callbacks=[self.double])]

        def double(self, body: int, message: Message) -> None:
            self.producer.publish(body * 2, exchange="", routing_key=out.name)
            message.ack()
            self.should_stop = True

    connection.Producer(exchange=queue.exchange).publish(21, routing_key="a.b")
    doubler = Doubler()
    doubler.run(timeout=WAIT_SECONDS_MAX)
    doubler.producer_connection.close()
    assert payloads_left(out) == [42]


def test_a_mailbox_asks_and_is_answered(
    broker: BrokerUnderTest, connection: Connection, name: str
) -> None:
    mailbox = Mailbox(name, type="fanout", accept=["json"])(connection)
    node = mailbox.Node("one", state="state", channel=connection.channel())
    node.handler(double)
    with node.listen(callback=node.handle_message):
        answers = mailbox.multi_call("double", {"number": 4}, timeout=WAIT_SECONDS_MAX, limit=1)
    broker.forget(f"{name}.pidbox")
    broker.forget(f"reply.{name}.pidbox")
    assert answers == [{"one": 8}]


def double(_state: str, number: int) -> int:
    return number * 2


def test_a_lost_channel_is_told_with_code_and_text(connection: Connection, name: str) -> None:
    channel = connection.channel()
    with pytest.raises(amqp.exceptions.NotFound) as error:
        Queue(name, channel=channel).queue_declare(passive=True)
    assert error.value.reply_text == f"NOT_FOUND - no queue '{name}' in vhost '/'"
    assert isinstance(error.value, connection.channel_errors)
    assert connection.connected


def test_a_queue_that_is_another(connection: Connection, queue: Any) -> None:
    other = Queue(queue.name, max_length=5)
    with pytest.raises(amqp.exceptions.PreconditionFailed) as error:
        other(connection.channel()).queue_declare()
    assert error.value.reply_text == (
        f"PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue '{queue.name}' in vhost "
        "'/': received the value '5' of type 'signedint' but current is none"
    )


def test_nobody_listens(broker: BrokerUnderTest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with Connection(f"amqp://127.0.0.1:{port}") as connection, pytest.raises(OperationalError):
        connection.ensure_connection(max_retries=1, interval_start=0)


def test_a_wrong_password(broker: BrokerUnderTest) -> None:
    url = broker.url.replace("guest:guest@", "guest:wrong@")
    with (
        Connection(url) as connection,
        pytest.raises(amqp.exceptions.AccessRefused, match="ACCESS_REFUSED - Login was refused"),
    ):
        connection.connect()


def test_entities_are_declared_once(connection: Connection, name: str) -> None:
    channel = connection.default_channel
    exchange = Exchange(name, durable=True, auto_delete=False)(channel)
    assert maybe_declare(exchange, channel) is True
    assert maybe_declare(exchange, channel) is False


def test_an_event_loop_that_times_out(connection: Connection, queue: Any) -> None:
    with Consumer(connection, [queue], accept=["json"]), pytest.raises(socket.timeout):
        list(eventloop(connection, limit=1, timeout=0.05))
