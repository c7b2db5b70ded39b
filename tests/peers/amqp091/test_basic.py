"""The methods of class basic: qos, consume, cancel, get; and what the engine's come to here."""

import re

import pytest

from leveret.broker.limits import Limits
from leveret.peers.settings import Settings
from leveret.wire.amqp091.frames import FrameParser
from leveret.wire.amqp091.methods import (
    BasicAck,
    BasicCancel,
    BasicCancelOk,
    BasicConsume,
    BasicConsumeOk,
    BasicDeliver,
    BasicGet,
    BasicGetEmpty,
    BasicGetOk,
    BasicNack,
    BasicPublish,
    BasicQos,
    BasicQosOk,
    BasicRecover,
    BasicRecoverAsync,
    BasicRecoverOk,
    BasicReject,
    BasicReturn,
    ChannelOpen,
    ConfirmSelect,
    ConnectionTuneOk,
    ExchangeDeclare,
    QueueDeclare,
    encode_method,
)
from leveret.wire.amqp091.properties import BasicProperties
from tests.peers.client_peer import Incoming, Server, closed

SMALL_FRAMES = ConnectionTuneOk(channel_max=1, frame_max=8192, heartbeat=0)
PROPERTIES = BasicProperties(content_type="text/plain", headers={"n": 1}, delivery_mode=2)


@pytest.fixture
def queue(client):
    """The queue `q`, which is empty."""
    client.call(QueueDeclare(queue="q"))
    return client.server.host.queues["q"]


def delivery(tag, *, consumer_tag="t", redelivered=False):
    return BasicDeliver(
        consumer_tag=consumer_tag,
        delivery_tag=tag,
        redelivered=redelivered,
        exchange="",
        routing_key="q",
    )


def bodies(received):
    return [message.body for message in received if isinstance(message.method, BasicDeliver)]


def test_a_message_is_delivered_as_it_was_published(client, queue):
    client.publish("", "q", b"body", properties=PROPERTIES)
    received = client.send(BasicConsume(queue="q", consumer_tag="t"))
    assert received == [
        Incoming(1, BasicConsumeOk(consumer_tag="t")),
        Incoming(1, delivery(1), b"body", PROPERTIES),
    ]


def test_a_consumer_without_a_tag_is_given_one(client, queue):
    tags = {client.call(BasicConsume(queue="q")).consumer_tag for _ in range(3)}
    assert len(tags) == 3
    assert all(re.fullmatch(r"amq\.ctag-[\w-]{22}", tag) for tag in tags)


def test_an_empty_queue_name_means_the_one_declared_last(client, queue):
    client.call(BasicConsume(queue="", consumer_tag="t"))
    assert bodies(client.publish("", "q", b"x")) == [b"x"]
    assert client.call(BasicGet(queue="")) == BasicGetEmpty()


@pytest.mark.parametrize("method", [BasicConsume, BasicGet])
def test_what_is_not_there_cannot_be_read(client, method):
    ids = method.METHOD_ID >> 16, method.METHOD_ID & 0xFFFF
    text = "NOT_FOUND - no queue 'missing' in vhost '/'"
    assert client.refused(method(queue="missing")) == (404, text, *ids)


@pytest.mark.parametrize("method", [BasicConsume, BasicGet])
def test_another_connection_s_exclusive_queue_cannot_be_read(server, client, method):
    client.call(QueueDeclare(queue="q", exclusive=True))
    assert server.client().refused(method(queue="q"))[0] == 405


def test_a_consumer_tag_is_not_used_twice(client, queue):
    client.call(BasicConsume(queue="q", consumer_tag="t"))
    text = "NOT_ALLOWED - attempt to reuse consumer tag 't'"
    assert client.ended(BasicConsume(queue="q", consumer_tag="t")) == (530, text, 60, 20)


def test_another_channel_may_use_the_same_tag(client, queue):
    client.call(BasicConsume(queue="q", consumer_tag="t"))
    client.call(ChannelOpen(), 2)
    again = BasicConsume(queue="q", consumer_tag="t")
    assert client.call(again, 2) == BasicConsumeOk(consumer_tag="t")


