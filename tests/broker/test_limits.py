import pytest

from leveret.broker.errors import NotAllowed, PreconditionFailed
from leveret.broker.limits import Limits

LIMITS = Limits(queues_max=3, exchanges_max=4, bindings_max=5, consumers_max=6, channels_max=7)


def test_below_the_limit_there_can_be_one_more():
    LIMITS.check_queues(2, name="q", virtual_host="/")
    LIMITS.check_exchanges(3, resource="exchange 'e' in vhost '/'")
    LIMITS.check_bindings(4, virtual_host="/")


def test_at_the_limit_a_queue_is_refused():
    with pytest.raises(PreconditionFailed) as refusal:
        LIMITS.check_queues(3, name="q", virtual_host="/")
    assert refusal.value.text == (
        "cannot declare queue 'q': queue limit in vhost '/' (3) is reached"
    )


def test_at_the_limit_an_exchange_is_refused():
    with pytest.raises(PreconditionFailed) as refusal:
        LIMITS.check_exchanges(4, resource="exchange 'e' in vhost '/'")
    assert refusal.value.text == (
        "cannot declare exchange 'e' in vhost '/': exchange limit of 4 is reached"
    )


def test_at_the_limit_a_binding_is_refused():
    with pytest.raises(PreconditionFailed) as refusal:
        LIMITS.check_bindings(5, virtual_host="/")
    assert refusal.value.text == "cannot bind: binding limit in vhost '/' (5) is reached"


def test_at_the_limit_a_consumer_is_refused():
    LIMITS.check_consumers(5, virtual_host="/")
    with pytest.raises(PreconditionFailed) as refusal:
        LIMITS.check_consumers(6, virtual_host="/")
    assert refusal.value.text == ("cannot consume: consumer limit in vhost '/' (6) is reached")


def test_at_the_limit_a_channel_is_not_allowed():
    LIMITS.check_channels(6, node="leveret@here")
    with pytest.raises(NotAllowed) as refusal:
        LIMITS.check_channels(7, node="leveret@here")
    assert refusal.value.text == (
        "number of channels opened on node 'leveret@here' has reached "
        "the maximum allowed limit of 7"
    )
