"""The methods of class queue: what they do, what they answer, what they refuse."""

import re

import pytest

from leveret.wire.amqp091.methods import (
    BasicConsume,
    ExchangeDeclare,
    QueueBind,
    QueueBindOk,
    QueueDeclare,
    QueueDeclareOk,
    QueueDelete,
    QueueDeleteOk,
    QueuePurge,
    QueuePurgeOk,
    QueueUnbind,
    QueueUnbindOk,
    encode_method,
)

IN_VHOST = "queue 'q' in vhost '/'"
LOCKED = (
    "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'. It could "
    "be originally declared on another connection or the exclusive property value does not match "
    "that of the original declaration."
)


@pytest.fixture
def host(server):
    return server.host


def count(client, queue="q"):
    return client.server.host.queues[queue].message_count


def test_a_queue_is_declared(client, host):
    declare = QueueDeclare(queue="q", durable=True, auto_delete=True, arguments={"x-expires": 5})
    made = QueueDeclareOk(queue="q", message_count=0, consumer_count=0)
    assert client.call(declare) == made
    queue = host.queues["q"]
    assert (queue.durable, queue.auto_delete, queue.owner) == (True, True, None)
    assert queue.arguments == {"x-expires": 5}
    assert client.call(declare) == made


def test_declaring_tells_how_many_messages_and_consumers_there_are(client):
    client.call(QueueDeclare(queue="q"))
    client.fill("q", 2)
    client.send(BasicConsume(queue="q", no_ack=True))
    client.fill("q", 3)
    answer = QueueDeclareOk(queue="q", message_count=0, consumer_count=1)
    assert client.call(QueueDeclare(queue="q", passive=True)) == answer


def test_a_large_purge_is_answered_when_it_is_done(client):
    client.call(QueueDeclare(queue="q"))
    client.fill("q", 3)
    client.server.shard.chores.spend(1 << 14)
    client.put(encode_method(1, QueuePurge(queue="q")))
    assert not client.peer.send_buffer()
    assert [each.method for each in client.take()] == [QueuePurgeOk(message_count=3)]


def test_a_large_purge_without_an_answer_has_none(client):
    client.call(QueueDeclare(queue="q"))
    client.fill("q", 3)
    client.server.shard.chores.spend(1 << 14)
    assert client.send(QueuePurge(queue="q", no_wait=True)) == []
    assert count(client) == 0


def test_deleting_a_queue_of_many_bindings_is_answered_when_they_have_gone(client, host):
    client.call(QueueDeclare(queue="q"))
    client.call(QueueBind(queue="q", exchange="amq.topic", routing_key="#"))
    client.server.shard.chores.spend(1 << 14)
    client.put(encode_method(1, QueueDelete(queue="q")))
    assert not client.peer.send_buffer()
    assert [each.method for each in client.take()] == [QueueDeleteOk(message_count=0)]
    assert host.topology.binding_count == 0


def test_a_queue_without_a_name_is_given_one(client):
    names = {client.call(QueueDeclare(queue="")).queue for _ in range(3)}
    assert len(names) == 3
    assert all(re.fullmatch(r"amq\.gen-[\w-]{22}", name) for name in names)


@pytest.mark.parametrize("name", ["é", "\udcff\udc80", "x" * 255, "\u4e16"])
def test_a_name_may_be_any_bytes(client, name):
    assert client.call(QueueDeclare(queue=name)).queue == name
    client.publish("", name, b"x")
    assert count(client, name) == 1


def test_a_passive_declare_asks_only(client):
    text = f"NOT_FOUND - no {IN_VHOST}"
    assert client.refused(QueueDeclare(queue="q", passive=True)) == (404, text, 50, 10)


@pytest.mark.parametrize(
    ("again", "text"),
    [
        ({"durable": True}, "'durable' for {}: received 'true' but current is 'false'"),
        ({"auto_delete": True}, "'auto_delete' for {}: received 'true' but current is 'false'"),
        (
            {"arguments": {"x-max-length": 5}},
            "'x-max-length' for {}: received the value '5' of type 'signedint' but current is none",
        ),
    ],
)
def test_a_differing_declaration_is_refused(client, again, text):
    client.call(QueueDeclare(queue="q"))
    text = "PRECONDITION_FAILED - inequivalent arg " + text.format(IN_VHOST)
    assert client.refused(QueueDeclare(queue="q", **again)) == (406, text, 50, 10)


def test_a_reserved_name_is_refused(client):
    text = "ACCESS_REFUSED - queue name 'amq.q' contains reserved prefix 'amq.*'"
    assert client.refused(QueueDeclare(queue="amq.q")) == (403, text, 50, 10)


