import pytest

from leveret.broker.authentication import authenticate, check_password
from leveret.broker.errors import AccessRefused, CommandInvalid, MalformedResponse
from leveret.broker.user import User

REFUSED = (
    "Login was refused using authentication mechanism PLAIN. For details see the broker logfile."
)


def test_guest_may_come_in_from_loopback():
    assert authenticate("PLAIN", b"\0guest\0guest", is_loopback=True) == User("guest")


@pytest.mark.parametrize(
    ("response", "is_loopback"),
    [
        (b"\0guest\0guest", False),
        (b"\0guest\0wrong", True),
        (b"\0guest\0", True),
        (b"\0other\0guest", True),
        (b"\0\0", True),
        (b"\0\xff\0\xff", True),
    ],
)
def test_all_others_are_refused_with_the_same_words(response, is_loopback):
    with pytest.raises(AccessRefused) as refusal:
        authenticate("PLAIN", response, is_loopback=is_loopback)
    assert refusal.value.text == REFUSED


@pytest.mark.parametrize(
    "response", [b"", b"guest\0guest", b"\0guest", b"\0guest\0guest\0", b"admin\0guest\0guest"]
)
def test_what_is_not_plain_is_malformed_and_not_repeated_to_anyone(response):
    with pytest.raises(MalformedResponse) as refusal:
        authenticate("PLAIN", response, is_loopback=True)
    assert refusal.value.text == "invalid response"


def test_anonymous_is_guest_from_loopback():
    assert authenticate("ANONYMOUS", b"whoever", is_loopback=True) == User("guest")
    with pytest.raises(AccessRefused) as refusal:
        authenticate("ANONYMOUS", b"", is_loopback=False)
    assert refusal.value.text == REFUSED.replace("PLAIN", "ANONYMOUS")


def test_a_refusal_names_the_mechanism_that_brought_the_password():
    assert check_password(b"guest", b"guest", mechanism="X", is_loopback=True) == User("guest")
    with pytest.raises(AccessRefused) as refusal:
        check_password(b"guest", b"x", mechanism="X", is_loopback=True)
    assert refusal.value.text == REFUSED.replace("PLAIN", "X")


def test_a_mechanism_that_is_not_offered_is_invalid():
    with pytest.raises(CommandInvalid) as refusal:
        authenticate("EXTERNAL", b"", is_loopback=True)
    assert refusal.value.text == "unknown authentication mechanism 'EXTERNAL'"
