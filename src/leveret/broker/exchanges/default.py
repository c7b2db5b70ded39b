"""The default exchange: a message goes to the queue that its routing key names.

Nothing can be bound to it or from it: every queue is, under its own name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from leveret.broker.arguments import NO_ARGUMENTS
from leveret.broker.errors import AccessRefused
from leveret.broker.exchange import Exchange

if TYPE_CHECKING:
    from leveret.broker.binding import Binding, Destination
    from leveret.broker.message import Message
    from leveret.broker.queue import Queue

NAME = ""


class Default:
    __slots__ = ("queues", "reply_queues")

    by_content = False

    def __init__(self, queues: Mapping[str, Queue], reply_queues: Mapping[str, Queue]) -> None:
        self.queues = queues
        self.reply_queues = reply_queues

    def bind(self, binding: Binding) -> None:
        refuse()

    def unbind(self, binding: Binding) -> None:
        refuse()

    def destinations(self, message: Message) -> Iterable[Destination]:
        named = (self.queues.get(key) or self.reply_queues.get(key) for key in message.routing_keys)
        return [queue for queue in named if queue is not None]

    def bindings(self) -> Iterable[Binding]:
        return ()


def exchange(queues: Mapping[str, Queue], reply_queues: Mapping[str, Queue]) -> Exchange:
    """The default exchange of a virtual host with these queues, and these for direct replies."""
    return Exchange(
        NAME,
        "direct",
        Default(queues, reply_queues),
        durable=True,
        auto_delete=False,
        internal=False,
        arguments=NO_ARGUMENTS,
    )


def check_not_default(*names: str) -> None:
    """Raises AccessRefused if one of the names is the default exchange's."""
    if NAME in names:
        refuse()


def refuse() -> None:
    raise AccessRefused("operation not permitted on the default exchange")
