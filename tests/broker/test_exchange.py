import pytest

from leveret.broker.errors import PreconditionFailed
from leveret.broker.exchange import Exchange, check_alternate
from leveret.broker.exchanges.fanout import Fanout

RESOURCE = "exchange 'e' in vhost '/'"
DECLARED = {
    "durable": True,
    "auto_delete": False,
    "internal": False,
    "arguments": {"alternate-exchange": "a", "other": 1},
}


@pytest.fixture
def exchange():
    return Exchange("e", "fanout", Fanout(), **DECLARED)


def test_a_new_exchange_has_no_bindings(exchange):
    assert exchange.binding_count == 0
    assert exchange.bindings is None


def test_the_same_declaration_is_accepted(exchange):
    exchange.check_same("fanout", resource=RESOURCE, **DECLARED)


def test_arguments_that_mean_nothing_may_differ(exchange):
    same = DECLARED | {"arguments": {"alternate-exchange": "a", "other": 2}}
    exchange.check_same("fanout", resource=RESOURCE, **same)


@pytest.mark.parametrize(
    ("type", "change", "told"),
    [
        ("direct", {}, "'type' for {}: received 'direct' but current is 'fanout'"),
        ("fanout", {"durable": False}, "'durable' for {}: received 'false' but current is 'true'"),
        (
            "fanout",
            {"auto_delete": True},
            "'auto_delete' for {}: received 'true' but current is 'false'",
        ),
        ("fanout", {"internal": True}, "'internal' for {}: received 'true' but current is 'false'"),
        (
            "fanout",
            {"arguments": {"alternate-exchange": "b"}},
            "'alternate-exchange' for {}: received 'b' but current is 'a'",
        ),
        ("direct", {"durable": False}, "'type' for {}: received 'direct' but current is 'fanout'"),
    ],
)
def test_the_first_difference_is_told(exchange, type, change, told):
    with pytest.raises(PreconditionFailed) as refusal:
        exchange.check_same(type, resource=RESOURCE, **(DECLARED | change))
    assert refusal.value.text == "inequivalent arg " + told.format(RESOURCE)


@pytest.mark.parametrize(
    ("arguments", "alternate"), [({}, None), ({"alternate-exchange": "a"}, "a"), ({"x": "a"}, None)]
)
def test_the_alternate_is_an_argument(arguments, alternate):
    check_alternate(arguments, resource=RESOURCE)
    exchange = Exchange("e", "fanout", Fanout(), **(DECLARED | {"arguments": arguments}))
    assert exchange.alternate == alternate


@pytest.mark.parametrize(("value", "kind"), [(1, "signedint"), (None, "void"), ([], "array")])
def test_an_alternate_that_is_not_text_is_refused(value, kind):
    with pytest.raises(PreconditionFailed) as refusal:
        check_alternate({"alternate-exchange": value}, resource=RESOURCE)
    assert refusal.value.text == f"invalid type '{kind}' for arg 'alternate-exchange' in {RESOURCE}"
