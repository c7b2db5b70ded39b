"""The methods of class exchange: what they do, what they answer, what they refuse."""

import pytest

from leveret.wire.amqp091.methods import (
    ExchangeBind,
    ExchangeBindOk,
    ExchangeDeclare,
    ExchangeDeclareOk,
    ExchangeDelete,
    ExchangeDeleteOk,
    ExchangeUnbind,
    ExchangeUnbindOk,
    QueueBind,
    QueueDeclare,
)

DECLARE = ExchangeDeclare(exchange="e", type="fanout")
IN_VHOST = "exchange 'e' in vhost '/'"


@pytest.fixture
def host(server):
    return server.host


@pytest.mark.parametrize("type", ["direct", "fanout", "topic"])
def test_an_exchange_is_declared(client, host, type):
    declare = ExchangeDeclare(
        exchange="e",
        type=type,
        durable=True,
        auto_delete=True,
        internal=True,
        arguments={"alternate-exchange": "other"},
    )
    assert client.call(declare) == ExchangeDeclareOk()
    made = host.exchanges["e"]
    assert (made.type, made.durable, made.auto_delete, made.internal) == (type, True, True, True)
    assert made.arguments == {"alternate-exchange": "other"}
    assert client.call(declare) == ExchangeDeclareOk()


def test_a_passive_declare_asks_only(client, host):
    passive = ExchangeDeclare(exchange="e", type="", passive=True)
    assert client.refused(passive) == (404, f"NOT_FOUND - no {IN_VHOST}", 40, 10)
    other = host.declare_exchange("e", "direct")
    client = client.server.client()
    assert client.call(passive) == ExchangeDeclareOk()
    assert host.exchanges["e"] is other


@pytest.mark.parametrize(
    ("declare", "code", "text"),
    [
        (
            ExchangeDeclare(exchange="amq.fanout", type="direct"),
            406,
            "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'amq.fanout' in vhost '/': "
            "received 'direct' but current is 'fanout'",
        ),
        (
            ExchangeDeclare(exchange="e", type="x-none"),
            406,
            "PRECONDITION_FAILED - unknown exchange type 'x-none'",
        ),
        (
            ExchangeDeclare(exchange="amq.mine", type="direct"),
            403,
            "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'",
        ),
        (
            ExchangeDeclare(exchange="", type="direct"),
            403,
            "ACCESS_REFUSED - operation not permitted on the default exchange",
        ),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(client, declare, code, text):
    assert client.refused(declare) == (code, text, 40, 10)


def test_an_exchange_is_deleted_whether_it_is_there_or_not(client, host):
    client.call(DECLARE)
    assert client.call(ExchangeDelete(exchange="e")) == ExchangeDeleteOk()
    assert "e" not in host.exchanges
    assert client.call(ExchangeDelete(exchange="e")) == ExchangeDeleteOk()


def test_if_unused_an_exchange_in_use_stays(client):
    client.call(DECLARE)
    client.call(QueueDeclare(queue="q"))
    client.call(QueueBind(queue="q", exchange="e", routing_key=""))
    text = f"PRECONDITION_FAILED - {IN_VHOST} in use"
    assert client.refused(ExchangeDelete(exchange="e", if_unused=True)) == (406, text, 40, 20)


def test_the_server_s_own_exchanges_stay(client):
    text = "ACCESS_REFUSED - deletion of system exchange 'amq.topic' in vhost '/' not allowed"
    assert client.refused(ExchangeDelete(exchange="amq.topic")) == (403, text, 40, 20)


def test_exchanges_are_bound_to_exchanges(client, host):
    client.call(DECLARE)
    client.call(QueueDeclare(queue="q"))
    client.call(QueueBind(queue="q", exchange="e", routing_key=""))
    ends = {"destination": "e", "source": "amq.topic", "routing_key": "a.#"}
    assert client.call(ExchangeBind(**ends)) == ExchangeBindOk()
    client.publish("amq.topic", "a.b")
    assert host.queues["q"].message_count == 1
    assert client.call(ExchangeUnbind(**ends)) == ExchangeUnbindOk()
    client.publish("amq.topic", "a.b")
    assert host.queues["q"].message_count == 1


@pytest.mark.parametrize("method", [ExchangeBind, ExchangeUnbind])
def test_the_default_exchange_has_no_bindings(client, method):
    text = "ACCESS_REFUSED - operation not permitted on the default exchange"
    refused = client.refused(method(destination="amq.fanout", source="", routing_key=""))
    assert refused[:2] == (403, text)


def test_with_no_wait_nothing_is_answered(client, host):
    ends = {"destination": "e", "source": "amq.fanout", "routing_key": ""}
    quiet = [
        ExchangeDeclare(exchange="e", type="fanout", no_wait=True),
        ExchangeBind(**ends, no_wait=True),
        ExchangeUnbind(**ends, no_wait=True),
    ]
    assert client.send(*quiet) == []
    assert "e" in host.exchanges
    assert client.send(ExchangeDelete(exchange="e", no_wait=True)) == []
    assert "e" not in host.exchanges


def test_with_no_wait_an_error_is_answered_all_the_same(client):
    assert client.refused(ExchangeDeclare(exchange="e", type="x", no_wait=True))[0] == 406
