"""Who is it? The one user there is: guest, with the password guest, from this machine.

    PLAIN       NUL  user  NUL  password        (RFC 4616 without an authorization identity)
    ANONYMOUS   anything                        (RFC 4505), logs in as guest

A protocol may have mechanisms of its own, whose responses it reads itself: check_password.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import NoReturn

from leveret.broker.errors import AccessRefused, CommandInvalid, MalformedResponse
from leveret.broker.user import User

PLAIN = "PLAIN"
ANONYMOUS = "ANONYMOUS"
GUEST = "guest"
GUEST_PASSWORD = b"guest"


def authenticate(mechanism: str, response: bytes, *, is_loopback: bool) -> User:
    """The user who logs in with this response.

    Raises CommandInvalid for a mechanism that is not offered, MalformedResponse, and AccessRefused,
    whose text is the same whatever was wrong.
    """
    if mechanism == ANONYMOUS:
        return User(GUEST) if is_loopback else refuse(mechanism)
    if mechanism != PLAIN:
        raise CommandInvalid(f"unknown authentication mechanism '{mechanism}'")
    name, password = plain_credentials(response)
    return check_password(name, password, mechanism=mechanism, is_loopback=is_loopback)


def check_password(name: bytes, password: bytes, *, mechanism: str, is_loopback: bool) -> User:
    """The user of this name and password, which `mechanism` brought. Raises AccessRefused."""
    knows_name = compare_digest(name, GUEST.encode())
    knows_password = compare_digest(password, GUEST_PASSWORD)
    if not (knows_name and knows_password and is_loopback):
        refuse(mechanism)
    return User(GUEST)


def plain_credentials(response: bytes) -> tuple[bytes, bytes]:
    parts = response.split(b"\0")
    if len(parts) != 3 or parts[0]:
        raise MalformedResponse("invalid response")
    return parts[1], parts[2]


def refuse(mechanism: str) -> NoReturn:
    raise AccessRefused(
        f"Login was refused using authentication mechanism {mechanism}. "
        "For details see the broker logfile."
    )
