"""Who is it? SASL PLAIN, for the one user there is: guest, with the password guest, from here.

NUL  user  NUL  password          (RFC 4616 without an authorization identity)
"""

from __future__ import annotations

from hmac import compare_digest

from leveret.broker.errors import AccessRefused, CommandInvalid, MalformedResponse
from leveret.broker.user import User

MECHANISMS = ("PLAIN",)
GUEST = "guest"
GUEST_PASSWORD = b"guest"


def authenticate(mechanism: str, response: bytes, *, is_loopback: bool) -> User:
    """The user who logs in with this response.

    Raises CommandInvalid for a mechanism that is not offered, MalformedResponse, and AccessRefused,
    whose text is the same whatever was wrong.
    """
    if mechanism not in MECHANISMS:
        raise CommandInvalid(f"unknown authentication mechanism '{mechanism}'")
    name, password = plain_credentials(response)
    knows_name = compare_digest(name, GUEST.encode())
    knows_password = compare_digest(password, GUEST_PASSWORD)
    if not (knows_name and knows_password and is_loopback):
        raise AccessRefused(
            f"Login was refused using authentication mechanism {mechanism}. "
            "For details see the broker logfile."
        )
    return User(GUEST)


def plain_credentials(response: bytes) -> tuple[bytes, bytes]:
    parts = response.split(b"\0")
    if len(parts) != 3 or parts[0]:
        raise MalformedResponse("invalid response")
    return parts[1], parts[2]
