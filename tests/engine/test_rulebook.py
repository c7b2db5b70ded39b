from tests.engine.client import NOW, World


def test_a_queue_has_no_rules_until_somebody_asks_for_them():
    world = World()
    queue = world.queue(b"q")
    world.shard.rulebook.refresh(queue)
    assert queue.rules is None
    rules = world.shard.rulebook.rules_of(queue)
    assert queue.rules is rules is world.shard.rulebook.rules_of(queue)


def test_what_is_left_of_a_refreshed_queue_is_done_in_the_turn():
    world = World()
    queue, client = world.queue(b"q"), world.connect()
    world.shard.agenda.set_time(NOW)
    client.publish(b"q")
    for _ in range(5000):
        client.publish(b"q")
    world.turn()
    world.shard.rulebook.rules_of(queue).limit_length(count_max=1, bytes_max=None)
    world.shard.rulebook.refresh(queue)
    assert queue.ready_count == 5001 - 4096
    world.turn()
    assert queue.ready_count == 1


def test_a_queue_that_is_closed_is_not_looked_after():
    world = World()
    queue = world.queue(b"q")
    world.shard.rulebook.rules_of(queue)
    world.shard.close_queue(queue)
    world.turn()
    world.shard.rulebook.look_after(queue)
    assert not world.shard.pending
