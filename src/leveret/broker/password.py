"""Passwords, as RabbitMQ keeps them: nobody can read them back, and definitions can be moved.

    base64( salt, 4 bytes | digest of salt and password )

An empty hash is nobody's password: who has it cannot log in with one.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from types import MappingProxyType
from typing import Final

SALT_BYTES: Final = 4  # RabbitMQ's form has room for no more
SHA256: Final = "rabbit_password_hashing_sha256"
SHA512: Final = "rabbit_password_hashing_sha512"
MD5: Final = "rabbit_password_hashing_md5"  # of old users, who can log in until they have another
DIGESTS: Final[Mapping[str, Callable[[bytes], bytes]]] = MappingProxyType(
    {
        SHA256: lambda data: hashlib.sha256(data).digest(),
        SHA512: lambda data: hashlib.sha512(data).digest(),
        MD5: lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    }
)


@dataclass(frozen=True, slots=True)
class Password:
    """`hash` is as in RabbitMQ's definitions; `algorithm` may be one that nobody knows here."""

    hash: str
    algorithm: str = SHA256

    @property
    def is_usable(self) -> bool:
        """Whether somebody may log in with it."""
        return self.algorithm in DIGESTS and len(self.parts()[1]) > 0

    def matches(self, password: bytes) -> bool:
        """Takes as long for each that could be one. An empty one is never right."""
        salt, digest = self.parts()
        digested = DIGESTS.get(self.algorithm, DIGESTS[SHA256])(salt + password)
        is_same = compare_digest(digested, digest)
        return is_same and self.is_usable and bool(password)

    def parts(self) -> tuple[bytes, bytes]:
        try:
            data = b64decode(self.hash, validate=True)
        except ValueError:
            data = b""
        return data[:SALT_BYTES], data[SALT_BYTES:]


NOBODYS: Final = Password("")


def hashed(password: bytes, random: Callable[[int], bytes]) -> Password:
    """`random` gives so many random bytes."""
    salt = random(SALT_BYTES)
    digest = DIGESTS[SHA256](salt + password)
    return Password(b64encode(salt + digest).decode("ascii"))
