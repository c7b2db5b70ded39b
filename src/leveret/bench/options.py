"""What a run is to do, checked."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from leveret.bench.errors import BenchError

STAMP_BYTES = 8
URI = "amqp://guest:guest@127.0.0.1:5672/"
CHURNS = ("connections", "channels", "queues", "bindings", "consumers")
TO_ONE_QUEUE = {"x-consistent-hash", "x-modulus-hash", "x-random", "x-local-random"}

OF_ANY_RUN = {"uri", "time", "json", "quiet"}
OF_CHURN = OF_ANY_RUN | {"churn", "count", "durable", "exchange", "queue_arguments"}
OF_IDLE = OF_ANY_RUN | {
    *("idle_connections", "idle_queues", "queue", "durable", "queue_arguments"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """See `add_arguments` for what each one means.

    `queue` None: one of the run's own; `exchange` "" with a type: likewise, else the default one.
    """

    uri: str = URI
    publishers: int = 1
    consumers: int = 1
    size: int = 16
    ack: int = 0
    prefetch: int = 0
    confirm: int = 0
    backlog: int = 0
    rate: int = 0
    time: float = 0
    count: int = 0
    queue: str | None = None
    queues: int = 1
    queue_arguments: dict[str, Any] = field(default_factory=dict)
    exchange: str = ""
    exchange_type: str | None = None
    routing_key: str | None = None
    routing_keys: int = 1
    binding_key: str | None = None
    binding_arguments: dict[str, Any] = field(default_factory=dict)
    durable: bool = False
    persistent: bool = False
    mandatory: bool = False
    properties: dict[str, Any] = field(default_factory=dict)
    latency: bool = False
    churn: str | None = None
    idle_connections: int = 0
    idle_queues: int = 0
    json: bool = False
    quiet: bool = False

    def __post_init__(self) -> None:
        if self.churn:
            self._refuse_others("--churn", OF_CHURN)
        elif self.idle:
            self._refuse_others("--idle-connections and --idle-queues", OF_IDLE)
        else:
            self._check_load()
            self._check_routing()

    @property
    def idle(self) -> bool:
        """Whether connections or queues are to be held."""
        return bool(self.idle_connections or self.idle_queues)

    @property
    def bound(self) -> bool:
        """Whether queues are bound to an exchange, not published to by their names."""
        return bool(self.exchange or self.exchange_type)

    @property
    def copies(self) -> int | None:
        """To how many queues each message is routed; None where the broker alone knows."""
        if not self.bound or self.exchange_type in TO_ONE_QUEUE:
            return 1
        known = self.binding_key is None and not self.binding_arguments
        return self.queues if known else None

    def _check_load(self) -> None:
        _refuse(not self.publishers and not self.consumers, "no publishers and no consumers")
        _refuse(0 < self.prefetch < self.ack, "--ack may not be larger than --prefetch")
        _refuse(
            self.latency and bool(self.publishers) and self.size < STAMP_BYTES,
            f"--latency needs bodies of at least {STAMP_BYTES} bytes: the time is in them",
        )
        if self.backlog:
            both = bool(self.publishers and self.consumers)
            _refuse(not both, "--backlog needs publishers and consumers")
            _refuse(
                self.copies is None,
                "--backlog needs to know to how many queues a message goes: "
                "it does not go with --binding-key or --binding-argument",
            )

    def _check_routing(self) -> None:
        if self.bound:
            return
        needs = "needs --exchange or --exchange-type"
        _refuse(self.routing_keys > 1, f"--routing-keys {needs}")
        _refuse(
            self.routing_key is not None,
            f"--routing-key {needs}: the default one routes to the queue of that name",
        )
        _refuse(self.binding_key is not None, f"--binding-key {needs}")
        _refuse(bool(self.binding_arguments), f"--binding-argument {needs}")

    def _refuse_others(self, mode: str, allowed: set[str]) -> None:
        """No option that would have no effect."""
        default = Options()
        for each in fields(self):
            if each.name not in allowed:
                unlike = getattr(self, each.name) != getattr(default, each.name)
                _refuse(unlike, f"--{option_of(each.name)} does not go with {mode}")


def option_of(name: str) -> str:
    """How the option of a field is spelled, without its dashes."""
    repeated = {"queue_arguments", "binding_arguments"}
    return (name.removesuffix("s") if name in repeated else name).replace("_", "-")


def _refuse(wrong: bool, text: str) -> None:
    if wrong:
        raise BenchError(text)
