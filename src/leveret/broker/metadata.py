"""What an operator says of a virtual host: a description, tags, limits."""

from __future__ import annotations

from typing import Final, NamedTuple

from leveret.broker.errors import PreconditionFailed

MAX_CONNECTIONS: Final = "max-connections"
MAX_QUEUES: Final = "max-queues"
LIMITS: Final = (MAX_CONNECTIONS, MAX_QUEUES)
QUEUE_TYPES: Final = ("classic", "quorum", "stream")


class Metadata(NamedTuple):
    """The default type of queues is kept and shown: there are only classic ones."""

    description: str = ""
    tags: tuple[str, ...] = ()
    default_queue_type: str | None = None

    def check(self) -> None:
        """Raises PreconditionFailed."""
        if self.default_queue_type not in (None, *QUEUE_TYPES):
            raise PreconditionFailed("Unsupported default queue type")
