"""What an operator gets who decides nothing."""

from dataclasses import FrozenInstanceError

import pytest

from leveret.peers.settings import Settings


def test_without_a_word_the_better_way_is_taken():
    assert not Settings().strict


def test_nothing_changes_while_the_server_runs():
    with pytest.raises(FrozenInstanceError):
        Settings().strict = True
