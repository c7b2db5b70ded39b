"""What a handler returns: a reply, or that something is to be done before it."""

from leveret.engine.chores import Chore, Chores
from leveret.peers.amqp091.outcome import Unfinished, after
from leveret.wire.amqp091.methods import QueueUnbindOk

REPLY = QueueUnbindOk()


def test_without_a_chore_the_reply_is_the_outcome():
    assert (after(None, REPLY), after(None, None)) == (REPLY, None)


def test_a_chore_that_is_done_is_not_waited_for():
    chore = Chore(lambda _: 0)
    Chores().begin(chore)
    assert after(chore, REPLY) is REPLY


def test_a_reply_comes_after_its_chore():
    chore = Chore(lambda count: count)
    outcome = after(chore, REPLY)
    assert isinstance(outcome, Unfinished)
    assert (outcome.chores, outcome.reply()) == ([chore], REPLY)