@pytest.mark.parametrize("exclusive", [(True, False), (False, True), (True, True)])
def test_an_exclusive_consumer_is_alone(client, queue, exclusive):
    first, second = exclusive
    client.call(BasicConsume(queue="q", exclusive=first))
    text = "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use"
    assert client.refused(BasicConsume(queue="q", exclusive=second)) == (403, text, 60, 20)


def test_a_cancelled_consumer_is_sent_nothing_more(client, queue):
    client.fill("q", 1)
    client.send(BasicConsume(queue="q", consumer_tag="t"))
    assert client.call(BasicCancel(consumer_tag="t")) == BasicCancelOk(consumer_tag="t")
    assert client.publish("", "q", b"late") == []
    assert (queue.consumer_count, queue.store.unacked_count) == (0, 1)
    client.send(BasicAck(delivery_tag=1))
    assert (queue.message_count, queue.store.unacked_count) == (1, 0)


def test_a_tag_can_be_used_again_once_it_is_cancelled(client, queue):
    client.call(BasicConsume(queue="q", consumer_tag="t"))
    client.call(BasicCancel(consumer_tag="t"))
    assert isinstance(client.call(BasicConsume(queue="q", consumer_tag="t")), BasicConsumeOk)


def test_cancelling_what_is_not_there_is_no_error(client):
    cancelled = BasicCancelOk(consumer_tag="nobody")
    assert client.call(BasicCancel(consumer_tag="nobody")) == cancelled


def test_an_auto_delete_queue_goes_with_its_last_consumer(client, server):
    client.call(QueueDeclare(queue="a", auto_delete=True))
    client.call(BasicConsume(queue="a", consumer_tag="t"))
    client.call(BasicCancel(consumer_tag="t"))
    assert "a" not in server.host.queues


def test_get_takes_one_message(client, queue):
    client.publish("", "q", b"first", properties=PROPERTIES)
    client.publish("", "q", b"second")
    got = BasicGetOk(
        delivery_tag=1, redelivered=False, exchange="", routing_key="q", message_count=1
    )
    assert client.send(BasicGet(queue="q")) == [Incoming(1, got, b"first", PROPERTIES)]
    assert queue.store.unacked_count == 1
    client.send(BasicGet(queue="q", no_ack=True))
    assert (queue.store.unacked_count, queue.message_count) == (1, 0)
    assert client.call(BasicGet(queue="q")) == BasicGetEmpty()


def test_prefetch_is_each_consumers_own(client, queue):
    client.fill("q", 9)
    assert client.call(BasicQos(prefetch_count=2)) == BasicQosOk()
    assert bodies(client.send(BasicConsume(queue="q", consumer_tag="t"))) == [b"0", b"1"]
    assert bodies(client.send(BasicConsume(queue="q", consumer_tag="u"))) == [b"2", b"3"]


def test_prefetch_changes_the_consumers_that_run(client, queue):
    client.fill("q", 9)
    client.call(BasicQos(prefetch_count=1))
    client.send(BasicConsume(queue="q", consumer_tag="t"))
    assert bodies(client.send(BasicQos(prefetch_count=3))) == [b"1", b"2"]
    assert bodies(client.send(BasicAck(delivery_tag=1))) == [b"3"]


def test_global_prefetch_is_shared_by_the_channels_consumers(client, queue):
    client.fill("q", 9)
    assert client.call(BasicQos(prefetch_count=2, global_=True)) == BasicQosOk()
    assert bodies(client.send(BasicConsume(queue="q", consumer_tag="t"))) == [b"0", b"1"]
    assert bodies(client.send(BasicConsume(queue="q", consumer_tag="u"))) == []
    assert bodies(client.send(BasicQos(prefetch_count=3, global_=True))) == [b"2"]
    assert bodies(client.send(BasicAck(delivery_tag=2, multiple=True))) == [b"3", b"4"]


