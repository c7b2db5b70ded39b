def test_status_has_what_the_process_tells_and_what_there_is(node, subscription):
    node.run("declare_queue", name="q")
    node.run("bind", source="amq.direct", destination="q")
    node.host.queues["q"].subscribe(subscription())
    node.broker.channel_count = 3
    assert node.run("status") == {
        **{"version": "1.2.3", "virtual_hosts": 1, "channels": 3, "consumers": 1},
        **{"queues": 1, "exchanges": 8, "bindings": 1},
    }


def test_ping_is_answered(node):
    assert node.run("ping") == "pong"


def test_stop_stops_the_broker(node):
    node.run("stop")
    assert node.is_stopped
