import pytest

from leveret.broker.errors import NotFound, PreconditionFailed
from leveret.broker.password import Password
from leveret.broker.permission import ALL, Permission, TopicPermission
from leveret.broker.sessions import Sessions
from leveret.broker.users import Users
from tests.broker.conftest import Kept
from tests.broker.test_sessions import Session


@pytest.fixture
def users(random):
    users = Users(random, Sessions())
    users.definitions = Kept()
    return users


@pytest.fixture
def session(users, host):
    """A connection of Ann's."""
    session = Session()
    users.sessions.opened(session, users.add("ann", "secret"), host)
    return session


def text(command, *arguments):
    with pytest.raises((NotFound, PreconditionFailed)) as refusal:
        command(*arguments)
    return refusal.value.text


def test_a_user_is_added_once_and_has_a_password(users):
    users.add("ann", "secret", ["management"])
    assert users.find("ann").password.matches(b"secret")
    assert users.find("ann").tags == ("management",)
    assert text(users.add, "ann", "x") == 'User "ann" already exists'
    assert text(users.add, "bob", "") == "a password must not be empty"
    assert text(users.add, "", "x") == "a user must have a name"


def test_a_user_may_come_with_a_hash(users):
    password = Password("kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR")
    assert users.add_hashed("ann", password).password.matches(b"test12")


def test_the_password_can_be_another_or_none(users):
    user = users.add("ann", "secret")
    users.change_password("ann", "other")
    assert user.password.matches(b"other")
    users.clear_password("ann")
    assert not user.password.matches(b"other")
    assert text(users.change_password, "ann", "") == "a password must not be empty"


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("delete", ()),
        ("change_password", ("x",)),
        ("clear_password", ()),
        ("set_tags", ([],)),
        ("set_limits", ({},)),
        ("clear_limits", ()),
    ],
)
def test_commands_want_a_user_that_is_there(users, command, arguments):
    assert text(getattr(users, command), "no", *arguments) == 'User "no" does not exist'


def test_limits_are_set_beside_others_and_cleared(users):
    user = users.add("ann", "secret")
    users.set_limits("ann", {"max-connections": 1})
    users.set_limits("ann", {"max-channels": 2})
    assert user.limits == {"max-connections": 1, "max-channels": 2}
    users.clear_limits("ann", ["max-channels"])
    assert user.limits == {"max-connections": 1}
    users.clear_limits("ann")
    assert user.limits == {}
    assert text(users.set_limits, "ann", {"max-queues": 1}) == (
        "unknown limit 'max-queues': it is one of max-connections, max-channels"
    )
    assert text(users.set_limits, "ann", {"max-channels": True}) == (
        "limit 'max-channels' must be a whole number"
    )


def test_open_connections_are_told_of_each_change_of_permissions(users, session):
    user = users.find("ann")
    users.permit(user, "/", ALL)
    users.permit_topics(user, "/", "amq.topic", TopicPermission(".*", ".*"))
    users.forbid_topics(user, "/", "amq.topic")
    users.forbid(user, "/")
    assert session.told == ["forget"] * 4
    users.forbid_topics(user, "/", "amq.topic")
    users.forbid(user, "/")
    assert session.told == ["forget"] * 4


def test_a_permission_that_cannot_be_leaves_the_one_before(users):
    user = users.add("ann", "secret")
    users.permit(user, "/", ALL)
    assert text(users.permit, user, "/", Permission("(", "", "")).startswith("invalid regular")
    assert user.permissions == {"/": ALL}
    assert user.rules["/"].allows("read", "x")


def test_a_user_that_is_deleted_loses_connections_and_permissions(users, session):
    user = users.find("ann")
    users.permit(user, "/", ALL)
    users.permit_topics(user, "/", "amq.topic", TopicPermission(".*", ".*"))
    users.delete("ann")
    assert session.told[-1] == "user 'ann' is deleted"
    assert (user.permissions, user.rules, user.topic_rules) == ({}, {}, {})
    assert users.definitions == {}


def test_what_is_kept_is_the_newest_of_each(users):
    user = users.add("ann", "secret")
    users.set_tags("ann", ["administrator"])
    users.permit(user, "/", ALL)
    users.permit_topics(user, "/", "amq.topic", TopicPermission("w", "r"))
    users.set_limits("ann", {"max-channels": 3})
    kept = dict(users.definitions)
    assert kept == {
        ("user", "ann"): {
            "password_hash": user.password.hash,
            "hashing_algorithm": "rabbit_password_hashing_sha256",
            "tags": ["administrator"],
            "limits": {"max-channels": 3},
        },
        ("permission", "/", "ann"): {"configure": ".*", "write": ".*", "read": ".*"},
        ("topic-permission", "/", "ann", "amq.topic"): {"write": "w", "read": "r"},
    }
    users.definitions.clear()
    assert list(users.keep_all()) == [None]
    assert users.definitions == kept


def test_who_goes_while_all_are_kept_again_is_left_out(users):
    for name in ("ann", "bob"):
        users.add(name, "secret")
    steps = users.keep_all()
    next(steps)
    users.delete("bob")
    assert list(steps) == []
    assert set(users.definitions) == {("user", "ann")}


def test_a_virtual_host_that_goes_takes_what_anybody_might_there(users):
    user = users.add("ann", "secret")
    for host in ("/", "v"):
        users.permit(user, host, ALL)
        users.permit_topics(user, host, "amq.topic", TopicPermission("w", "r"))
    users.forget_virtual_host("v")
    assert (set(user.permissions), set(user.topic_permissions)) == ({"/"}, {("/", "amq.topic")})


def test_guest_is_rabbitmqs(users):
    guest = users.add_guest("/")
    assert (guest.name, guest.tags) == ("guest", ("administrator",))
    assert guest.password.matches(b"guest")
    assert guest.permissions == {"/": ALL}