@pytest.mark.parametrize("is_global", [False, True])
def test_strictly_prefetch_is_for_consumers_to_come_and_never_shared(is_global):
    client = Server(settings=Settings(strict=True)).client()
    client.call(QueueDeclare(queue="q"))
    client.fill("q", 9)
    client.call(BasicQos(prefetch_count=1, global_=is_global))
    assert bodies(client.send(BasicConsume(queue="q", consumer_tag="t"))) == [b"0"]
    assert bodies(client.send(BasicQos(prefetch_count=2, global_=is_global))) == []
    assert bodies(client.send(BasicConsume(queue="q", consumer_tag="u"))) == [b"1", b"2"]
    assert bodies(client.send(BasicAck(delivery_tag=1))) == [b"3"]


def test_a_prefetch_size_is_not_implemented(client):
    text = "NOT_IMPLEMENTED - prefetch_size!=0 (4096)"
    assert client.ended(BasicQos(prefetch_size=4096, prefetch_count=1)) == (540, text, 60, 10)


def test_with_no_wait_nothing_is_answered(client, queue):
    assert client.send(BasicConsume(queue="q", consumer_tag="t", no_wait=True)) == []
    assert bodies(client.publish("", "q", b"x")) == [b"x"]
    assert client.send(BasicCancel(consumer_tag="t", no_wait=True)) == []
    assert queue.consumer_count == 0


@pytest.mark.parametrize("back", [BasicNack(delivery_tag=1), BasicReject(delivery_tag=1)])
def test_what_is_rejected_comes_again(client, queue, back):
    client.fill("q", 1)
    client.send(BasicConsume(queue="q", consumer_tag="t"))
    assert client.send(back) == [
        Incoming(1, delivery(2, redelivered=True), b"0", BasicProperties())
    ]


@pytest.mark.parametrize(
    "method", [BasicAck(delivery_tag=7), BasicNack(delivery_tag=7), BasicReject(delivery_tag=7)]
)
def test_an_unknown_delivery_tag_is_refused(client, method):
    text = "PRECONDITION_FAILED - unknown delivery tag 7"
    ids = method.METHOD_ID >> 16, method.METHOD_ID & 0xFFFF
    assert client.refused(method) == (406, text, *ids)


def test_publishing_to_a_missing_exchange_closes_the_channel(client):
    (end,) = client.publish("missing", "k", b"body")
    text = "NOT_FOUND - no exchange 'missing' in vhost '/'"
    close = end.method
    assert (close.reply_code, close.reply_text) == (404, text)
    assert (end.channel, close.class_id, close.method_id) == (1, 60, 40)


def test_publishing_to_an_internal_exchange_is_refused(client):
    client.call(ExchangeDeclare(exchange="e", type="fanout", internal=True))
    ((_, close, *_),) = client.publish("e", "k", b"body")
    text = "ACCESS_REFUSED - cannot publish to internal exchange 'e' in vhost '/'"
    assert (close.reply_code, close.reply_text) == (403, text)


def test_immediate_is_not_implemented(client):
    client.put(encode_method(1, BasicPublish(exchange="", routing_key="q", immediate=True)))
    (end,) = client.take()
    assert closed(end) == (540, "NOT_IMPLEMENTED - immediate=true", 60, 40)


def test_a_mandatory_message_without_a_queue_comes_back(client):
    (returned,) = client.publish("", "\udcff", b"body", mandatory=True, properties=PROPERTIES)
    reason = BasicReturn(reply_code=312, reply_text="NO_ROUTE", exchange="", routing_key="\udcff")
    assert returned == Incoming(1, reason, b"body", PROPERTIES)
    assert client.publish("", "nowhere", b"body") == []


def test_a_returned_message_is_confirmed_after_it_came_back(client):
    client.call(ConfirmSelect())
    returned, confirmed = client.publish("", "nowhere", b"body", mandatory=True)
    assert isinstance(returned.method, BasicReturn)
    assert confirmed.method == BasicAck(delivery_tag=1)


def test_a_large_message_comes_back_in_frames_that_were_agreed(server):
    client = server.client(tune_ok=SMALL_FRAMES)
    client.frame_max = 8192
    body = bytes(range(256)) * 100
    client.put(client.publication("", "nowhere", body, mandatory=True))
    data = client.take_bytes()
    sizes = [len(frame.payload) for frame in FrameParser(frame_max=8192).receive(data)]
    assert sizes[2:] == [8184, 8184, 8184, 1048]


