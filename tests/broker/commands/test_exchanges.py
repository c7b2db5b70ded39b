import pytest

from leveret.broker.errors import AccessRefused, NotFound, PreconditionFailed


def test_exchanges_are_listed_with_the_default_one(node):
    rows = node.rows("list_exchanges")
    assert rows[:2] == [["", "direct"], ["amq.direct", "direct"]]
    assert len(rows) == 8


def test_an_exchange_that_goes_meanwhile_is_left_out(node):
    for name in "ab":
        node.run("declare_exchange", name=name, type="fanout")
    rows = node.begin("list_exchanges", "name").rows
    next(rows)
    node.run("delete_exchange", name="a")
    assert [row for (row,) in rows][-1] == "b"
    assert ["a"] not in node.rows("list_exchanges", "name")


def test_an_exchange_is_declared_and_shown(node):
    options = {"transient": True, "auto_delete": True, "internal": True}
    arguments = {"alternate-exchange": "amq.fanout"}
    node.run("declare_exchange", name="e", type="topic", arguments=arguments, **options)
    assert node.run("show_exchange", name="e") == {
        **{"name": "e", "type": "topic", "durable": False, "auto_delete": True},
        **{"internal": True, "arguments": arguments, "bindings": 0, "policy": None},
    }


def test_an_unknown_type_is_refused(node):
    with pytest.raises(PreconditionFailed, match="unknown exchange type 'x'"):
        node.run("declare_exchange", name="e", type="x")


def test_an_exchange_is_deleted_unless_it_is_in_use(node):
    node.run("declare_exchange", name="e", type="fanout")
    node.run("declare_queue", name="q")
    node.run("bind", source="e", destination="q")
    with pytest.raises(PreconditionFailed, match="in use"):
        node.run("delete_exchange", name="e", if_unused=True)
    assert node.run("delete_exchange", name="e") is None
    with pytest.raises(NotFound, match="no exchange 'e' in vhost '/'"):
        node.run("delete_exchange", name="e")


def test_the_brokers_own_are_not_deleted(node):
    with pytest.raises(AccessRefused, match="not allowed"):
        node.run("delete_exchange", name="amq.topic")
