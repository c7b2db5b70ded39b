"""Every method of the specification has a handler, or is one that only servers send."""

import pytest

from leveret.peers.amqp091.dispatch import HANDLERS
from leveret.wire.amqp091.methods import (
    METHODS,
    BasicAck,
    BasicNack,
    BasicPublish,
    BasicReject,
    ChannelClose,
    ChannelCloseOk,
    ChannelFlowOk,
    QueueDeclareOk,
)

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
