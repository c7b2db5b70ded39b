"""Commands on what users may do, in each virtual host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from leveret.broker.commands.command import VIRTUAL_HOST, Argument, Column, Command, Kind
from leveret.broker.commands.node import Node
from leveret.broker.commands.users import USERNAME, list_users
from leveret.broker.permission import Permission, TopicPermission
from leveret.broker.user import User


class Row(NamedTuple):
    user: str
    vhost: str
    permission: Permission


class TopicRow(NamedTuple):
    user: str
    vhost: str
    exchange: str
    permission: TopicPermission


USER: Final = Column("user", "who", lambda row: row.user)
VHOST: Final = Column("vhost", "where", lambda row: row.vhost)
CONFIGURE: Final = Column("configure", "what may be declared", lambda row: row.permission.configure)
WRITE: Final = Column("write", "what may be published to", lambda row: row.permission.write)
READ: Final = Column("read", "what may be consumed from", lambda row: row.permission.read)
EXCHANGE: Final = Column("exchange", "the topic exchange", lambda row: row.exchange)
COLUMNS: Final = (USER, VHOST, CONFIGURE, WRITE, READ)
TOPIC_COLUMNS: Final = (USER, VHOST, EXCHANGE, WRITE, READ)


def set_permissions(
    node: Node, *, vhost: str, username: str, configure: str, write: str, read: str
) -> None:
    node.broker.hosts.find(vhost)
    user = node.broker.users.find(username)
    node.broker.users.permit(user, vhost, Permission(configure, write, read))


def clear_permissions(node: Node, *, vhost: str, username: str) -> None:
    node.broker.hosts.find(vhost)
    node.broker.users.forbid(node.broker.users.find(username), vhost)


def list_permissions(node: Node, *, vhost: str) -> Iterator[Row | None]:
    """Raises NotFound."""
    node.broker.hosts.find(vhost)
    for user in list_users(node):
        permission = user.permissions.get(vhost)
        yield None if permission is None else Row(user.name, vhost, permission)


def list_user_permissions(node: Node, *, username: str) -> Iterator[Row]:
    """Raises NotFound."""
    user = node.broker.users.find(username)
    for vhost, permission in list(user.permissions.items()):
        yield Row(user.name, vhost, permission)


def set_topic_permissions(
    node: Node, *, vhost: str, username: str, exchange: str, write: str, read: str
) -> None:
    node.broker.hosts.find(vhost)
    user = node.broker.users.find(username)
    node.broker.users.permit_topics(user, vhost, exchange, TopicPermission(write, read))


def clear_topic_permissions(node: Node, *, vhost: str, username: str, exchange: str | None) -> None:
    """At one exchange, or at all."""
    node.broker.hosts.find(vhost)
    user = node.broker.users.find(username)
    for where, of_exchange in list(user.topic_permissions):
        if where == vhost and exchange in (None, of_exchange):
            node.broker.users.forbid_topics(user, where, of_exchange)


def list_topic_permissions(node: Node, *, vhost: str) -> Iterator[TopicRow | None]:
    """Raises NotFound."""
    node.broker.hosts.find(vhost)
    for user in list_users(node):
        yield None
        yield from (row for row in topic_rows(user) if row.vhost == vhost)


def list_user_topic_permissions(node: Node, *, username: str) -> Iterator[TopicRow]:
    """Raises NotFound."""
    return topic_rows(node.broker.users.find(username))


def topic_rows(user: User) -> Iterator[TopicRow]:
    for (vhost, exchange), permission in list(user.topic_permissions.items()):
        yield TopicRow(user.name, vhost, exchange, permission)


WRITE_KEYS: Final = Argument("write", "with which routing keys the user may publish")
READ_KEYS: Final = Argument("read", "with which routing keys the user may bind")

COMMANDS: Final = (
    Command(
        "set_permissions",
        "say what a user may do in a virtual host, in three regular expressions for names",
        set_permissions,
        (
            USERNAME,
            Argument("configure", "what the user may declare and delete"),
            Argument("write", "what the user may publish to"),
            Argument("read", "what the user may consume from"),
            VIRTUAL_HOST,
        ),
        changes=True,
        example="ann '^ann-' '.*' '.*'",
    ),
    Command(
        "clear_permissions",
        "keep a user out of a virtual host",
        clear_permissions,
        (USERNAME, VIRTUAL_HOST),
        changes=True,
        example="ann",
    ),
    Command(
        "list_permissions",
        "list what users may do in a virtual host",
        list_permissions,
        (VIRTUAL_HOST,),
        COLUMNS,
        ("user", "configure", "write", "read"),
    ),
    Command(
        "list_user_permissions",
        "list what a user may do in each virtual host",
        list_user_permissions,
        (USERNAME,),
        COLUMNS,
        ("vhost", "configure", "write", "read"),
    ),
    Command(
        "set_topic_permissions",
        "say which routing keys a user may use at a topic exchange",
        set_topic_permissions,
        (
            USERNAME,
            Argument("exchange", "the topic exchange", Kind.NAME),
            WRITE_KEYS,
            READ_KEYS,
            VIRTUAL_HOST,
        ),
        changes=True,
        example="ann amq.topic '^ann\\.' '.*'",
    ),
    Command(
        "clear_topic_permissions",
        "have routing keys make no difference for a user",
        clear_topic_permissions,
        (
            USERNAME,
            Argument("exchange", "only at this exchange", Kind.NAME, None),
            VIRTUAL_HOST,
        ),
        changes=True,
        example="ann amq.topic",
    ),
    Command(
        "list_topic_permissions",
        "list which routing keys users may use in a virtual host",
        list_topic_permissions,
        (VIRTUAL_HOST,),
        TOPIC_COLUMNS,
        ("user", "exchange", "write", "read"),
    ),
    Command(
        "list_user_topic_permissions",
        "list which routing keys a user may use",
        list_user_topic_permissions,
        (USERNAME,),
        TOPIC_COLUMNS,
        ("vhost", "exchange", "write", "read"),
    ),
)
