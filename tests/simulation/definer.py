"""A client that declares, binds and deletes, and what of it must be there after a crash."""

from __future__ import annotations

import random
from collections.abc import Callable
from copy import deepcopy

from leveret.wire.amqp091.methods import (
    ExchangeBind,
    ExchangeDeclare,
    ExchangeDelete,
    ExchangeUnbind,
    Method,
    QueueBind,
    QueueDeclare,
    QueueDelete,
    QueueUnbind,
)
from tests.broker.kept_model import Model
from tests.simulation.channel import SimulatedChannel

PREFIX = "defined."
EXCHANGES = tuple(f"{PREFIX}{name}" for name in "efg")
QUEUES = tuple(f"{PREFIX}{name}" for name in "qrs")


class Definitions:
    """Over all lives. `asked` is the same as `model`, or what it will be when that is answered."""

    def __init__(self) -> None:
        self.model = Model()
        self.asked = self.model

    def survived(self, found: tuple[object, object, object]) -> None:
        """A broker has these after its start: all that was answered, and nobody's half."""
        for model in (self.asked, self.model):
            again = model.restarted(redelivered=True)
            if expected(again) == found:
                self.model = self.asked = again
                return
        raise AssertionError(
            f"{found} is neither {expected(self.model)} nor {expected(self.asked)}"
        )


def expected(model: Model) -> tuple[object, object, object]:
    exchanges = {name: model.ends[number].auto_delete for name, number in model.exchanges.items()}
    return exchanges, set(model.queues), set(model.names())


class Definer:
    """One request at a time, each of which makes sense."""

    def __init__(
        self, channel: SimulatedChannel, definitions: Definitions, dice: random.Random
    ) -> None:
        self.failures: list[str] = []
        self.stopping = False
        self._channel = channel
        self._definitions = definitions
        self._dice = dice
        channel.call_later(0, self._step)

    def _step(self) -> None:
        self._channel.call_later(0, self._step)
        if self.stopping or self._channel.is_waiting:
            return
        model = deepcopy(self._definitions.model)
        change: Callable[[Model], Method | None] = self._dice.choice(
            (self._declare, self._declare, self._delete, self._bind, self._bind, self._unbind)
        )
        method = change(model)
        if method is None:
            return
        model.resolve()
        self._definitions.asked = model
        self._channel.call(method, lambda _reply: self._answered(model))

    def _answered(self, model: Model) -> None:
        self._definitions.model = model

    def _declare(self, model: Model) -> Method | None:
        durable = self._dice.random() < 0.8
        name = self._dice.choice((*EXCHANGES, *QUEUES))
        if name in model.exchanges or name in model.queues:
            return None
        if name in QUEUES:
            model.declare(model.queues, name, durable=durable, auto_delete=False)
            return QueueDeclare(queue=name, durable=durable)
        auto_delete = self._dice.random() < 0.5
        model.declare(model.exchanges, name, durable=durable, auto_delete=auto_delete)
        return ExchangeDeclare(
            exchange=name, type="fanout", durable=durable, auto_delete=auto_delete
        )

    def _delete(self, model: Model) -> Method | None:
        name = self._dice.choice((*EXCHANGES, *QUEUES))
        if name in model.queues:
            model.delete(model.queues, name)
            return QueueDelete(queue=name)
        if name in model.exchanges:
            model.delete(model.exchanges, name)
            return ExchangeDelete(exchange=name)
        return None

    def _bind(self, model: Model) -> Method | None:
        source, name = self._dice.choice(EXCHANGES), self._dice.choice((*EXCHANGES, *QUEUES))
        of = model.queues if name in QUEUES else model.exchanges
        if source not in model.exchanges or name not in of:
            return None
        key = self._dice.choice(("", "k"))
        binding = model.binding(source, of, name, key)
        end = model.ends[binding.source]
        if end.durable and end.auto_delete and not binding.kept:
            return None  # nothing is kept of it: after a crash the exchange may stay
        model.bindings.add(binding)
        if of is model.queues:
            return QueueBind(queue=name, exchange=source, routing_key=key)
        return ExchangeBind(destination=name, source=source, routing_key=key)

    def _unbind(self, model: Model) -> Method | None:
        if not (known := sorted(model.names())):
            return None
        source, kind, name, key = self._dice.choice(known)
        of = model.queues if kind == "queue" else model.exchanges
        model.unbind(model.binding(source, of, name, key))
        if kind == "queue":
            return QueueUnbind(queue=name, exchange=source, routing_key=key)
        return ExchangeUnbind(destination=name, source=source, routing_key=key)
