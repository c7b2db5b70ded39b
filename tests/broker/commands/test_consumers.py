def test_consumers_are_listed_by_their_queues(node, subscription):
    for name in "ab":
        node.run("declare_queue", name=name)
    node.host.queues["b"].subscribe(subscription())
    assert node.rows("list_consumers") == [["b", "17.1", "tag", True, 5, True]]
    columns = ("exclusive", "priority", "messages_unacknowledged")
    assert node.rows("list_consumers", *columns) == [[False, 0, 2]]


def test_a_queue_without_consumers_is_a_step_without_a_row(node):
    for name in "ab":
        node.run("declare_queue", name=name)
    assert list(node.begin("list_consumers").rows) == [None, None]


def test_a_consumer_that_goes_meanwhile_is_left_out(node, subscription):
    node.run("declare_queue", name="q")
    queue = node.host.queues["q"]
    consumers = [subscription() for _ in range(3)]
    for consumer in consumers:
        queue.subscribe(consumer)
    rows = node.begin("list_consumers").rows
    assert [next(rows) is None, next(rows) is None] == [True, False]
    queue.unsubscribe(consumers[1])
    assert next(rows) is not None
    assert list(rows) == []


def test_consumers_that_all_go_meanwhile_end_the_list(node, subscription):
    node.run("declare_queue", name="q")
    node.host.queues["q"].subscribe(subscription())
    node.host.queues["q"].subscribe(subscription())
    rows = node.begin("list_consumers").rows
    next(rows), next(rows)
    node.run("delete_queue", name="q")
    assert list(rows) == []
