import pytest

from leveret.engine.errors import InvariantError
from leveret.engine.rules import Rules
from tests.engine.client import World


def test_a_queue_has_no_rules_until_somebody_asks_for_them():
    world = World()
    queue = world.queue(b"q")
    assert queue.rules is None
    rules = world.shard.rules_of(queue)
    assert queue.rules is rules is world.shard.rules_of(queue)


def test_rules_that_the_shard_has_not_made_do_nothing():
    queue = World().queue(b"q")
    queue.rules = Rules()
    with pytest.raises(InvariantError):
        queue.deliver()
