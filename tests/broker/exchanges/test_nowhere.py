"""The router of an exchange that has gone."""

import pytest

from leveret.broker.exchanges.nowhere import Nowhere
from leveret.broker.message import Message
from leveret.engine.errors import InvariantError


def test_a_message_goes_nowhere():
    nowhere = Nowhere()
    nowhere.unbind(None)
    assert (*nowhere.destinations(Message("e", ("key",))), *nowhere.bindings()) == ()


def test_nothing_is_bound_to_it():
    with pytest.raises(InvariantError):
        Nowhere().bind(None)
