"""What a user may do in a virtual host: three regular expressions for the names of resources.

    configure    declare and delete queues and exchanges
    write        publish to an exchange; bind something to something else
    read         consume, get, purge; bind something to an exchange

The default exchange has the name amq.default here. An empty expression matches no name.
A topic permission is about the routing keys at one topic exchange, beside all that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from leveret.broker.errors import PreconditionFailed
from leveret.broker.expression import Expression, compiled
from leveret.broker.expression_program import InvalidExpression

CONFIGURE: Final = "configure"
WRITE: Final = "write"
READ: Final = "read"

NOTHING: Final = "^$"
DEFAULT_EXCHANGE: Final = "amq.default"


@dataclass(frozen=True, slots=True)
class Permission:
    """The expressions as they were given."""

    configure: str
    write: str
    read: str


ALL: Final = Permission(".*", ".*", ".*")


@dataclass(frozen=True, slots=True)
class TopicPermission:
    """{username} and {vhost} in them stand for the user's."""

    write: str
    read: str


class Rule:
    """The expressions of a permission, ready to be asked."""

    __slots__ = ("patterns",)

    def __init__(self, **expressions: str) -> None:
        """Raises PreconditionFailed for one that cannot be used."""
        self.patterns: dict[str, Expression] = {
            action: pattern(expression) for action, expression in expressions.items()
        }

    def allows(self, action: str, name: str) -> bool:
        return self.patterns[action].search(name) is not None


def pattern(expression: str) -> Expression:
    """Raises PreconditionFailed."""
    try:
        return compiled(expression or NOTHING)
    except InvalidExpression as error:
        text = f"invalid regular expression '{expression}': {error}"
        raise PreconditionFailed(text) from None


def rule_of(permission: Permission) -> Rule:
    """Raises PreconditionFailed."""
    return Rule(configure=permission.configure, write=permission.write, read=permission.read)


def topic_rule_of(permission: TopicPermission, *, user: str, virtual_host: str) -> Rule:
    """Raises PreconditionFailed."""

    def expanded(expression: str) -> str:
        return expression.replace("{username}", user).replace("{vhost}", virtual_host)

    return Rule(write=expanded(permission.write), read=expanded(permission.read))
