"""How much one virtual host may hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Per virtual host. A client gone wild is refused before the machine's memory is full.

    The numbers are what about 1 GB holds: 2 KB a queue, 500 bytes a binding. Exchanges cost less,
    but a hundred thousand of them is a mistake in every design that was ever seen.
    """

    queues_max: int = 500_000
    exchanges_max: int = 100_000
    bindings_max: int = 2_000_000
