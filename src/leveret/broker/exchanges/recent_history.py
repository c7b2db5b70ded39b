"""Recent history: a fanout that hands its last messages to each new binding.

`x-recent-history-length` says how many it remembers; a message with the header
`x-recent-history-no-store` set to true it does not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from leveret.broker.arguments import Arguments
from leveret.broker.equivalence import as_term
from leveret.broker.errors import PreconditionFailed

if TYPE_CHECKING:
    from leveret.broker.binding import Binding, Destination
    from leveret.broker.exchanges.surroundings import Surroundings
    from leveret.broker.message import Message

LENGTH = "x-recent-history-length"
NO_STORE = "x-recent-history-no-store"
DEFAULT_LENGTH = 20
LENGTH_MAX = 100_000  # messages are copied into memory of their own, and replayed in one go
BYTES_MAX = 64 << 20  # four of the largest messages; the last one is always remembered
MESSAGE_BYTES = 500  # what the objects for one take
PROPERTY_SIZE = 10  # decoded headers take ten times their bytes, as a rule


class RecentHistory:
    """Raises PreconditionFailed for a length that cannot be."""

    __slots__ = ("deliver", "held", "length_max", "remembered", "size")

    by_content = True  # and each message is to pass here, to be remembered

    def __init__(self, arguments: Arguments, surroundings: Surroundings) -> None:
        self.deliver = surroundings.deliver
        self.held: dict[Binding, None] = {}
        self.length_max = length_in(arguments)
        self.remembered: deque[Message] = deque()
        self.size = 0

    def bind(self, binding: Binding) -> None:
        self.held[binding] = None
        for message in self.remembered:
            self.deliver(message, binding.destination)

    def unbind(self, binding: Binding) -> None:
        del self.held[binding]

    def destinations(self, message: Message) -> Iterable[Destination]:
        """And remembers the message."""
        if message.headers.get(NO_STORE) is not True:
            self.remember(message._replace(body=bytes(message.body)))
        return (binding.destination for binding in self.held)

    def remember(self, message: Message) -> None:
        """And forgets the oldest, if they have become too many or too large."""
        self.remembered.append(message)
        self.size += size_of(message)
        while len(self.remembered) > self.length_max or (
            self.size > BYTES_MAX and len(self.remembered) > 1
        ):
            self.size -= size_of(self.remembered.popleft())

    def bindings(self) -> Iterable[Binding]:
        return self.held


def size_of(message: Message) -> int:
    return MESSAGE_BYTES + PROPERTY_SIZE * len(message.properties) + len(message.body)


def length_in(arguments: Arguments) -> int:
    """Raises PreconditionFailed."""
    length = arguments.get(LENGTH, DEFAULT_LENGTH)
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        raise PreconditionFailed(
            f"Invalid argument {as_term(length)}, '{LENGTH}' must be a positive integer"
        )
    if length > LENGTH_MAX:
        raise PreconditionFailed(
            f"Invalid argument {length}, '{LENGTH}' must not be above {LENGTH_MAX}"
        )
    return length
