"""The methods of class tx, and a commit that takes time."""

import pytest

from leveret.broker.queue_settings import QueueSettings
from leveret.wire.amqp091.methods import (
    BasicAck,
    BasicGet,
    BasicReturn,
    ChannelClose,
    ChannelCloseOk,
    ChannelOpen,
    ChannelOpenOk,
    ConfirmSelect,
    ExchangeDeclare,
    ExchangeDelete,
    QueueDeclare,
    TxCommit,
    TxCommitOk,
    TxRollback,
    TxRollbackOk,
    TxSelect,
    TxSelectOk,
)
from tests.peers.client_peer import Incoming, Server, closed


class Slow:
    """Nothing is durable before `finish`."""

    def __init__(self):
        self.waiting = []

    def when_durable(self, done):
        self.waiting.append(done)
        return False

    def finish(self, server):
        for done in self.waiting:
            done(server.now, server.tick)


@pytest.fixture
def transactional(client):
    """A client whose channel is in transaction mode, and the queue `q`."""
    client.call(QueueDeclare(queue="q"))
    assert client.call(TxSelect()) == TxSelectOk()
    return client


@pytest.fixture
def slow():
    return Slow()


@pytest.fixture
def committing(slow):
    """A client that waits for its commit."""
    client = Server(messages=slow).client()
    client.call(QueueDeclare(queue="q"))
    client.call(TxSelect())
    client.publish("", "q", b"x")
    assert client.send(TxCommit()) == []
    return client


def count(client):
    return client.server.host.queues["q"].message_count


def test_a_commit_publishes_and_settles(transactional):
    transactional.publish("", "q", b"one")
    assert count(transactional) == 0
    assert transactional.call(TxCommit()) == TxCommitOk()
    assert count(transactional) == 1
    transactional.send(BasicGet(queue="q"))
    transactional.send(BasicAck(delivery_tag=1))
    assert transactional.call(TxCommit()) == TxCommitOk()
    assert transactional.server.host.queues["q"].store.unacked_count == 0


def test_a_rollback_forgets(transactional):
    transactional.publish("", "q", b"one")
    assert transactional.call(TxRollback()) == TxRollbackOk()
    assert transactional.call(TxCommit()) == TxCommitOk()
    assert count(transactional) == 0


def test_a_second_select_changes_nothing(transactional):
    transactional.publish("", "q", b"one")
    assert transactional.call(TxSelect()) == TxSelectOk()
    assert transactional.call(TxCommit()) == TxCommitOk()
    assert count(transactional) == 1


def test_what_has_no_queue_comes_back_before_the_answer(transactional):
    assert transactional.publish("", "nowhere", b"x", mandatory=True) == []
    returned, answer = transactional.send(TxCommit())
    assert isinstance(returned.method, BasicReturn)
    assert answer == Incoming(1, TxCommitOk())


@pytest.mark.parametrize("method", [TxCommit(), TxRollback()])
def test_a_channel_without_select_is_not_transactional(client, method):
    code, text, *_ = client.refused(method)
    assert (code, text) == (406, "PRECONDITION_FAILED - channel is not transactional")


def test_a_channel_does_not_change_from_confirms_to_transactions(client):
    client.call(ConfirmSelect())
    text = "PRECONDITION_FAILED - cannot switch from confirm to tx mode"
    assert client.refused(TxSelect()) == (406, text, 90, 10)


def test_a_channel_does_not_change_from_transactions_to_confirms(transactional):
    text = "PRECONDITION_FAILED - cannot switch from tx to confirm mode"
    assert transactional.refused(ConfirmSelect()) == (406, text, 85, 10)


def test_a_message_that_a_queue_refuses_fails_the_commit(transactional):
    settings = QueueSettings(max_length=1, overflow="reject-publish")
    settings.apply(transactional.server.host.queues["q"])
    transactional.publish("", "q")
    transactional.publish("", "q")
    text = "PRECONDITION_FAILED - partial tx completion"
    assert transactional.refused(TxCommit()) == (406, text, 90, 20)


def test_an_exchange_that_has_gone_fails_the_commit_and_nothing_is_done(transactional):
    transactional.call(ExchangeDeclare(exchange="e", type="fanout"))
    transactional.publish("", "q")
    transactional.publish("e", "q")
    transactional.call(ExchangeDelete(exchange="e"))
    code, *_ = transactional.refused(TxCommit())
    assert (code, count(transactional)) == (404, 0)


def test_a_commit_is_answered_when_it_is_durable(committing, slow):
    slow.finish(committing.server)
    assert committing.take() == [Incoming(1, TxCommitOk())]
    committing.publish("", "q", b"y")
    assert count(committing) == 1


@pytest.mark.parametrize(
    "method", [TxCommit(), BasicGet(queue="q"), QueueDeclare(queue="q"), BasicAck(delivery_tag=1)]
)
def test_any_method_meanwhile_is_a_channel_error(committing, method):
    code, text, *_ = committing.ended(method)
    assert code == 504
    assert text == "CHANNEL_ERROR - unexpected command while processing 'tx.commit'"


def test_a_message_meanwhile_is_a_channel_error(committing):
    (close,) = committing.publish("", "q", b"y")
    assert closed(close)[0] == 504


def test_the_other_channels_go_on_meanwhile(committing):
    assert committing.call(ChannelOpen(), 2) == ChannelOpenOk()


def test_a_channel_may_be_closed_meanwhile_and_is_not_answered_then(committing, slow):
    close = ChannelClose(reply_code=200, reply_text="", class_id=0, method_id=0)
    assert committing.call(close) == ChannelCloseOk()
    assert committing.call(ChannelOpen()) == ChannelOpenOk()
    slow.finish(committing.server)
    assert committing.take() == []
