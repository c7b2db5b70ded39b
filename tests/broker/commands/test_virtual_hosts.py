import pytest

from leveret.broker.errors import NotFound, PreconditionFailed


def test_virtual_hosts_are_listed_with_what_they_have(node):
    node.run("declare_queue", name="q")
    node.run("bind", source="amq.direct", destination="q")
    assert node.rows("list_vhosts") == [["/"]]
    columns = ("name", "queues", "exchanges", "bindings", "consumers", "connections")
    assert node.rows("list_vhosts", *columns) == [["/", 1, 8, 1, 0, 0]]


def test_one_is_made_described_and_deleted(node):
    node.run("add_vhost", name="v", description="mine", tags=["a"], default_queue_type="quorum")
    columns = ("name", "description", "tags", "default_queue_type", "limits")
    assert node.rows("list_vhosts", *columns)[1] == ["v", "mine", ["a"], "quorum", {}]
    node.run("declare_queue", name="q", vhost="v")
    assert node.rows("list_queues", vhost="v") == [["q", 0]]
    assert node.rows("list_queues") == []
    node.run("delete_vhost", name="v")
    assert node.rows("list_vhosts") == [["/"]]
    with pytest.raises(NotFound, match="Virtual host 'v' does not exist"):
        node.run("delete_vhost", name="v")


def test_one_that_goes_meanwhile_is_left_out(node):
    node.run("add_vhost", name="v")
    rows = node.begin("list_vhosts").rows
    assert next(rows) == ["/"]
    node.run("delete_vhost", name="v")
    assert list(rows) == []


def test_limits_are_set_listed_and_taken_back(node):
    node.run("add_vhost", name="v")
    node.run("set_vhost_limits", vhost="v", limits={"max-queues": 5})
    assert node.rows("list_vhost_limits") == [["v", {"max-queues": 5}]]
    assert node.rows("list_vhost_limits", vhost="/") == [["/", {}]]
    with pytest.raises(PreconditionFailed, match="unknown limit 'x'"):
        node.run("set_vhost_limits", limits={"x": 5})
    node.run("clear_vhost_limits", vhost="v")
    assert node.rows("list_vhost_limits") == []
    with pytest.raises(NotFound, match="Virtual host 'w' does not exist"):
        node.rows("list_vhost_limits", vhost="w")
