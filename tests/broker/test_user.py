from dataclasses import FrozenInstanceError

import pytest

from leveret.broker.user import User


def test_a_user_is_known_by_name():
    assert User("guest") == User("guest") != User("other")


def test_who_a_user_is_does_not_change():
    with pytest.raises(FrozenInstanceError):
        User("guest").name = "other"
