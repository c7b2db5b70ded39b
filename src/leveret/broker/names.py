"""Names of queues and exchanges: what is stripped, what is reserved, what the server makes up."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable

from leveret.broker.errors import AccessRefused

RESERVED_PREFIX = "amq."
GENERATED_PREFIX = "amq.gen-"
GENERATED_BYTES = 16  # as many random bits as a UUID: not to be guessed, not to be met twice


def stripped(name: str) -> str:
    """`name` without line ends, which RabbitMQ drops wherever a name is declared or bound."""
    return name.replace("\r", "").replace("\n", "")


def encoded(name: str) -> bytes:
    """The bytes that the name had on the wire."""
    return name.encode("utf-8", "surrogateescape")


def generated_queue_name(random: Callable[[int], bytes]) -> str:
    return random_name(GENERATED_PREFIX, random)


def random_name(prefix: str, random: Callable[[int], bytes]) -> str:
    digits = urlsafe_b64encode(random(GENERATED_BYTES)).decode("ascii")
    return prefix + digits.rstrip("=")


def check_not_reserved(name: str, *, kind: str) -> None:
    """Raises AccessRefused for a name that only the server may create."""
    if name.startswith(RESERVED_PREFIX):
        raise AccessRefused(f"{kind} name '{name}' contains reserved prefix 'amq.*'")
