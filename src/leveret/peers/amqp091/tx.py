"""The methods of class tx. What they do to messages is the engine's business."""

from __future__ import annotations

from leveret.peers.amqp091.channel import Channel
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.methods import (
    TxCommit,
    TxCommitOk,
    TxRollback,
    TxRollbackOk,
    TxSelect,
    TxSelectOk,
)


def select(channel: Channel, method: TxSelect) -> TxSelectOk:
    if channel.engine.confirming:
        raise ProtocolError("precondition_failed", "cannot switch from confirm to tx mode")
    channel.engine.select_transaction()
    return TxSelectOk()


def commit(channel: Channel, method: TxCommit) -> TxCommitOk | None:
    """None: the answer comes when what was published is durable."""
    check_transactional(channel)
    if not channel.engine.commit():
        raise ProtocolError("precondition_failed", "partial tx completion")

    def answer(now: int, tick: int) -> None:
        if not channel.engine.closed:
            channel.engine.set_committing(False)
            channel.connection.write(channel.number, TxCommitOk())

    if channel.connection.service.messages.when_durable(answer):
        return TxCommitOk()
    channel.engine.set_committing(True)
    return None


def rollback(channel: Channel, method: TxRollback) -> TxRollbackOk:
    check_transactional(channel)
    channel.engine.rollback()
    return TxRollbackOk()


def check_transactional(channel: Channel) -> None:
    if not channel.engine.transactional:
        raise ProtocolError("precondition_failed", "channel is not transactional")
