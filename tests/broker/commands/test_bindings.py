import pytest

from leveret.broker.commands.command import WrongUsage
from leveret.broker.errors import NotFound


@pytest.fixture
def queue(node):
    node.run("declare_queue", name="q")


@pytest.mark.usefixtures("queue")
def test_bindings_are_listed_with_that_of_the_default_exchange(node):
    node.run("bind", source="amq.headers", destination="q", arguments={"x-match": "any"})
    node.run("bind", source="amq.topic", destination="amq.fanout", routing_key="a.*",
        destination_type="exchange")  # fmt: skip
    assert node.rows("list_bindings") == [
        ["", "exchange", "q", "queue", "q", {}],
        ["amq.headers", "exchange", "q", "queue", "", {"x-match": "any"}],
        ["amq.topic", "exchange", "amq.fanout", "exchange", "a.*", {}],
    ]


@pytest.mark.usefixtures("queue")
def test_a_binding_that_goes_meanwhile_is_left_out(node):
    for key in "abc":
        node.run("bind", source="amq.topic", destination="q", routing_key=key)
    rows = (row for row in node.begin("list_bindings", "routing_key").rows if row is not None)
    assert [next(rows), next(rows)] == [["q"], ["a"]]
    node.run("unbind", source="amq.topic", destination="q", routing_key="b")
    assert list(rows) == [["c"]]


@pytest.mark.usefixtures("queue")
def test_the_last_binding_that_goes_meanwhile_ends_the_list(node):
    node.run("bind", source="amq.topic", destination="q", routing_key="a")
    node.run("bind", source="amq.topic", destination="q", routing_key="b")
    rows = (row for row in node.begin("list_bindings", "routing_key").rows if row is not None)
    assert [next(rows), next(rows)] == [["q"], ["a"]]
    node.run("delete_queue", name="q")
    assert list(rows) == []


def test_a_queue_that_goes_meanwhile_has_no_bindings(node):
    for name in "ab":
        node.run("declare_queue", name=name)
    rows = node.begin("list_bindings", "destination_name").rows
    assert next(rows) == ["a"]
    node.run("delete_queue", name="b")
    assert [row for row in rows if row is not None] == []


@pytest.mark.usefixtures("queue")
def test_bindings_are_removed(node):
    for kind, end in (("queue", "q"), ("exchange", "amq.fanout")):
        ends = {"source": "amq.direct", "destination": end, "destination_type": kind}
        node.run("bind", **ends)
        assert node.host.topology.binding_count == 1
        node.run("unbind", **ends)
        assert node.host.topology.binding_count == 0


@pytest.mark.parametrize("name", ["bind", "unbind"])
def test_ends_that_are_not_there_are_told(node, name):
    with pytest.raises(NotFound, match="no queue 'q' in vhost '/'"):
        node.run(name, source="amq.direct", destination="q")
    with pytest.raises(NotFound, match="no exchange 'e' in vhost '/'"):
        node.run(name, source="amq.direct", destination="e", destination_type="exchange")


@pytest.mark.usefixtures("queue")
def test_a_source_that_is_not_there_is_told(node):
    for name in ("bind", "unbind"):
        with pytest.raises(NotFound, match="no exchange 'e' in vhost '/'"):
            node.run(name, source="e", destination="q")


def test_a_destination_is_a_queue_or_an_exchange(node):
    with pytest.raises(WrongUsage, match="did you mean queue"):
        node.run("bind", source="e", destination="q", destination_type="queues")


def test_an_operator_may_bind_another_connections_own(node, owner):
    node.host.declare_queue("q", exclusive=True, connection=owner)
    ends = {"source": "amq.direct", "destination": "q"}
    node.run("bind", **ends)
    node.run("unbind", **ends)
