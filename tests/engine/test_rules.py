import pytest

from leveret.engine.errors import InvariantError
from leveret.engine.rules import Rules
from tests.engine.client import World


def test_rules_that_the_shard_has_not_made_do_nothing():
    queue = World().queue(b"q")
    queue.rules = Rules()
    with pytest.raises(InvariantError):
        queue.deliver()
