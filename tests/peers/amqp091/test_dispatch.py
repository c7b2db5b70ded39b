"""Every method of the specification has a handler, or is one that only servers send."""

import re

import pytest

from leveret.peers.amqp091.dispatch import HANDLERS
from leveret.peers.settings import Settings
from leveret.wire.amqp091.methods import (
    METHODS,
    BasicAck,
    BasicConsume,
    BasicNack,
    BasicPublish,
    BasicReject,
    ChannelClose,
    ChannelCloseOk,
    ChannelFlowOk,
    ExchangeDeclare,
    QueueBind,
    QueueDeclare,
    QueueDeclareOk,
    encode_method,
)
from tests.peers.client_peer import Server

ENGINE = {BasicPublish, BasicAck, BasicNack, BasicReject}
CLOSING = {ChannelClose, ChannelCloseOk}
SERVERS_ONLY = "Ok", "Empty", "Return", "Deliver"


def test_what_clients_send_on_a_channel_is_handled():
    for method_id, method in METHODS.items():
        if method_id >> 16 != 10 and method not in ENGINE | CLOSING:
            only_servers = method.__name__.endswith(SERVERS_ONLY)
            assert (method_id in HANDLERS) != only_servers, method


@pytest.mark.parametrize(
    "method",
    [
        QueueDeclareOk(queue="q", message_count=0, consumer_count=0),
        ChannelFlowOk(active=True),
        ChannelCloseOk(),
    ],
)
def test_what_only_servers_send_is_command_invalid(client, method):
    code, text, *ids = client.ended(method)
    assert (code, text) == (503, "COMMAND_INVALID - unimplemented method")
    assert ids == [method.METHOD_ID >> 16, method.METHOD_ID & 0xFFFF]


@pytest.mark.parametrize(
    "method",
    [
        QueueDeclare(queue="q", arguments={"x": "y" * 2_000}),
        QueueBind(queue="q", exchange="amq.topic", routing_key="", arguments={"x": "y" * 2_000}),
        ExchangeDeclare(exchange="e", type="topic", arguments={"x": "y" * 2_000}),
        BasicConsume(queue="q", arguments={"x": "y" * 2_000}),
    ],
    ids=lambda method: type(method).__name__,
)
def test_a_declaration_has_a_limit(method):
    client = Server(settings=Settings(declaration_bytes_max=2_000)).client()
    code, text, *ids = client.refused(method)
    assert code == 406
    assert re.fullmatch(
        r"PRECONDITION_FAILED - declaration size 20\d\d is larger than configured max size 2000",
        text,
    )
    assert ids == [method.METHOD_ID >> 16, method.METHOD_ID & 0xFFFF]


def test_a_declaration_may_be_as_large_as_the_limit():
    method = QueueDeclare(queue="q", arguments={"x": "y" * 2_000})
    size = len(encode_method(1, method)) - 12
    client = Server(settings=Settings(declaration_bytes_max=size)).client()
    assert isinstance(client.call(method), QueueDeclareOk)
