from leveret.broker.statistics import ConnectionStatistics, PeerStatistics


def test_a_connections_name_is_both_its_ends():
    connection = ConnectionStatistics(
        pid="1",
        peer_host="127.0.0.1",
        peer_port=50_000,
        host="127.0.0.2",
        port=5672,
        connected_at=0,
        idle_ms=None,
        peer=PeerStatistics(state="running"),
    )
    assert connection.name == "127.0.0.1:50000 -> 127.0.0.2:5672"
