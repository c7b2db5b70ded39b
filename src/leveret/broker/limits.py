"""How much the broker, and each of its virtual hosts, may hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from leveret import limits
from leveret.broker.errors import NotAllowed, PreconditionFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A client gone wild is refused before the machine's memory is full.

    `channels_max` is for the broker, the others for each virtual host; `leveret.limits` says more.
    """

    channels_max: int = limits.CHANNELS.default
    queues_max: int = limits.QUEUES.default
    exchanges_max: int = limits.EXCHANGES.default
    bindings_max: int = limits.BINDINGS.default
    consumers_max: int = limits.CONSUMERS.default

    def check_channels(self, count: int, *, node: str) -> None:
        """Raises NotAllowed if there cannot be one more than `count`."""
        limit = self.channels_max
        if count >= limit:
            raise NotAllowed(
                f"number of channels opened on node '{node}' has reached "
                f"the maximum allowed limit of {limit}"
            )

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

    def check_consumers(self, count: int, *, virtual_host: str) -> None:
        """Raises PreconditionFailed if there cannot be one more than `count`."""
        limit = self.consumers_max
        if count >= limit:
            raise PreconditionFailed(
                f"cannot consume: consumer limit in vhost '{virtual_host}' ({limit}) is reached"
            )


def check_limits(limits: Mapping[str, object], names: Collection[str]) -> dict[str, int]:
    """Limits that an operator sets, by name. Raises PreconditionFailed for what is none."""
    checked = {}
    for name, value in limits.items():
        if name not in names:
            raise PreconditionFailed(f"unknown limit '{name}': it is one of {', '.join(names)}")
        if type(value) is not int:
            raise PreconditionFailed(f"limit '{name}' must be a whole number")
        checked[name] = value
    return checked
