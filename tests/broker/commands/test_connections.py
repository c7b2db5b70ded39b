import pytest

from leveret.broker.errors import NotFound


def test_connections_are_listed_as_rabbitmq_names_them(node):
    node.connect("17", user="guest")
    assert node.rows("list_connections") == [["17", "guest", "10.0.0.1", 4000, "running"]]
    assert node.rows("list_connections", "name") == [["10.0.0.1:4000 -> 10.0.0.2:5672"]]


def test_a_connection_that_goes_meanwhile_is_left_out(node):
    for pid in ("1", "2", "3"):
        node.connect(pid)
    rows = node.begin("list_connections", "pid").rows
    assert next(rows) == ["1"]
    del node.clients["2"]
    assert list(rows) == [["3"]]


def test_one_connection_is_shown_whole(node):
    node.connect("17", client_properties={"product": "pika"}, heartbeat_s=60, sent_bytes=5)
    shown = node.run("show_connection", pid="17")
    assert shown["client_properties"] == {"product": "pika"}
    assert (shown["timeout"], shown["send_oct"], shown["idle_ms"]) == (60, 5, 7)


def test_a_connection_is_closed_with_a_reason(node):
    client, other = node.connect("17"), node.connect("18")
    assert node.run("close_connection", pid="17", reason="go") is None
    assert client.texts == ["CLOSED_VIA_LEVERET_CTL with reason 'go'"]
    assert other.texts == []


@pytest.mark.parametrize("name", ["close_connection", "show_connection"])
def test_one_that_is_not_there_is_told(node, name):
    with pytest.raises(NotFound, match="no connection with pid '9': list_connections shows"):
        node.run(name, pid="9")


def test_all_connections_are_closed_or_those_of_a_virtual_host_or_user(node):
    clients = [
        node.connect("1", virtual_host="a", user="x"),
        node.connect("2", virtual_host="a", user="y"),
        node.connect("3", virtual_host="b", user="x"),
    ]

    def closed(**arguments):
        reply = node.run("close_all_connections", **arguments)
        gone = [client.pid for client in clients if client.texts]
        assert reply == {"connections": len(gone)}
        for client in clients:
            client.texts.clear()
        return gone

    assert closed() == ["1", "2", "3"]
    assert closed(vhost="a") == ["1", "2"]
    assert closed(user="x") == ["1", "3"]
    assert closed(vhost="a", user="x") == ["1"]
    assert node.run("close_all_user_connections", user="y") == {"connections": 1}


def test_connections_are_closed_step_by_step(node):
    clients = [node.connect(str(number)) for number in range(3)]
    steps = iter(node.begin("close_all_connections").steps)
    next(steps)
    assert [bool(client.texts) for client in clients] == [True, False, False]
