"""Who is it? A user who knows the password.

    PLAIN       NUL  user  NUL  password        (RFC 4616 without an authorization identity)
    ANONYMOUS   anything                        (RFC 4505), logs in as guest with guest's password

A protocol may have mechanisms of its own, whose responses it reads itself: check_password. Guest,
whose password everybody knows, may come from this machine only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NoReturn

from leveret.broker.errors import AccessRefused, CommandInvalid, MalformedResponse
from leveret.broker.password import NOBODYS
from leveret.broker.user import User
from leveret.broker.users import GUEST

PLAIN: Final = "PLAIN"
ANONYMOUS: Final = "ANONYMOUS"


class LoginRefused(AccessRefused):
    """Why, is for the operator alone: the client is told the same whatever was wrong."""

    def __init__(self, mechanism: str, reason: str, *, name: str = "") -> None:
        super().__init__(
            f"Login was refused using authentication mechanism {mechanism}. "
            "For details see the broker logfile."
        )
        self.mechanism = mechanism
        self.reason = reason
        self.name = name  # of the user that it wanted to be


def authenticate(
    users: Mapping[str, User], mechanism: str, response: bytes, *, is_loopback: bool
) -> User:
    """The user who logs in with this response.

    Raises CommandInvalid for a mechanism that is not offered, MalformedResponse, LoginRefused.
    """
    if mechanism == ANONYMOUS:
        name = password = GUEST.encode()
    elif mechanism == PLAIN:
        name, password = plain_credentials(response)
    else:
        raise CommandInvalid(f"unknown authentication mechanism '{mechanism}'")
    return check_password(users, name, password, mechanism=mechanism, is_loopback=is_loopback)


def check_password(
    users: Mapping[str, User],
    name: bytes,
    password: bytes,
    *,
    mechanism: str,
    is_loopback: bool,
) -> User:
    """The user of this name and password, which `mechanism` brought. Raises LoginRefused."""
    shown = name.decode("utf-8", "surrogateescape")
    user = users.get(shown)
    # Where there is no such user it takes as long to find out.
    knows_password = (NOBODYS if user is None else user.password).matches(password)
    if user is None or not knows_password:
        refuse(mechanism, f"user '{shown}' - invalid credentials", name=shown)
    if user.name == GUEST and not is_loopback:
        refuse(mechanism, f"user '{shown}' can only connect via localhost", name=shown)
    return user


def plain_credentials(response: bytes) -> tuple[bytes, bytes]:
    parts = response.split(b"\0")
    if len(parts) != 3 or parts[0]:
        raise MalformedResponse("invalid response")
    return parts[1], parts[2]


def refuse(mechanism: str, reason: str, *, name: str) -> NoReturn:
    raise LoginRefused(mechanism, reason, name=name)
