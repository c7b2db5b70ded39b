def test_channels_are_listed_by_their_connections(node):
    node.connect("1", channel_count=0)
    node.connect("2", channel_count=2)
    assert node.rows("list_channels") == [["2.1", "guest", 0, 0], ["2.2", "guest", 0, 0]]


def test_a_connection_without_channels_is_a_step_without_a_row(node):
    node.connect("1", channel_count=0)
    assert list(node.begin("list_channels").rows) == [None]


def test_all_that_is_known_can_be_shown(node):
    node.connect("2", channel_count=1)
    columns = ("number", "vhost", "confirm", "transactional", "messages_unconfirmed")
    assert node.rows("list_channels", *columns) == [[1, "/", 0, 0, 0]]
