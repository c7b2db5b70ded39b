"""How much one virtual host may hold."""

from __future__ import annotations

from dataclasses import dataclass

from leveret.broker.errors import PreconditionFailed


@dataclass(frozen=True, slots=True)
class Limits:
    """Per virtual host. A client gone wild is refused before the machine's memory is full.

    The numbers are what about 1 GB holds: 2 KB a queue, 500 bytes a binding. Exchanges cost less,
    but a hundred thousand of them is a mistake in every design that was ever seen.
    """

    queues_max: int = 500_000
    exchanges_max: int = 100_000
    bindings_max: int = 2_000_000

    def check_exchanges(self, count: int, *, resource: str) -> None:
        """Raises PreconditionFailed if there cannot be one more than `count`."""
        limit = self.exchanges_max
        if count >= limit:
            raise PreconditionFailed(
                f"cannot declare {resource}: exchange limit of {limit} is reached"
            )

    def check_queues(self, count: int, *, name: str, virtual_host: str) -> None:
        """Raises PreconditionFailed if there cannot be one more than `count`."""
        limit = self.queues_max
        if count >= limit:
            raise PreconditionFailed(
                f"cannot declare queue '{name}': "
                f"queue limit in vhost '{virtual_host}' ({limit}) is reached"
            )

    def check_bindings(self, count: int, *, virtual_host: str) -> None:
        """Raises PreconditionFailed if there cannot be one more than `count`."""
        limit = self.bindings_max
        if count >= limit:
            raise PreconditionFailed(
                f"cannot bind: binding limit in vhost '{virtual_host}' ({limit}) is reached"
            )
