import pytest

from leveret.broker.errors import AccessRefused
from leveret.broker.exchanges import default
from tests.broker.exchanges.messages import keyed


def test_a_message_goes_to_the_queue_that_its_key_names():
    queues = {}
    exchange = default.Default(queues, {})
    assert list(exchange.destinations(keyed("q"))) == []
    queues["q"] = "the queue"
    assert list(exchange.destinations(keyed("q"))) == ["the queue"]


def test_its_bindings_are_not_told_because_there_are_none():
    assert list(default.Default({"q": "the queue"}, {}).bindings()) == []


@pytest.mark.parametrize("command", ["bind", "unbind"])
def test_nothing_can_be_bound(binding, command):
    with pytest.raises(AccessRefused):
        getattr(default.Default({}, {}), command)(binding("q"))


@pytest.mark.parametrize("names", [("",), ("x", ""), ("", "x")])
def test_operations_on_it_are_refused(names):
    with pytest.raises(AccessRefused) as refusal:
        default.check_not_default(*names)
    assert refusal.value.text == "operation not permitted on the default exchange"


def test_operations_on_others_are_not():
    default.check_not_default("x", "amq.direct")


def test_it_is_a_durable_direct_exchange_without_a_name():
    exchange = default.exchange({}, {})
    assert (exchange.name, exchange.type, exchange.durable) == ("", "direct", True)
    assert not exchange.auto_delete
    assert not exchange.internal


def test_a_message_goes_to_the_reply_queue_whose_address_its_key_is():
    exchange = default.Default({"q": "the queue"}, {"address": "the reply queue"})
    assert [*exchange.destinations(keyed("address"))] == ["the reply queue"]


def test_a_message_with_several_keys_goes_to_each_queue_there_is():
    exchange = default.Default({"p": "one", "q": "other"}, {})
    assert list(exchange.destinations(keyed("q", "none", "p"))) == ["other", "one"]
