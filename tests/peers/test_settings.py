"""What an operator gets who decides nothing."""

from dataclasses import FrozenInstanceError, fields

import pytest

from leveret.limits import SETTABLE
from leveret.peers.settings import Settings


def test_without_a_word_the_better_way_is_taken():
    assert not Settings().strict


def test_without_a_word_limits_are_as_they_are_declared():
    declared = {limit.name: limit.default for limit in SETTABLE}
    names = {field.name for field in fields(Settings)} - {"strict"}
    assert len(names) == 10
    assert {name: getattr(Settings(), name) for name in names} == {
        name: declared[name] for name in names
    }


def test_nothing_changes_while_the_server_runs():
    with pytest.raises(FrozenInstanceError):
        Settings().strict = True
