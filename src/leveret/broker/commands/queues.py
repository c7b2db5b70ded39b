"""Commands on queues. What an operator does is not held up by a connection's exclusive queue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol, runtime_checkable

from leveret.broker.argument_values import (
    JsonValue,
    UnknownClass,
    dump_arguments,
    load_arguments,
)
from leveret.broker.commands.command import (
    VIRTUAL_HOST,
    Answer,
    Argument,
    Column,
    Command,
    Kind,
    WrongUsage,
    show,
)
from leveret.broker.commands.node import Node
from leveret.broker.equivalence import plain
from leveret.broker.errors import NotFound
from leveret.broker.queue import Queue
from leveret.broker.queue_arguments import CLASSIC, TYPE
from leveret.broker.virtual_host import VirtualHost

NAME: Final = Argument("name", "the name of the queue", Kind.NAME)


@runtime_checkable
class Owner(Protocol):
    """A connection that has an exclusive queue."""

    @property
    def pid(self) -> str: ...


def owner_pid(queue: Queue) -> str:
    return queue.owner.pid if isinstance(queue.owner, Owner) else ""


COLUMNS: Final = (
    Column("name", "its name", lambda queue: queue.name),
    Column("vhost", "its virtual host", lambda queue: queue.topology.virtual_host),
    Column("type", "its type", lambda queue: plain(queue.arguments.get(TYPE, CLASSIC))),
    Column("durable", "it survives a restart", lambda queue: queue.durable),
    Column("auto_delete", "it goes with its last consumer", lambda queue: queue.auto_delete),
    Column("exclusive", "it is one connection's own", lambda queue: queue.owner is not None),
    Column("owner_pid", "the connection whose own it is", owner_pid),
    Column(
        "arguments",
        "what it was declared with",
        lambda queue: dump_arguments(queue.arguments),
    ),
    Column(
        "messages",
        "ready and unacknowledged ones",
        lambda queue: queue.store.ready_count + queue.store.unacked_count,
    ),
    Column("messages_ready", "to be delivered", lambda queue: queue.store.ready_count),
    Column(
        "messages_unacknowledged",
        "delivered, and not acknowledged",
        lambda queue: queue.store.unacked_count,
    ),
    Column(
        "message_bytes_ready", "the bodies of those ready", lambda queue: queue.store.ready_bytes
    ),
    Column("consumers", "how many it has", lambda queue: queue.consumer_count),
    Column("bindings", "that lead to it", lambda queue: len(queue.bindings or ())),
    Column("policy", "that it goes by", lambda queue: queue.effective.policy),
    Column("operator_policy", "that narrows it", lambda queue: queue.effective.operator_policy),
    Column(
        "effective_policy_definition",
        "what both come to",
        lambda queue: dict(queue.effective.definition),
    ),
    Column("state", "`running`", lambda queue: "running"),
)
SHOWN: Final = ("name", "messages")


def list_queues(node: Node, *, vhost: str) -> Iterator[Queue]:
    topology = node.broker.hosts.find(vhost).topology
    for queue in list(topology.queues.values()):
        if topology.queues.get(queue.name) is queue:
            yield queue


def show_queue(node: Node, *, vhost: str, name: str) -> dict[str, JsonValue]:
    return show(COLUMNS, find(node.broker.hosts.find(vhost), name))


def find(host: VirtualHost, name: str) -> Queue:
    """Also another's exclusive one. Raises NotFound."""
    queue = host.queues.get(name)
    if queue is None:
        raise NotFound(f"no {host.queue_description(name)}")
    return queue


def declare_queue(
    node: Node,
    *,
    vhost: str,
    name: str,
    transient: bool,
    auto_delete: bool,
    arguments: Mapping[str, JsonValue],
) -> str:
    """The name, which the broker makes up where there is none."""
    queue = node.broker.hosts.find(vhost).declare_queue(
        name,
        durable=not transient,
        auto_delete=auto_delete,
        arguments=load(node, arguments),
        connection=None,
    )
    return queue.name


def delete_queue(node: Node, *, vhost: str, name: str, if_empty: bool, if_unused: bool) -> Answer:
    host = node.broker.hosts.find(vhost)
    owner = find(host, name).owner
    deletion = host.delete_queue(name, if_empty=if_empty, if_unused=if_unused, connection=owner)
    return Answer(lambda: {"messages": deletion.message_count}, deletion.chore)


def purge_queue(node: Node, *, vhost: str, name: str) -> Answer:
    host = node.broker.hosts.find(vhost)
    chore = host.purge_queue(name, find(host, name).owner)
    return Answer(lambda: {"messages": chore.count}, chore)


def load(node: Node, arguments: Mapping[str, JsonValue]) -> dict[str, object]:
    """As a declaration has them. Raises WrongUsage."""
    check_depth(arguments, ARGUMENTS_DEPTH_MAX)
    try:
        return load_arguments(arguments, node.classes)
    except (ValueError, TypeError, UnknownClass) as error:
        raise WrongUsage(f"arguments: {error}") from error


def check_depth(value: JsonValue, left: int) -> None:
    """Raises WrongUsage for what has more levels than those that are left."""
    if left == 0:
        raise WrongUsage(f"arguments may have {ARGUMENTS_DEPTH_MAX} levels")
    items = value.values() if isinstance(value, Mapping) else value
    if isinstance(items, Iterable) and not isinstance(items, str):
        for item in items:
            check_depth(item, left - 1)


ARGUMENTS_DEPTH_MAX: Final = 64
"""As of what clients declare."""
ARGUMENTS: Final = Argument(
    "arguments", "its arguments, as JSON", Kind.TABLE, {}, option="--arguments"
)
AUTO_DELETE: Final = Argument(
    "auto_delete", "it goes with the last that uses it", Kind.FLAG, False, option="--auto-delete"
)
TRANSIENT: Final = Argument(
    "transient", "it does not survive a restart", Kind.FLAG, False, option="--transient"
)
IF_UNUSED: Final = Argument(
    "if_unused", "only if nobody uses it", Kind.FLAG, False, option="--if-unused"
)
IF_EMPTY: Final = Argument(
    "if_empty", "only if it has no messages that are ready", Kind.FLAG, False, option="--if-empty"
)

COMMANDS: Final = (
    Command(
        "list_queues",
        "list the queues of a virtual host",
        list_queues,
        (VIRTUAL_HOST,),
        COLUMNS,
        SHOWN,
        example="name messages consumers",
    ),
    Command(
        "show_queue",
        "all that is known of one queue",
        show_queue,
        (NAME, VIRTUAL_HOST),
        asks=True,
    ),
    Command(
        "declare_queue",
        "make a queue, a durable one unless --transient says otherwise",
        declare_queue,
        (NAME, VIRTUAL_HOST, TRANSIENT, AUTO_DELETE, ARGUMENTS),
        changes=True,
        example="orders --argument x-max-length=1000",
    ),
    Command(
        "delete_queue",
        "delete a queue and its messages",
        delete_queue,
        (NAME, VIRTUAL_HOST, IF_EMPTY, IF_UNUSED),
        changes=True,
        example="orders --if-empty",
    ),
    Command(
        "purge_queue",
        "drop the messages of a queue that are ready",
        purge_queue,
        (NAME, VIRTUAL_HOST),
        changes=True,
        example="orders",
    ),
)
