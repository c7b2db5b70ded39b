"""What an operator gets who decides nothing."""

from dataclasses import FrozenInstanceError

import pytest

from leveret.peers.settings import MESSAGE_BYTES_LIMIT, Settings


def test_without_a_word_the_better_way_is_taken():
    assert not Settings().strict
    assert Settings().message_bytes_max == 16 * 1024 * 1024 <= MESSAGE_BYTES_LIMIT


def test_nothing_changes_while_the_server_runs():
    with pytest.raises(FrozenInstanceError):
        Settings().strict = True