@pytest.mark.parametrize(
    "method",
    [
        QueueDeclare(queue="q", exclusive=True),
        QueueDeclare(queue="q", passive=True),
        QueueDelete(queue="q"),
        QueuePurge(queue="q"),
        QueueBind(queue="q", exchange="amq.fanout", routing_key=""),
    ],
)
def test_an_exclusive_queue_is_locked_for_other_connections(server, client, method):
    client.call(QueueDeclare(queue="q", exclusive=True))
    assert client.call(QueueDeclare(queue="q", exclusive=True)).queue == "q"
    ids = method.METHOD_ID >> 16, method.METHOD_ID & 0xFFFF
    assert server.client().refused(method) == (405, LOCKED, *ids)


def test_a_queue_is_bound_and_unbound(client):
    client.call(QueueDeclare(queue="q"))
    ends = {"queue": "q", "exchange": "amq.direct", "routing_key": "k", "arguments": {"n": 1}}
    assert client.call(QueueBind(**ends)) == QueueBindOk()
    client.publish("amq.direct", "k")
    assert count(client) == 1
    assert client.call(QueueUnbind(**ends)) == QueueUnbindOk()
    client.publish("amq.direct", "k")
    assert count(client) == 1


def test_binding_without_names_binds_the_last_queue_by_its_name(client):
    client.call(QueueDeclare(queue="q"))
    ends = {"queue": "", "exchange": "amq.direct", "routing_key": ""}
    assert client.call(QueueBind(**ends)) == QueueBindOk()
    client.publish("amq.direct", "q")
    assert count(client) == 1
    client.call(QueueUnbind(**ends))
    client.publish("amq.direct", "q")
    assert count(client) == 1


def test_binding_with_a_name_binds_by_the_key_as_it_is(client):
    client.call(QueueDeclare(queue="q"))
    client.call(QueueBind(queue="q", exchange="amq.direct", routing_key=""))
    client.publish("amq.direct", "")
    client.publish("amq.direct", "q")
    assert count(client) == 1


@pytest.mark.parametrize(
    ("queue", "exchange", "text"),
    [
        ("q", "missing", "NOT_FOUND - no exchange 'missing' in vhost '/'"),
        ("missing", "amq.direct", "NOT_FOUND - no queue 'missing' in vhost '/'"),
        ("q", "", "ACCESS_REFUSED - operation not permitted on the default exchange"),
        ("", "amq.direct", "NOT_FOUND - no previously declared queue"),
    ],
)
def test_a_binding_that_cannot_be_is_refused(server, client, queue, exchange, text):
    server.host.declare_queue("q", connection=None)
    code, said, *ids = client.refused(QueueBind(queue=queue, exchange=exchange, routing_key=""))
    assert (code, said) == (404 if text.startswith("NOT_FOUND") else 403, text)
    assert ids == [50, 20]


def test_unbinding_what_is_not_bound_is_no_error(client):
    missing = QueueUnbind(queue="missing", exchange="amq.direct", routing_key="k")
    assert client.call(missing) == QueueUnbindOk()


def test_purging_drops_what_is_ready(client):
    client.call(QueueDeclare(queue="q"))
    client.fill("q", 3)
    assert client.call(QueuePurge(queue="q")) == QueuePurgeOk(message_count=3)
    assert client.call(QueuePurge(queue="q")) == QueuePurgeOk(message_count=0)
    text = "NOT_FOUND - no queue 'missing' in vhost '/'"
    assert client.refused(QueuePurge(queue="missing")) == (404, text, 50, 30)


def test_deleting_tells_how_many_messages_went(client):
    client.call(QueueDeclare(queue="q"))
    client.fill("q", 3)
    assert client.call(QueueDelete(queue="q")) == QueueDeleteOk(message_count=3)
    assert client.call(QueueDelete(queue="q")) == QueueDeleteOk(message_count=0)


def test_if_empty_a_queue_with_messages_stays(client):
    client.call(QueueDeclare(queue="q"))
    client.fill("q", 1)
    text = f"PRECONDITION_FAILED - {IN_VHOST} not empty"
    assert client.refused(QueueDelete(queue="q", if_empty=True)) == (406, text, 50, 40)


def test_if_unused_a_queue_with_consumers_stays(client):
    client.call(QueueDeclare(queue="q"))
    client.call(BasicConsume(queue="q"))
    text = f"PRECONDITION_FAILED - {IN_VHOST} in use"
    assert client.refused(QueueDelete(queue="q", if_unused=True)) == (406, text, 50, 40)


def test_with_no_wait_nothing_is_answered(client, host):
    client.call(ExchangeDeclare(exchange="e", type="fanout"))
    quiet = [
        QueueDeclare(queue="q", no_wait=True),
        QueueBind(queue="q", exchange="e", routing_key="", no_wait=True),
    ]
    assert client.send(*quiet) == []
    client.publish("e", "")
    assert count(client) == 1
    assert client.send(QueuePurge(queue="q", no_wait=True)) == []
    assert count(client) == 0
    assert client.send(QueueDelete(queue="q", no_wait=True)) == []
    assert "q" not in host.queues


def test_a_queue_declared_with_no_wait_is_the_last_one_declared(client):
    client.send(QueueDeclare(queue="q", no_wait=True))
    assert client.call(QueuePurge(queue="")) == QueuePurgeOk(message_count=0)
