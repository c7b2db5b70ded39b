"""pika, blocking: transactions and recover."""

import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, ConnectionClosedByBroker

from tests.interop.pika_inbox import Inbox, publish, ready_count, wait_ready


@pytest.fixture
def tx(channel: BlockingChannel, queue: str) -> BlockingChannel:
    """The channel of `queue`, in transaction mode."""
    channel.tx_select()
    return channel


def test_messages_appear_with_the_commit(tx: BlockingChannel, queue: str) -> None:
    publish(tx, queue, b"one", b"two")
    assert ready_count(tx, queue) == 0
    tx.tx_commit()
    assert ready_count(tx, queue) == 2


def test_a_rollback_drops_messages(tx: BlockingChannel, queue: str) -> None:
    publish(tx, queue, b"one")
    tx.tx_rollback()
    tx.tx_commit()
    assert ready_count(tx, queue) == 0


def test_acknowledgements_are_part_of_the_transaction(tx: BlockingChannel, queue: str) -> None:
    publish(tx, queue, b"one", b"two")
    tx.tx_commit()
    inbox = Inbox(tx, queue)
    first, second = inbox.wait(2)
    inbox.ack(first)
    tx.tx_rollback()
    inbox.ack(first)
    inbox.nack(second)
    tx.tx_commit()
    again = inbox.wait(3)[2]
    assert (again.body, again.method.redelivered) == (b"two", True)


def test_refusals_are_part_of_the_transaction(tx: BlockingChannel, queue: str) -> None:
    publish(tx, queue, b"one", b"two")
    tx.tx_commit()
    inbox = Inbox(tx, queue)
    first, second = inbox.wait(2)
    for end in (tx.tx_rollback, tx.tx_commit):
        inbox.nack(first, requeue=False)
        tx.basic_reject(second.method.delivery_tag, requeue=True)
        end()
    (again,) = inbox.wait(3)[2:]
    assert (again.body, again.method.redelivered) == (b"two", True)


def test_what_has_no_queue_comes_back_with_the_commit(tx: BlockingChannel, name: str) -> None:
    returned: list[bytes] = []
    tx.add_on_return_callback(lambda *arguments: returned.append(arguments[3]))
    tx.basic_publish("", f"{name}.nowhere", b"lost", mandatory=True)
    tx.connection.process_data_events(0.05)
    assert returned == []
    tx.tx_commit()
    tx.connection.process_data_events(0.05)
    assert returned == [b"lost"]


@pytest.mark.parametrize("call", ["tx_commit", "tx_rollback"])
def test_without_select_there_is_no_transaction(channel: BlockingChannel, call: str) -> None:
    with pytest.raises(ChannelClosedByBroker) as refusal:
        getattr(channel, call)()
    assert refusal.value.reply_code == 406
    assert refusal.value.reply_text == "PRECONDITION_FAILED - channel is not transactional"


def test_transactions_and_confirms_exclude_each_other(tx: BlockingChannel) -> None:
    with pytest.raises(ChannelClosedByBroker) as refusal:
        tx.confirm_delivery()
    text = "PRECONDITION_FAILED - cannot switch from tx to confirm mode"
    assert (refusal.value.reply_code, refusal.value.reply_text) == (406, text)


def test_confirms_and_transactions_exclude_each_other(channel: BlockingChannel) -> None:
    channel.confirm_delivery()
    with pytest.raises(ChannelClosedByBroker) as refusal:
        channel.tx_select()
    text = "PRECONDITION_FAILED - cannot switch from confirm to tx mode"
    assert (refusal.value.reply_code, refusal.value.reply_text) == (406, text)


def test_recover_gives_messages_back(channel: BlockingChannel, queue: str) -> None:
    publish(channel, queue, b"one", b"two")
    wait_ready(channel, queue, 2)
    channel.basic_get(queue)
    channel.basic_get(queue)
    channel.basic_recover(requeue=True)
    assert ready_count(channel, queue) == 2
    method, _, body = channel.basic_get(queue)
    assert (method.redelivered, body) == (True, b"one")


def test_recover_to_the_same_consumer_is_not_there(channel: BlockingChannel) -> None:
    with pytest.raises(ConnectionClosedByBroker) as refusal:
        channel.basic_recover(requeue=False)
    assert refusal.value.reply_code == 540
    assert refusal.value.reply_text == "NOT_IMPLEMENTED - requeue=false"
