import pytest

from leveret.broker.commands.command import WrongUsage
from leveret.broker.errors import NotFound, PreconditionFailed


def test_queues_are_listed_with_what_they_hold(node):
    node.run("declare_queue", name="a")
    node.run("declare_queue", name="b", transient=True)
    node.fill("b", 3)
    assert node.rows("list_queues") == [["a", 0], ["b", 3]]
    columns = ("name", "durable", "messages_ready", "messages_unacknowledged", "state", "vhost")
    assert node.rows("list_queues", *columns)[1] == ["b", False, 3, 0, "running", "/"]


def test_a_queue_that_goes_meanwhile_is_left_out(node):
    for name in "abc":
        node.run("declare_queue", name=name)
    rows = node.begin("list_queues", "name").rows
    assert next(rows) == ["a"]
    node.run("delete_queue", name="b")
    node.run("declare_queue", name="b")
    node.run("declare_queue", name="d")
    assert list(rows) == [["c"]]


def test_an_unknown_virtual_host_is_refused_with_the_first_row(node):
    with pytest.raises(NotFound, match="Virtual host 'nowhere' does not exist"):
        node.rows("list_queues", vhost="nowhere")


def test_one_queue_is_shown_whole(node, owner):
    node.host.declare_queue("q", exclusive=True, arguments={"x": b"\xff"}, connection=owner)
    shown = node.run("show_queue", name="q")
    assert shown["exclusive"] is True
    assert shown["owner_pid"] == "17"
    assert shown["type"] == "classic"
    assert shown["arguments"] == {"x": {"!bytes": "/w=="}}
    with pytest.raises(NotFound, match="no queue 'p' in vhost '/'"):
        node.run("show_queue", name="p")


def test_a_queue_is_declared_durable_with_arguments(node):
    assert node.run("declare_queue", name="q", arguments={"x-max-length": 5}) == "q"
    queue = node.host.queues["q"]
    assert (queue.durable, queue.auto_delete, queue.arguments) == (True, False, {"x-max-length": 5})
    assert node.run("declare_queue", name="").startswith("amq.gen-")


def test_a_declaration_that_differs_is_refused_in_rabbitmqs_words(node):
    node.run("declare_queue", name="q")
    with pytest.raises(PreconditionFailed, match="inequivalent arg 'durable' for queue 'q'"):
        node.run("declare_queue", name="q", transient=True)


@pytest.mark.parametrize("value", [{"!Nothing": 1}, {"!bytes": "x"}])
def test_arguments_of_an_unknown_class_make_no_sense(node, value):
    with pytest.raises(WrongUsage, match="arguments: "):
        node.run("declare_queue", name="q", arguments={"x": value})


def test_arguments_have_a_limit_to_their_depth(node):
    def nested(levels):
        value = 5
        for level in range(levels):
            value = [value] if level % 2 else {"x": value}
        return {"x": value}

    node.run("declare_queue", name="q", arguments=nested(62))
    with pytest.raises(WrongUsage, match="arguments may have 64 levels"):
        node.run("declare_queue", name="p", arguments=nested(63))


def test_a_queue_is_purged_and_deleted(node):
    node.run("declare_queue", name="q")
    node.fill("q", 20_000)
    assert node.run("purge_queue", name="q") == {"messages": 20_000}
    node.fill("q", 2)
    with pytest.raises(PreconditionFailed, match="not empty"):
        node.run("delete_queue", name="q", if_empty=True)
    assert node.run("delete_queue", name="q") == {"messages": 2}
    assert node.rows("list_queues") == []


def test_what_is_not_there_is_neither_purged_nor_deleted(node):
    for name in ("purge_queue", "delete_queue"):
        with pytest.raises(NotFound, match="no queue 'q' in vhost '/'"):
            node.run(name, name="q")


def test_a_queue_in_use_may_be_spared(node, subscription):
    node.run("declare_queue", name="q")
    node.host.queues["q"].subscribe(subscription())
    with pytest.raises(PreconditionFailed, match="in use"):
        node.run("delete_queue", name="q", if_unused=True)


def test_an_operator_may_delete_another_connections_own(node, owner):
    node.host.declare_queue("q", exclusive=True, connection=owner)
    node.fill("q", 1)
    assert node.run("purge_queue", name="q") == {"messages": 1}
    assert node.run("delete_queue", name="q") == {"messages": 0}
