import pytest

from leveret.broker.authentication import LoginRefused, authenticate, check_password
from leveret.broker.errors import CommandInvalid, MalformedResponse
from leveret.broker.sessions import Sessions
from leveret.broker.users import Users

REFUSED = (
    "Login was refused using authentication mechanism PLAIN. For details see the broker logfile."
)


@pytest.fixture
def users(random):
    users = Users(random, Sessions())
    users.add_guest("/")
    users.add("ann", "sécret")
    return users.by_name


def test_whoever_knows_the_password_is_let_in(users):
    response = "\0ann\0sécret".encode()
    assert authenticate(users, "PLAIN", response, is_loopback=False) is users["ann"]
    assert authenticate(users, "PLAIN", b"\0guest\0guest", is_loopback=True) is users["guest"]


@pytest.mark.parametrize(
    ("response", "is_loopback", "reason"),
    [
        (b"\0guest\0guest", False, "user 'guest' can only connect via localhost"),
        (b"\0guest\0wrong", True, "user 'guest' - invalid credentials"),
        (b"\0guest\0", True, "user 'guest' - invalid credentials"),
        (b"\0other\0guest", True, "user 'other' - invalid credentials"),
        (b"\0ann\0guest", True, "user 'ann' - invalid credentials"),
        (b"\0\0", True, "user '' - invalid credentials"),
        (b"\0\xff\0\xff", True, "user '\udcff' - invalid credentials"),
    ],
)
def test_all_others_are_refused_with_the_same_words(users, response, is_loopback, reason):
    with pytest.raises(LoginRefused) as refusal:
        authenticate(users, "PLAIN", response, is_loopback=is_loopback)
    assert refusal.value.text == REFUSED
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    "response", [b"", b"guest\0guest", b"\0guest", b"\0guest\0guest\0", b"admin\0guest\0guest"]
)
def test_what_is_not_plain_is_malformed_and_not_repeated_to_anyone(users, response):
    with pytest.raises(MalformedResponse) as refusal:
        authenticate(users, "PLAIN", response, is_loopback=True)
    assert refusal.value.text == "invalid response"


def test_anonymous_is_guest_from_loopback(users):
    assert authenticate(users, "ANONYMOUS", b"whoever", is_loopback=True) is users["guest"]
    with pytest.raises(LoginRefused) as refusal:
        authenticate(users, "ANONYMOUS", b"", is_loopback=False)
    assert refusal.value.text == REFUSED.replace("PLAIN", "ANONYMOUS")


@pytest.mark.parametrize("password", [None, b"other"])
def test_anonymous_goes_with_guests_known_password(users, password):
    if password is None:
        del users["guest"]
    else:
        users["guest"].password = users["ann"].password
    with pytest.raises(LoginRefused):
        authenticate(users, "ANONYMOUS", b"", is_loopback=True)


def test_a_refusal_names_the_mechanism_that_brought_the_password(users):
    credentials = {"mechanism": "X", "is_loopback": True}
    assert check_password(users, b"guest", b"guest", **credentials) is users["guest"]
    with pytest.raises(LoginRefused) as refusal:
        check_password(users, b"guest", b"x", **credentials)
    assert refusal.value.text == REFUSED.replace("PLAIN", "X")


def test_a_mechanism_that_is_not_offered_is_invalid(users):
    with pytest.raises(CommandInvalid) as refusal:
        authenticate(users, "EXTERNAL", b"", is_loopback=True)
    assert refusal.value.text == "unknown authentication mechanism 'EXTERNAL'"
