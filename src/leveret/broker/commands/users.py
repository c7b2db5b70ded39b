"""Commands on users: who there is. What they may is in permissions.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from leveret.broker.authentication import PLAIN
from leveret.broker.commands.command import Argument, Column, Command, Kind
from leveret.broker.commands.node import Node
from leveret.broker.user import LIMITS, User

COLUMNS: Final = (
    Column("user", "the name", lambda user: user.name),
    Column("tags", "what the user is", lambda user: list(user.tags)),
    Column("limits", "of the user's own", lambda user: dict(user.limits)),
    Column("connections", "open now", lambda user: user.connection_count),
    Column("channels", "open now", lambda user: user.channel_count),
)
SHOWN: Final = ("user", "tags")


def list_users(node: Node) -> Iterator[User]:
    users = node.broker.users.by_name
    for user in list(users.values()):
        if users.get(user.name) is user:
            yield user


def add_user(node: Node, *, username: str, password: str, tags: list[str]) -> None:
    node.broker.users.add(username, password, tags)


def delete_user(node: Node, *, username: str) -> None:
    node.broker.users.delete(username)


def change_password(node: Node, *, username: str, password: str) -> None:
    node.broker.users.change_password(username, password)


def clear_password(node: Node, *, username: str) -> None:
    node.broker.users.clear_password(username)


def authenticate_user(node: Node, *, username: str, password: str) -> str:
    """Raises AccessRefused."""
    user = node.broker.check_password(
        username.encode("utf-8", "surrogateescape"),
        password.encode("utf-8", "surrogateescape"),
        mechanism=PLAIN,
        is_loopback=True,
    )
    return f"user '{user.name}' can log in"


def set_user_tags(node: Node, *, username: str, tags: list[str]) -> None:
    node.broker.users.set_tags(username, tags)


def set_user_limits(node: Node, *, username: str, limits: Mapping[str, object]) -> None:
    node.broker.users.set_limits(username, limits)


def clear_user_limits(node: Node, *, username: str, limit: str) -> None:
    node.broker.users.clear_limits(username, LIMITS if limit == ALL_LIMITS else (limit,))


def list_user_limits(node: Node, *, user: str | None) -> Iterator[User]:
    """Of one user, or of all who have some. Raises NotFound."""
    if user is not None:
        yield node.broker.users.find(user)
        return
    for each in list_users(node):
        if each.limits:
            yield each


ALL_LIMITS: Final = "all"
USERNAME: Final = Argument("username", "the user's name", Kind.NAME)
PASSWORD: Final = Argument("password", "asked for if it is not given", Kind.SECRET)
TAGS: Final = Argument("tags", "administrator, monitoring or others", Kind.WORDS, ())
LIMITS_COLUMNS: Final = tuple(each for each in COLUMNS if each.name in ("user", "limits"))

COMMANDS: Final = (
    Command("list_users", "list the users", list_users, (), COLUMNS, SHOWN),
    Command(
        "add_user",
        "add a user, who needs permissions as well",
        add_user,
        (USERNAME, PASSWORD, TAGS._replace(option="--tags")),
        changes=True,
        example="ann",
    ),
    Command(
        "delete_user",
        "delete a user, and close the user's connections",
        delete_user,
        (USERNAME,),
        changes=True,
        example="ann",
    ),
    Command(
        "change_password",
        "give a user another password",
        change_password,
        (USERNAME, PASSWORD),
        changes=True,
        example="ann",
    ),
    Command(
        "clear_password",
        "have nobody log in as a user with a password",
        clear_password,
        (USERNAME,),
        changes=True,
        example="ann",
    ),
    Command(
        "authenticate_user",
        "ask whether a password is a user's",
        authenticate_user,
        (USERNAME, PASSWORD),
        example="ann",
        asks=True,
    ),
    Command(
        "set_user_tags",
        "give a user these tags instead of others",
        set_user_tags,
        (USERNAME, TAGS),
        changes=True,
        example="ann monitoring",
    ),
    Command(
        "set_user_limits",
        "limit a user's connections and channels",
        set_user_limits,
        (
            USERNAME,
            Argument("limits", 'such as {"max-connections": 10}; -1: none', Kind.TABLE),
        ),
        changes=True,
        example="ann '{\"max-connections\": 10}'",
    ),
    Command(
        "clear_user_limits",
        "take a limit back",
        clear_user_limits,
        (
            USERNAME,
            Argument("limit", "its name", choices=(*LIMITS, ALL_LIMITS)),
        ),
        changes=True,
        example="ann all",
    ),
    Command(
        "list_user_limits",
        "list the limits of users who have some",
        list_user_limits,
        (Argument("user", "only this one's", default=None, option="--user"),),
        LIMITS_COLUMNS,
        ("user", "limits"),
    ),
)
