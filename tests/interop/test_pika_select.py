"""pika's SelectConnection: callbacks, many things under way at once, and no waiting for answers."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pika
import pytest
from pika.channel import Channel
from pika.exceptions import ChannelClosedByBroker, ConnectionClosedByClient

from tests.interop.broker_under_test import BrokerUnderTest

WAIT_SECONDS_MAX = 10


class Session:
    """A connection whose loop runs only while a test waits for something."""

    def __init__(self, parameters: pika.URLParameters) -> None:
        self.closed: list[BaseException] = []
        self.opened: list[object] = []
        self.connection = pika.SelectConnection(
            parameters,
            on_open_callback=self.opened.append,
            on_open_error_callback=lambda _connection, error: self.closed.append(error),
            on_close_callback=lambda _connection, reason: self.closed.append(reason),
        )
        self.connection.ioloop.activate_poller()
        self.wait(lambda: bool(self.opened))

    def wait(self, condition: Callable[[], bool]) -> None:
        limit = time.monotonic() + WAIT_SECONDS_MAX
        while not condition():
            assert time.monotonic() < limit, f"waited in vain; closed: {self.closed}"
            self.connection.ioloop.process_timeouts()
            self.connection.ioloop.poll()

    def wait_answer(self, call: Callable[..., object], *arguments: Any, **options: Any) -> Any:
        """Calls something that takes a callback, and waits for what this is called with."""
        answers: list[Any] = []
        call(*arguments, callback=answers.append, **options)
        self.wait(lambda: bool(answers))
        return answers[0]

    def channel(self) -> Channel:
        opened: list[Channel] = []
        self.connection.channel(on_open_callback=opened.append)
        self.wait(lambda: bool(opened))
        return opened[0]

    def queue(self, channel: Channel, name: str = "") -> str:
        return str(self.wait_answer(channel.queue_declare, queue=name, exclusive=True).method.queue)

    def collect(self, channel: Channel, queue: str, **options: Any) -> list[tuple[Any, bytes]]:
        """Consumes into the list that it returns."""
        inbox: list[tuple[Any, bytes]] = []
        self.wait_answer(
            channel.basic_consume,
            queue,
            lambda _channel, method, _properties, body: inbox.append((method, body)),
            **options,
        )
        return inbox

    def close(self) -> None:
        if not self.connection.is_closed:
            self.connection.close()
            self.wait(lambda: self.connection.is_closed)
        self.connection.ioloop.deactivate_poller()
        self.connection.ioloop.close()


@pytest.fixture
def session(broker: BrokerUnderTest, name: str) -> Iterator[Session]:
    session = Session(broker.parameters())
    yield session
    session.close()


@pytest.fixture
def channel(session: Session) -> Channel:
    return session.channel()


@pytest.fixture
def queue(session: Session, channel: Channel, name: str) -> str:
    return session.queue(channel, name)


class Confirms:
    """Every publish sequence number with its verdict, in the order of the verdicts."""

    def __init__(self, channel: Channel) -> None:
        self.verdicts: list[tuple[int, str]] = []
        channel.confirm_delivery(self._keep)

    def _keep(self, frame: Any) -> None:
        first = self.tag + 1 if frame.method.multiple else frame.method.delivery_tag
        for tag in range(first, frame.method.delivery_tag + 1):
            self.verdicts.append((tag, frame.method.NAME))

    @property
    def tag(self) -> int:
        """The last sequence number of the unbroken confirmed prefix."""
        tag = 0
        confirmed = {verdict[0] for verdict in self.verdicts}
        while tag + 1 in confirmed:
            tag += 1
        return tag


def test_a_burst_is_confirmed_completely_and_each_message_once(
    session: Session, channel: Channel, queue: str
) -> None:
    confirms = Confirms(channel)
    for number in range(1000):
        channel.basic_publish("", queue, b"%d" % number)
    session.wait(lambda: len(confirms.verdicts) >= 1000)
    assert sorted(confirms.verdicts) == [(tag, "Basic.Ack") for tag in range(1, 1001)]
    declared = session.wait_answer(channel.queue_declare, queue=queue, passive=True)
    assert declared.method.message_count == 1000


def test_each_channel_counts_its_confirms_on_its_own(session: Session, queue: str) -> None:
    channels = [session.channel() for _ in range(3)]
    all_confirms = [Confirms(channel) for channel in channels]
    for number in range(30):
        channels[number % 3].basic_publish("", queue, b"")
    for confirms in all_confirms:
        session.wait(lambda confirms=confirms: confirms.tag == 10)


def test_a_message_is_returned_before_it_is_confirmed(session: Session, channel: Channel) -> None:
    events: list[str] = []
    channel.add_on_return_callback(
        lambda *returned: events.append(f"return {returned[1].reply_code}")
    )
    channel.confirm_delivery(lambda frame: events.append(f"ack {frame.method.delivery_tag}"))
    channel.basic_publish("", "nobody", b"", mandatory=True)
    session.wait(lambda: "ack 1" in events)
    assert events == ["return 312", "ack 1"]


def test_publishing_to_no_exchange_closes_the_channel_without_a_confirm(
    session: Session, channel: Channel, name: str
) -> None:
    confirms = Confirms(channel)
    reasons: list[BaseException] = []
    channel.add_on_close_callback(lambda _channel, reason: reasons.append(reason))
    channel.basic_publish(name, "", b"")
    session.wait(lambda: bool(reasons))
    assert isinstance(reasons[0], ChannelClosedByBroker)
    assert reasons[0].reply_code == 404
    assert confirms.verdicts == []
    assert session.channel().is_open


def test_everything_without_waiting_for_an_answer(
    session: Session, channel: Channel, name: str
) -> None:
    channel.exchange_declare(name, "direct", callback=None)
    channel.queue_declare(name, exclusive=True, callback=None)
    for key in ("a", "b"):
        channel.queue_bind(name, name, key, callback=None)
    channel.queue_unbind(name, name, "b", callback=None)
    for key in ("a", "b"):
        channel.basic_publish(name, key, key.encode())
    inbox = session.collect(channel, name, auto_ack=True)
    session.wait(lambda: bool(inbox))
    assert [body for _, body in inbox] == [b"a"]


def test_purge_cancel_and_delete_without_waiting_for_an_answer(
    session: Session, channel: Channel, queue: str
) -> None:
    channel.basic_publish("", queue, b"purged")
    channel.queue_purge(queue, callback=None)
    inbox = session.collect(channel, queue, auto_ack=True, consumer_tag="brief")
    channel.basic_cancel("brief", callback=None)
    channel.basic_publish("", queue, b"left")
    empty = session.wait_answer(channel.queue_purge, queue).method
    assert (empty.message_count, inbox) == (1, [])
    channel.queue_delete(queue, callback=None)
    again = session.wait_answer(channel.queue_declare, queue=queue, exclusive=True)
    assert (again.method.message_count, again.method.consumer_count) == (0, 0)


def test_an_error_is_told_even_where_no_answer_was_wanted(
    session: Session, channel: Channel, name: str
) -> None:
    reasons: list[BaseException] = []
    channel.add_on_close_callback(lambda _channel, reason: reasons.append(reason))
    channel.queue_bind(name, "amq.direct", "k", callback=None)
    session.wait(lambda: bool(reasons))
    assert reasons[0].args == (404, f"NOT_FOUND - no queue '{name}' in vhost '/'")


def test_messages_published_while_being_consumed_keep_their_order(
    session: Session, channel: Channel, queue: str
) -> None:
    inbox = session.collect(session.channel(), queue, auto_ack=True)
    for number in range(2000):
        channel.basic_publish("", queue, b"%d" % number)
    session.wait(lambda: len(inbox) == 2000)
    assert [body for _, body in inbox] == [b"%d" % number for number in range(2000)]
    assert [method.delivery_tag for method, _ in inbox] == list(range(1, 2001))


def test_prefetch_refills_as_messages_are_acknowledged(
    session: Session, channel: Channel, queue: str
) -> None:
    session.wait_answer(channel.basic_qos, prefetch_count=5)
    in_hand: list[int] = []
    most: list[int] = []

    def settle_when_full(_channel: Channel, method: Any, _properties: Any, _body: bytes) -> None:
        in_hand.append(method.delivery_tag)
        most.append(len(in_hand))
        if len(in_hand) == 5:
            channel.basic_ack(method.delivery_tag, multiple=True)
            in_hand.clear()

    for number in range(100):
        channel.basic_publish("", queue, b"%d" % number)
    channel.basic_consume(queue, settle_when_full)
    session.wait(lambda: len(most) == 100)
    assert max(most) == 5


def test_one_message_moves_from_consumer_to_consumer_as_it_is_refused(
    session: Session, channel: Channel, queue: str
) -> None:
    seen: list[tuple[str, bool]] = []

    def refuse(_channel: Channel, method: Any, _properties: Any, _body: bytes) -> None:
        seen.append((method.consumer_tag, method.redelivered))
        channel.basic_nack(method.delivery_tag, requeue=len(seen) < 6)

    for tag in ("one", "two"):
        channel.basic_consume(queue, refuse, consumer_tag=tag)
    channel.basic_publish("", queue, b"hot potato")
    session.wait(lambda: len(seen) == 6)
    assert {tag for tag, _ in seen} == {"one", "two"}
    assert [redelivered for _, redelivered in seen] == [False] + [True] * 5


def test_get_and_get_empty(session: Session, channel: Channel, queue: str) -> None:
    got: list[bytes] = []
    empty: list[object] = []
    channel.add_callback(empty.append, [pika.spec.Basic.GetEmpty])
    channel.basic_publish("", queue, b"one")
    channel.basic_get(queue, lambda *message: got.append(message[3]), auto_ack=True)
    session.wait(lambda: bool(got))
    channel.basic_get(queue, lambda *message: got.append(message[3]), auto_ack=True)
    session.wait(lambda: bool(empty))
    assert got == [b"one"]


def test_a_deleted_queue_cancels_consumers_on_every_channel(
    session: Session, channel: Channel, queue: str
) -> None:
    cancelled: list[str] = []
    for tag in ("one", "two"):
        consumer = session.channel()
        consumer.add_on_cancel_callback(lambda frame: cancelled.append(frame.method.consumer_tag))
        session.collect(consumer, queue, consumer_tag=tag)
    channel.queue_delete(queue)
    session.wait(lambda: len(cancelled) == 2)
    assert sorted(cancelled) == ["one", "two"]


def test_fifty_channels_under_way_at_once(session: Session, queue: str) -> None:
    channels = [session.channel() for _ in range(50)]
    bodies = [b"%d" % index * 5000 for index in range(50)]
    inbox = session.collect(channels[0], queue, auto_ack=True)
    for channel, body in zip(channels, bodies, strict=True):
        channel.basic_publish("", queue, body)
    session.wait(lambda: len(inbox) == 50)
    assert sorted(body for _, body in inbox) == sorted(bodies)


@pytest.mark.slow
def test_a_thousand_queues_declared_and_emptied_at_once(session: Session, channel: Channel) -> None:
    declared: list[str] = []
    for _ in range(1000):
        channel.queue_declare(
            "", exclusive=True, callback=lambda frame: declared.append(frame.method.queue)
        )
    session.wait(lambda: len(declared) == 1000)
    got: list[str] = []
    for queue in declared:
        channel.basic_publish("", queue, queue.encode())
        channel.basic_consume(
            queue, lambda _channel, _method, _properties, body: got.append(body.decode())
        )
    session.wait(lambda: len(got) == 1000)
    assert sorted(got) == sorted(declared)


def test_a_channel_closes_and_the_connection_stays(session: Session, channel: Channel) -> None:
    channel.close(200, "done")
    session.wait(lambda: channel.is_closed)
    assert session.channel().is_open


def test_the_client_closes_the_connection_with_everything_open(
    broker: BrokerUnderTest, session: Session, channel: Channel, queue: str
) -> None:
    session.collect(channel, queue)
    for _ in range(100):
        channel.basic_publish("", queue, b"x" * 1000)
    session.connection.close(200, "enough")
    session.wait(lambda: bool(session.closed))
    assert isinstance(session.closed[0], ConnectionClosedByClient)
