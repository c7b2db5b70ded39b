from leveret.broker.user import MAX_CHANNELS, MAX_CONNECTIONS, User


def test_a_user_begins_with_nothing_allowed_and_nobodys_password():
    user = User("ann")
    assert (user.name, user.tags, user.permissions, user.limits) == ("ann", (), {}, {})
    assert not user.password.is_usable


def test_a_limit_is_reached_by_as_many_as_it_allows():
    user = User("ann")
    assert user.reached(MAX_CONNECTIONS, 10) is None
    user.limits = {MAX_CONNECTIONS: 2, MAX_CHANNELS: -1}
    assert user.reached(MAX_CONNECTIONS, 1) is None
    assert user.reached(MAX_CONNECTIONS, 2) == 2
    assert user.reached(MAX_CHANNELS, 10) is None
