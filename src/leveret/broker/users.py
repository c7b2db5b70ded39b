"""The users, and the commands on them: who there is, and what each may do where.

Of each change those connections are told that it is about, and the definitions, where it is to
survive a restart:

    ("user", name)                                    password, tags, limits
    ("permission", virtual host, user)                three expressions
    ("topic-permission", virtual host, user, exchange)    two
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from leveret.broker.definitions import Definitions, Forgetful, Value
from leveret.broker.errors import NotFound, PreconditionFailed
from leveret.broker.event_facts import (
    name_of,
    permission_facts,
    permission_place,
    tags_facts,
    topic_permission_facts,
    topic_permission_place,
)
from leveret.broker.events import Events
from leveret.broker.limits import check_limits
from leveret.broker.password import NOBODYS, Password, hashed
from leveret.broker.permission import (
    ALL,
    Permission,
    TopicPermission,
    rule_of,
    topic_rule_of,
)
from leveret.broker.user import ADMINISTRATOR, LIMITS, User

if TYPE_CHECKING:
    from leveret.broker.sessions import Sessions

USER: Final = "user"
PERMISSION: Final = "permission"
TOPIC_PERMISSION: Final = "topic-permission"

GUEST: Final = "guest"


class Users:
    """`random` gives so many random bytes, for the salt of passwords."""

    def __init__(
        self,
        random: Callable[[int], bytes],
        sessions: Sessions,
        events: Events | None = None,
    ) -> None:
        self.random = random
        self.sessions = sessions
        self.events = events or Events()
        self.by_name: dict[str, User] = {}
        self.definitions: Definitions = Forgetful()

    def find(self, name: str) -> User:
        """Raises NotFound."""
        user = self.by_name.get(name)
        if user is None:
            raise NotFound(f'User "{name}" does not exist')
        return user

    # Users

    def add(self, name: str, password: str, tags: Iterable[str] = ()) -> User:
        """Raises PreconditionFailed if there is one of that name, or the password is empty."""
        return self.add_hashed(name, self.hashed(password), tags)

    def add_hashed(self, name: str, password: Password, tags: Iterable[str] = ()) -> User:
        """With what a password was hashed to. Raises PreconditionFailed."""
        if not name:
            raise PreconditionFailed("a user must have a name")
        if name in self.by_name:
            raise PreconditionFailed(f'User "{name}" already exists')
        user = User(name, password, tuple(tags))
        self.by_name[name] = user
        self.keep_user(user)
        self.events.tell("user.created", name_of, name)
        return user

    def add_guest(self, virtual_host: str) -> User:
        """RabbitMQ's default user, who may do all, and come from this machine only."""
        user = self.add(GUEST, GUEST, (ADMINISTRATOR,))
        self.permit(user, virtual_host, ALL)
        return user

    def delete(self, name: str) -> None:
        """With all permissions; the user's connections are closed. Raises NotFound."""
        user = self.find(name)
        del self.by_name[name]
        for key in tuple(user.topic_permissions):
            self.forbid_topics(user, *key)
        for virtual_host in tuple(user.permissions):
            self.forbid(user, virtual_host)
        self.definitions.define((USER, name), None)
        self.events.tell("user.deleted", name_of, name)
        self.sessions.shut_down_user(user, f"user '{name}' is deleted")

    def change_password(self, name: str, password: str) -> None:
        """For logins to come. Raises NotFound, PreconditionFailed for an empty one."""
        self.set_password(self.find(name), self.hashed(password))

    def clear_password(self, name: str) -> None:
        """Nobody can log in as this user with a password from now on. Raises NotFound."""
        self.set_password(self.find(name), NOBODYS)

    def set_password(self, user: User, password: Password) -> None:
        user.password = password
        self.keep_user(user)
        what = "cleared" if password is NOBODYS else "changed"
        self.events.tell(f"user.password.{what}", name_of, user.name)

    def set_tags(self, name: str, tags: Iterable[str]) -> None:
        """Raises NotFound."""
        user = self.find(name)
        user.tags = tuple(tags)
        self.keep_user(user)
        self.events.tell("user.tags.set", tags_facts, user)

    def set_limits(self, name: str, limits: Mapping[str, object]) -> None:
        """These besides those that are set; a negative number is no limit.

        Raises NotFound, PreconditionFailed.
        """
        user = self.find(name)
        user.limits.update(check_limits(limits, LIMITS))
        self.keep_user(user)

    def clear_limits(self, name: str, limits: Iterable[str] = LIMITS) -> None:
        """Raises NotFound."""
        user = self.find(name)
        user.limits = {k: v for k, v in user.limits.items() if k not in tuple(limits)}
        self.keep_user(user)

    def hashed(self, password: str) -> Password:
        if not password:
            raise PreconditionFailed("a password must not be empty")
        return hashed(password.encode("utf-8", "surrogateescape"), self.random)

    # What they may

    def permit(self, user: User, virtual_host: str, permission: Permission) -> None:
        """Instead of what the user might before. Raises PreconditionFailed."""
        user.rules[virtual_host] = rule_of(permission)
        user.permissions[virtual_host] = permission
        self.keep_permission(user, virtual_host)
        self.sessions.permissions_changed(user)
        self.events.tell(
            "permission.created", permission_facts, user.name, virtual_host, permission
        )

    def forbid(self, user: User, virtual_host: str) -> None:
        """Everything, from now on. What is open stays open, as with RabbitMQ."""
        if user.permissions.pop(virtual_host, None) is not None:
            del user.rules[virtual_host]
            self.definitions.define((PERMISSION, virtual_host, user.name), None)
            self.sessions.permissions_changed(user)
            self.events.tell("permission.deleted", permission_place, user.name, virtual_host)

    def permit_topics(
        self, user: User, virtual_host: str, exchange: str, permission: TopicPermission
    ) -> None:
        """Raises PreconditionFailed."""
        key = (virtual_host, exchange)
        user.topic_rules[key] = topic_rule_of(permission, user=user.name, virtual_host=virtual_host)
        user.topic_permissions[key] = permission
        self.keep_topic_permission(user, *key)
        self.sessions.permissions_changed(user)
        self.events.tell(
            "topic.permission.created", topic_permission_facts, user.name, *key, permission
        )

    def forbid_topics(self, user: User, virtual_host: str, exchange: str) -> None:
        """Takes the permission back: routing keys make no difference at the exchange any more."""
        key = (virtual_host, exchange)
        if user.topic_permissions.pop(key, None) is not None:
            del user.topic_rules[key]
            self.definitions.define((TOPIC_PERMISSION, virtual_host, user.name, exchange), None)
            self.sessions.permissions_changed(user)
            self.events.tell("topic.permission.deleted", topic_permission_place, user.name, *key)

    def forget_virtual_host(self, virtual_host: str) -> None:
        """It is deleted, and so is what anybody may there."""
        for user in self.by_name.values():
            for key in [key for key in user.topic_permissions if key[0] == virtual_host]:
                self.forbid_topics(user, *key)
            self.forbid(user, virtual_host)

    # What is kept

    def keep_all(self) -> Iterator[None]:
        """Defines all of them once more, one with each step."""
        for user in tuple(self.by_name.values()):
            if self.by_name.get(user.name) is not user:
                continue
            self.keep_user(user)
            for virtual_host in user.permissions:
                self.keep_permission(user, virtual_host)
            for key in user.topic_permissions:
                self.keep_topic_permission(user, *key)
            yield

    def keep_user(self, user: User) -> None:
        value: Value = {
            "password_hash": user.password.hash,
            "hashing_algorithm": user.password.algorithm,
            "tags": list(user.tags),
            "limits": dict(user.limits),
        }
        self.definitions.define((USER, user.name), value)

    def keep_permission(self, user: User, virtual_host: str) -> None:
        permission = user.permissions[virtual_host]
        self.definitions.define((PERMISSION, virtual_host, user.name), asdict(permission))

    def keep_topic_permission(self, user: User, virtual_host: str, exchange: str) -> None:
        permission = user.topic_permissions[virtual_host, exchange]
        key = (TOPIC_PERMISSION, virtual_host, user.name, exchange)
        self.definitions.define(key, asdict(permission))
