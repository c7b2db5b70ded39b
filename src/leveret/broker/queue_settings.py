"""What a queue does with its messages, whoever has asked for it.

A declaration's arguments say it, and what else may say it (a policy) is merged with them before:
the queue sees the effective values only. They can be applied again at any time, with the messages
that are there.

    settings = QueueSettings.from_arguments(arguments)      None, or the default: not asked for
    settings = replace(settings, message_ttl=...)           what others say
    settings.apply(queue)                                   from now on

A setting that comes to be known is a field here, and in from_arguments() if there is an argument
for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leveret.broker.arguments import Arguments
from leveret.broker.equivalence import plain

if TYPE_CHECKING:
    from leveret.broker.queue import Queue

CLASSIC: Final = "classic"
DROP_HEAD: Final = "drop-head"
REJECT_PUBLISH: Final = "reject-publish"
REJECT_PUBLISH_DLX: Final = "reject-publish-dlx"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """Times are milliseconds. `dead_letter_exchange` may be empty: that is the default exchange.

    `max_priority`: None, the queue knows no priorities.
    """

    type: str = CLASSIC
    message_ttl: int | None = None
    expires: int | None = None
    max_length: int | None = None
    max_length_bytes: int | None = None
    overflow: str = DROP_HEAD
    dead_letter_exchange: str | None = None
    dead_letter_routing_key: str | None = None
    delivery_limit: int | None = None
    consumer_timeout: int | None = None
    max_priority: int | None = None
    single_active_consumer: bool = False

    @classmethod
    def from_arguments(cls, arguments: Arguments) -> QueueSettings:
        """For arguments that were checked."""
        return cls(
            type=text_of(arguments, "x-queue-type") or CLASSIC,
            message_ttl=number_of(arguments, "x-message-ttl"),
            expires=number_of(arguments, "x-expires"),
            max_length=number_of(arguments, "x-max-length"),
            max_length_bytes=number_of(arguments, "x-max-length-bytes"),
            overflow=text_of(arguments, "x-overflow") or DROP_HEAD,
            dead_letter_exchange=text_of(arguments, "x-dead-letter-exchange"),
            dead_letter_routing_key=text_of(arguments, "x-dead-letter-routing-key"),
            delivery_limit=number_of(arguments, "x-delivery-limit"),
            consumer_timeout=number_of(arguments, "x-consumer-timeout"),
            max_priority=number_of(arguments, "x-max-priority"),
            single_active_consumer=arguments.get("x-single-active-consumer") is True,
        )

    def apply(self, queue: Queue) -> None:
        """The queue goes by these from now on."""
        queue.settings = self


NO_SETTINGS: Final = QueueSettings()


def number_of(arguments: Arguments, name: str) -> int | None:
    value = arguments.get(name)
    return value if isinstance(value, int) else None


def text_of(arguments: Arguments, name: str) -> str | None:
    value = arguments.get(name)
    return None if value is None else plain(value)
