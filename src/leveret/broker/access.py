"""What a connection may do in its virtual host: what its user may, at this moment.

A command is given one of these, and asks it at the place where RabbitMQ asks: so whoever may not
know of a queue is not told whether there is one. Nothing is remembered here, so that a permission
that changes counts from the next command on. What is published is not asked about message by
message: the engine remembers which exchanges a channel may publish to, until it is told to forget.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from leveret.broker.arguments import Arguments
from leveret.broker.errors import AccessRefused
from leveret.broker.permission import CONFIGURE, DEFAULT_EXCHANGE, READ, WRITE
from leveret.broker.queue_arguments import DEAD_LETTER_EXCHANGE

if TYPE_CHECKING:
    from leveret.broker.exchange import Exchange
    from leveret.broker.user import User

QUEUE: Final = "queue"
EXCHANGE: Final = "exchange"
TOPIC: Final = "topic"


class Access(Protocol):
    """Each check raises AccessRefused. `kind` is QUEUE or EXCHANGE."""

    def check(self, action: str, kind: str, name: str) -> None:
        """`action` is CONFIGURE, WRITE or READ."""

    def check_any(self, kind: str, name: str) -> None:
        """One of the three is enough."""

    def check_topic(self, action: str, exchange: Exchange, routing_key: str) -> None:
        """A routing key at an exchange, of whatever type; WRITE or READ."""

    def is_by_topic(self, exchange: Exchange) -> bool:
        """Whether routing keys make a difference there."""


class Unlimited:
    """Of commands that the operator gives, and of the broker's own."""

    def check(self, action: str, kind: str, name: str) -> None:
        pass

    def check_any(self, kind: str, name: str) -> None:
        pass

    def check_topic(self, action: str, exchange: Exchange, routing_key: str) -> None:
        pass

    def is_by_topic(self, exchange: Exchange) -> bool:
        return False


UNLIMITED: Final = Unlimited()


class UserAccess:
    """Of a user, in a virtual host."""

    def __init__(self, user: User, virtual_host: str) -> None:
        self.user = user
        self.virtual_host = virtual_host

    def check(self, action: str, kind: str, name: str) -> None:
        if not self.allows(action, name or DEFAULT_EXCHANGE):
            self.refuse(action, kind, name or DEFAULT_EXCHANGE)

    def check_any(self, kind: str, name: str) -> None:
        if not any(self.allows(action, name) for action in (CONFIGURE, WRITE, READ)):
            self.refuse(CONFIGURE, kind, name)

    def check_topic(self, action: str, exchange: Exchange, routing_key: str) -> None:
        if not self.is_by_topic(exchange):
            return
        rule = self.user.topic_rules[self.virtual_host, exchange.name]
        if not rule.allows(action, routing_key):
            raise AccessRefused(
                f"{action} access to topic '{routing_key}' in exchange "
                f"{TOPIC} '{exchange.name}' in vhost '{self.virtual_host}' "
                f"refused for user '{self.user.name}'"
            )

    def is_by_topic(self, exchange: Exchange) -> bool:
        key = (self.virtual_host, exchange.name)
        return exchange.type == TOPIC and key in self.user.topic_rules

    def allows(self, action: str, name: str) -> bool:
        rule = self.user.rules.get(self.virtual_host)
        return rule is not None and rule.allows(action, name)

    def refuse(self, action: str, kind: str, name: str) -> None:
        raise AccessRefused(
            f"{action} access to {kind} '{name}' in vhost '{self.virtual_host}' "
            f"refused for user '{self.user.name}'"
        )


def check_dead_letters(name: str, arguments: Arguments, access: Access) -> None:
    """Whether somebody may have a queue's messages go on to its dead letter exchange."""
    exchange = arguments.get(DEAD_LETTER_EXCHANGE)
    if isinstance(exchange, str):
        access.check(READ, QUEUE, name)
        access.check(WRITE, EXCHANGE, exchange)