def test_recover_gives_back_what_is_unacknowledged(client, queue):
    client.fill("q", 2)
    client.send(BasicGet(queue="q"), BasicGet(queue="q"))
    assert client.call(BasicRecover(requeue=True)) == BasicRecoverOk()
    assert (queue.message_count, queue.store.unacked_count) == (2, 0)
    client.send(BasicGet(queue="q"))
    assert client.send(BasicRecoverAsync(requeue=True)) == []
    assert (queue.message_count, queue.store.unacked_count) == (2, 0)


@pytest.mark.parametrize("method", [BasicRecover, BasicRecoverAsync])
def test_recover_to_the_same_consumer_is_not_implemented(client, method):
    code, text, *ids = client.ended(method(requeue=False))
    assert (code, text) == (540, "NOT_IMPLEMENTED - requeue=false")
    assert ids == [method.METHOD_ID >> 16, method.METHOD_ID & 0xFFFF]


def test_a_consumer_of_a_higher_priority_is_served_first(client, queue):
    for tag, arguments in [("low", {}), ("high", {"x-priority": 10})]:
        client.send(BasicConsume(queue="q", consumer_tag=tag, arguments=arguments))
    (message,) = client.publish("", "q", b"x")
    assert message.method == delivery(1, consumer_tag="high")


def test_a_priority_that_is_no_number_is_refused(client, queue):
    method = BasicConsume(queue="q", consumer_tag="t", arguments={"x-priority": "high"})
    code, text, *_ = client.refused(method)
    text_start = "PRECONDITION_FAILED - invalid arg 'x-priority' for queue 'q' in vhost '/': "
    assert (code, text) == (406, text_start + '"expected integer, got longstr"')
    assert client.server.host.queues["q"].consumer_count == 0


def test_the_size_of_a_message_is_the_operators_to_limit():
    client = Server(settings=Settings(message_bytes_max=3)).client()
    assert client.publish("", "q", b"123") == []
    (close,) = client.publish("", "q", b"1234")
    text = "PRECONDITION_FAILED - message size 4 is larger than configured max size 3"
    assert (close.method.reply_code, close.method.reply_text) == (406, text)


def test_the_consumers_of_a_channel_have_a_limit():
    client = Server(settings=Settings(consumers_per_channel_max=2)).client()
    client.call(QueueDeclare(queue="q"))
    client.send(BasicConsume(queue="q"), BasicConsume(queue="q"))
    text = "NOT_ALLOWED - reached maximum (2) of consumers per channel"
    assert client.ended(BasicConsume(queue="q")) == (530, text, 60, 20)


def test_the_consumers_of_a_virtual_host_have_a_limit():
    server = Server(limits=Limits(consumers_max=2))
    one, other = server.client(), server.client()
    one.call(QueueDeclare(queue="q"))
    one.send(BasicConsume(queue="q"), BasicConsume(queue="q", consumer_tag="t"))
    text = "PRECONDITION_FAILED - cannot consume: consumer limit in vhost '/' (2) is reached"
    assert other.refused(BasicConsume(queue="q")) == (406, text, 60, 20)
    one.call(BasicCancel(consumer_tag="t"))
    other.call(ChannelOpen(), 2)
    assert isinstance(other.call(BasicConsume(queue="q"), 2), BasicConsumeOk)


def test_what_is_got_and_not_acknowledged_has_a_limit():
    client = Server(settings=Settings(unacked_per_channel_max=2)).client()
    client.call(QueueDeclare(queue="q"))
    client.fill("q", 4)
    for _ in range(2):
        client.send(BasicGet(queue="q"))
    assert isinstance(client.call(BasicGet(queue="q", no_ack=True)), BasicGetOk)
    text = (
        "PRECONDITION_FAILED - cannot get: "
        "limit of unacknowledged messages on the channel (2) is reached"
    )
    assert client.refused(BasicGet(queue="q")) == (406, text, 60, 70)
