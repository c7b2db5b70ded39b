"""The queues and bindings of a run, and which keys its messages carry."""

from __future__ import annotations

import os
from dataclasses import dataclass

from leveret.bench.options import Options
from leveret.bench.session import Session
from leveret.wire.amqp091.methods import (
    QueueBind,
    QueueBindOk,
    QueueDeclare,
    QueueDeclareOk,
    QueueDelete,
    QueueDeleteOk,
)

BINDS_AT_ONCE = 100  # so that requests and replies fit the sockets' buffers


@dataclass(frozen=True, slots=True)
class Topology:
    """Names of one length each, so that all messages of a run have one length."""

    queues: tuple[str, ...]
    routing_keys: tuple[str, ...]

    @classmethod
    def of(cls, options: Options) -> Topology:
        base = options.queue or f"leveret-bench-{os.getpid()}"
        queues = numbered(base, options.queues)
        if not options.exchange:
            return cls(queues, queues)
        return cls(queues, numbered(options.routing_key or base, options.routing_keys))

    def declare(self, session: Session, options: Options) -> None:
        """Declares the queues, and binds each with each key unless the exchange is the default."""
        for queue in self.queues:
            session.call(QueueDeclare(queue=queue, durable=options.durable), QueueDeclareOk)
        if not options.exchange:
            return
        binds = [
            QueueBind(queue=queue, exchange=options.exchange, routing_key=key)
            for queue in self.queues
            for key in self.routing_keys
        ]
        for first in range(0, len(binds), BINDS_AT_ONCE):
            session.call_all(binds[first : first + BINDS_AT_ONCE], QueueBindOk)

    def delete(self, session: Session) -> None:
        for queue in self.queues:
            session.call(QueueDelete(queue=queue), QueueDeleteOk)

    def queues_of_consumer(self, index: int, *, consumers: int) -> tuple[str, ...]:
        """Consumers share the queues out, or take turns over them where they are more."""
        return self.queues[index % len(self.queues) :: consumers]


def numbered(base: str, count: int) -> tuple[str, ...]:
    """`base` alone, or `count` names that end in a number."""
    if count == 1:
        return (base,)
    width = len(str(count - 1))
    return tuple(f"{base}-{number:0{width}}" for number in range(count))
