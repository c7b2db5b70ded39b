"""The arguments that a queue's declaration may carry.

All are kept; those that RabbitMQ's classic queues know are compared when the queue is declared
again. Only the type is looked into.
"""

from __future__ import annotations

from leveret.broker.arguments import Arguments
from leveret.broker.equivalence import plain, type_name
from leveret.broker.errors import PreconditionFailed

TYPE = "x-queue-type"
CLASSIC = "classic"
COMPARED = (  # in the order in which RabbitMQ compares them: it names the first that differs
    "x-expires",
    "x-message-ttl",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-max-length",
    "x-max-length-bytes",
    "x-max-priority",
    "x-overflow",
    "x-queue-mode",
    "x-queue-version",
    "x-single-active-consumer",
    TYPE,
    "x-queue-master-locator",
    "x-queue-leader-locator",
)


def check_queue_type(arguments: Arguments, *, resource: str) -> None:
    """Raises PreconditionFailed for a type of queue that is not supported."""
    value = arguments.get(TYPE, CLASSIC)
    if value in (CLASSIC, CLASSIC.encode()):
        return
    if isinstance(value, str | bytes):
        reason = f"\"unsupported queue type '{plain(value)}'\""
    else:
        reason = f"{{unacceptable_type,{type_name(value)}}}"
    raise PreconditionFailed(f"invalid arg '{TYPE}' for {resource}: {reason}")
