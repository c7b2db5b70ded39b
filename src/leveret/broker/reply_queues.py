"""Direct replies: queues that exist for one consumer, under an address that cannot be guessed.

A client consumes from the pseudo queue `amq.rabbitmq.reply-to` and publishes requests with that
name as their reply-to, which becomes the address of its own reply queue. Whoever answers publishes
to the default exchange with the address as routing key. Declaring the address, which creates
nothing, tells whether the client still waits.
"""

from __future__ import annotations

from collections.abc import Callable

from leveret.broker.errors import AccessRefused
from leveret.broker.names import random_name

PSEUDO_QUEUE = "amq.rabbitmq.reply-to"
ADDRESS_PREFIX = "amq.rabbitmq.reply-to."


def is_reply_queue(name: str) -> bool:
    """The pseudo queue, or what could be an address."""
    return name == PSEUDO_QUEUE or name.startswith(ADDRESS_PREFIX)


def check_not_reply_queue(name: str, *, resource: str) -> None:
    """Raises AccessRefused: nothing is bound to a reply queue."""
    if is_reply_queue(name):
        raise AccessRefused(f"operation not permitted on {resource}")


def reply_address(random: Callable[[int], bytes]) -> str:
    return random_name(ADDRESS_PREFIX, random)
