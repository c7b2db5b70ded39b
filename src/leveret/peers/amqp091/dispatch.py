"""Which function handles which method of a connection, and of an open channel.

When a method of class connection may come, `states` says. The handler of a channel's method
returns the reply, or what leads to it (outcome.py); with no-wait set the reply is not sent. A
method that is not in the table is one that only servers send. A new method is an entry here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from leveret.peers.amqp091 import (
    access,
    basic,
    channel,
    confirm,
    connection_methods,
    exchange,
    queue,
    tx,
)
from leveret.peers.amqp091.outcome import Outcome
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.methods import (
    AccessRequest,
    BasicCancel,
    BasicConsume,
    BasicGet,
    BasicQos,
    BasicRecover,
    BasicRecoverAsync,
    ChannelFlow,
    ChannelOpen,
    ConfirmSelect,
    ConnectionClose,
    ConnectionCloseOk,
    ConnectionOpen,
    ConnectionStartOk,
    ConnectionTuneOk,
    ConnectionUpdateSecret,
    ExchangeBind,
    ExchangeDeclare,
    ExchangeDelete,
    ExchangeUnbind,
    QueueBind,
    QueueDeclare,
    QueueDelete,
    QueuePurge,
    QueueUnbind,
    TxCommit,
    TxRollback,
    TxSelect,
)

if TYPE_CHECKING:
    from leveret.peers.amqp091.connection import Connection

Handler: TypeAlias = Callable[[channel.Channel, Any], Outcome]
ConnectionHandler: TypeAlias = "Callable[[Connection, Any], None]"

DEFINING_CLASSES: Final = (40, 50)  # exchange and queue: what they change must be durable


HANDLERS: Final[Mapping[int, Handler]] = {
    ChannelOpen.METHOD_ID: channel.open_again,
    ChannelFlow.METHOD_ID: channel.flow,
    AccessRequest.METHOD_ID: access.request,
    ExchangeDeclare.METHOD_ID: exchange.declare,
    ExchangeDelete.METHOD_ID: exchange.delete,
    ExchangeBind.METHOD_ID: exchange.bind,
    ExchangeUnbind.METHOD_ID: exchange.unbind,
    QueueDeclare.METHOD_ID: queue.declare,
    QueueBind.METHOD_ID: queue.bind,
    QueueUnbind.METHOD_ID: queue.unbind,
    QueuePurge.METHOD_ID: queue.purge,
    QueueDelete.METHOD_ID: queue.delete,
    BasicQos.METHOD_ID: basic.qos,
    BasicConsume.METHOD_ID: basic.consume,
    BasicCancel.METHOD_ID: basic.cancel,
    BasicGet.METHOD_ID: basic.get,
    BasicRecover.METHOD_ID: basic.recover,
    BasicRecoverAsync.METHOD_ID: basic.recover_async,
    ConfirmSelect.METHOD_ID: confirm.select,
    TxSelect.METHOD_ID: tx.select,
    TxCommit.METHOD_ID: tx.commit,
    TxRollback.METHOD_ID: tx.rollback,
}

CONNECTION_HANDLERS: Final[Mapping[int, ConnectionHandler]] = {
    ConnectionStartOk.METHOD_ID: connection_methods.start_ok,
    ConnectionTuneOk.METHOD_ID: connection_methods.tune_ok,
    ConnectionOpen.METHOD_ID: connection_methods.open,
    ConnectionUpdateSecret.METHOD_ID: connection_methods.update_secret,
    ConnectionClose.METHOD_ID: connection_methods.close,
    ConnectionCloseOk.METHOD_ID: connection_methods.close_ok,
}


def check_size(method_id: int, size: int, size_max: int) -> None:
    """Raises ProtocolError for a method that leaves too much of itself in the broker."""
    if size <= size_max:
        return
    if method_id >> 16 in DEFINING_CLASSES or method_id == BasicConsume.METHOD_ID:
        text = f"declaration size {size} is larger than configured max size {size_max}"
        raise ProtocolError("precondition_failed", text)
