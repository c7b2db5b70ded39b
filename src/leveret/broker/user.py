"""A user: whom a connection acts for, and what that one may."""

from __future__ import annotations

from typing import Final

from leveret.broker.password import NOBODYS, Password
from leveret.broker.permission import Permission, Rule, TopicPermission

ADMINISTRATOR: Final = "administrator"
IMPERSONATOR: Final = "impersonator"  # may publish under another user's name
MAX_CONNECTIONS: Final = "max-connections"
MAX_CHANNELS: Final = "max-channels"
LIMITS: Final = (MAX_CONNECTIONS, MAX_CHANNELS)
TAGS_OF_RABBITMQ: Final = (
    ADMINISTRATOR,
    "monitoring",
    "policymaker",
    "management",
    IMPERSONATOR,
)


class User:
    """`permissions` by virtual host, `topic_permissions` by virtual host and exchange.

    `limits` has those of LIMITS that are set; a negative one is none.
    `connection_count` and `channel_count` are of those that are open now.
    """

    __slots__ = (
        "channel_count",
        "connection_count",
        "limits",
        "name",
        "password",
        "permissions",
        "rules",
        "tags",
        "topic_permissions",
        "topic_rules",
    )

    def __init__(self, name: str, password: Password = NOBODYS, tags: tuple[str, ...] = ()) -> None:
        self.name = name
        self.password = password
        self.tags = tags
        self.limits: dict[str, int] = {}
        self.permissions: dict[str, Permission] = {}
        self.rules: dict[str, Rule] = {}  # what the permissions come to
        self.topic_permissions: dict[tuple[str, str], TopicPermission] = {}
        self.topic_rules: dict[tuple[str, str], Rule] = {}
        self.connection_count = 0
        self.channel_count = 0

    def limit(self, name: str) -> int | None:
        """None: there is no limit of that name."""
        value = self.limits.get(name, -1)
        return None if value < 0 else value

    def reached(self, name: str, count: int) -> int | None:
        """The limit, if there cannot be one more than `count`."""
        limit = self.limit(name)
        return limit if limit is not None and count >= limit else None
