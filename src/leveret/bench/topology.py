"""The exchange, queues and bindings of a run, and which keys its messages carry."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from leveret.bench.errors import BenchError
from leveret.bench.options import Options
from leveret.bench.session import Session
from leveret.bench.uri import Address
from leveret.wire.amqp091.methods import (
    ExchangeDeclare,
    ExchangeDeclareOk,
    ExchangeDelete,
    ExchangeDeleteOk,
    Method,
    QueueBind,
    QueueBindOk,
    QueueDeclare,
    QueueDeclareOk,
    QueueDelete,
    QueueDeleteOk,
)

CALLS_AT_ONCE = 100  # so that requests and replies fit the sockets' buffers
PLACE = re.compile(r"%(0\d{1,2})?d")

M = TypeVar("M", bound=Method)


@dataclass(frozen=True, slots=True)
class Topology:
    """Names and keys; `exchange` is empty for the default one."""

    exchange: str
    queues: tuple[str, ...]
    routing_keys: tuple[str, ...]

    @classmethod
    def of(cls, options: Options) -> Topology:
        queues = numbered(options.queue or own_name(), options.queues)
        if not options.bound:
            return cls("", queues, queues)
        keys = numbered(options.routing_key or options.queue or own_name(), options.routing_keys)
        return cls(options.exchange or own_name(), queues, keys)

    def declare(self, session: Session, options: Options) -> None:
        """Declares what is missing, and binds, unless the exchange is the default one."""
        if options.exchange_type:
            declare = ExchangeDeclare(
                exchange=self.exchange, type=options.exchange_type, durable=options.durable
            )
            session.call(declare, ExchangeDeclareOk)
        declare_queues(session, self.queues, options)
        if options.bound:
            in_batches(session, list(self._binds(options)), QueueBindOk)

    def delete(self, address: Address, options: Options) -> None:
        """Deletes what has no name of the user's."""
        own_exchange = bool(options.exchange_type) and not options.exchange
        delete_all(
            address,
            queues=self.queues if options.queue is None else (),
            exchange=self.exchange if own_exchange else "",
        )

    def queues_of_consumer(self, index: int, *, consumers: int) -> tuple[str, ...]:
        """Consumers share the queues out, or take turns over them where they are more."""
        return self.queues[index % len(self.queues) :: consumers]

    def _binds(self, options: Options) -> Iterator[QueueBind]:
        """Each queue with each routing key, or with its binding key."""
        for number, queue in enumerate(self.queues):
            keys = self.routing_keys
            if options.binding_key is not None:
                keys = (with_number(options.binding_key, number),)
            for key in keys:
                yield QueueBind(
                    queue=queue,
                    exchange=self.exchange,
                    routing_key=key,
                    arguments=options.binding_arguments,
                )


def own_name() -> str:
    """A name that no other run on this machine uses."""
    return f"leveret-bench-{os.getpid()}"


def numbered(base: str, count: int) -> tuple[str, ...]:
    """`count` names: with the number where %d is, else `base` alone, or numbers of one length."""
    if PLACE.search(base):
        return tuple(with_number(base, number) for number in range(count))
    if count == 1:
        return (base,)
    width = len(str(count - 1))
    return tuple(f"{base}-{number:0{width}}" for number in range(count))


def with_number(name: str, number: int) -> str:
    """`name` with the number in the place of each %d; %03d fills up with zeros."""
    return PLACE.sub(lambda place: f"{number:{place[1] or ''}}", name)


def declare_queues(session: Session, names: Sequence[str], options: Options) -> None:
    declares = [
        QueueDeclare(queue=name, durable=options.durable, arguments=options.queue_arguments)
        for name in names
    ]
    in_batches(session, declares, QueueDeclareOk)


def delete_all(address: Address, *, queues: Sequence[str], exchange: str = "") -> None:
    """On a connection of its own, for what ended the run may have closed the others.

    A failure is not reported: it follows from what is.
    """
    if not queues and not exchange:
        return
    with suppress(BenchError):
        session = Session(address)
        try:
            in_batches(session, [QueueDelete(queue=name) for name in queues], QueueDeleteOk)
            if exchange:
                session.call(ExchangeDelete(exchange=exchange), ExchangeDeleteOk)
        finally:
            session.close()


def in_batches(session: Session, methods: Sequence[Method], reply: type[M]) -> None:
    """A reply to each, though no round trip for each."""
    for first in range(0, len(methods), CALLS_AT_ONCE):
        session.call_all(methods[first : first + CALLS_AT_ONCE], reply)
