"""The clients of one life of a broker: those of tests/crash, and two that only this has."""

from __future__ import annotations

import random
from typing import Any

from leveret.wire.amqp091.methods import ExchangeDeclare, QueueBind
from tests.crash.client import CONSUMED_QUEUE, EXCHANGE, KEPT_QUEUE, SHARED_QUEUES, Client, Consumer
from tests.crash.confirming import ConfirmingClient
from tests.crash.ledger import Ledger, Presence
from tests.crash.load import CONFIRMING, OWN_QUEUES, QUEUES, TRANSACTING
from tests.crash.transacting import TransactingClient
from tests.simulation.broker import PATIENCE, SimulatedBroker
from tests.simulation.channel import SimulatedChannel
from tests.simulation.definer import Definer, Definitions

SIZES = (0, 10, 100, 300, 1_500)
RARE_SIZE = 6_000
BURST = 8
FLOOD = 1_500
STEP_MS_MAX = 12


class Getter(Client):
    """Gets what nobody else takes, and at times a great deal of it."""

    def consume(self) -> None:
        self._goes_on = self.chance.random() < 0.5
        self._later()

    def step(self) -> None:
        if self.chance.random() < 0.05:
            self._goes_on = not self._goes_on
        if self._goes_on or self.chance.random() < 0.1:
            for _ in range(self.chance.randrange(1, 10)):
                self.channel.basic_get(self.queue, self._got)
        for _ in range(3):
            self.settle()

    def _got(self, incoming: Any) -> None:
        if hasattr(incoming, "properties"):
            self._deliver(self.channel, incoming.method, incoming.properties, incoming.body)


class SimulatedLoad:
    """Of one broker: everything is declared, then clients act, by chance."""

    def __init__(
        self,
        broker: SimulatedBroker,
        ledger: Ledger,
        definitions: Definitions,
        dice: random.Random,
    ) -> None:
        self.broker = broker
        self.dice = dice
        self.channels: list[SimulatedChannel] = []
        self.clients: list[Client | Definer] = []
        self._declare(ledger)
        kinds: list[tuple[type[Client], str, str]] = [
            *((ConfirmingClient, name, OWN_QUEUES[name]) for name in CONFIRMING),
            *((TransactingClient, name, OWN_QUEUES[name]) for name in TRANSACTING),
            (Consumer, "consumer", CONSUMED_QUEUE),
            (Getter, "getter", KEPT_QUEUE),
        ]
        for kind, name, queue in kinds:
            client = kind(name, queue, ledger, dice)
            client.sizes, client.rare_size = SIZES, RARE_SIZE
            if isinstance(client, ConfirmingClient):
                client.burst = BURST
            self.clients.append(client)
            client.open(self._channel())
        self.clients.append(Definer(self._channel(), definitions, dice))

    def _channel(self) -> SimulatedChannel:
        self.channels.append(SimulatedChannel(self.broker, self.dice))
        return self.channels[-1]

    def _declare(self, ledger: Ledger) -> None:
        channel = self._channel()
        channel.call(ExchangeDeclare(exchange=EXCHANGE, type="fanout", durable=True))
        for queue in QUEUES:
            if queue not in ledger.queues:
                ledger.add_queue(queue)

            def declared(_reply: object, queue: str = queue) -> None:
                ledger.there[queue] = Presence.MUST

            channel.queue_declare(queue, durable=True, callback=declared)
        for queue in SHARED_QUEUES:
            channel.call(QueueBind(queue=queue, exchange=EXCHANGE, routing_key=""))
        for _ in range(PATIENCE):
            if not channel.is_waiting or self.broker.has_failed:
                return
            self.step(acting=False)
        raise AssertionError("nobody answers")

    def step(self, *, acting: bool = True) -> None:
        """Some clients act, the broker has a turn, all clients hear what it has said."""
        if acting:
            for channel in self.channels:
                if self.dice.random() < 0.5:
                    channel.act()
        self.broker.step(self.dice.randrange(STEP_MS_MAX))
        for channel in self.channels:
            if not acting or self.dice.random() < 0.8:
                channel.hear()
        failures = [failure for client in self.clients for failure in client.failures]
        assert not failures, failures[:5]

    def flood(self) -> None:
        """So many small messages at once that nobody keeps up with them."""
        client = self.clients[0]
        assert isinstance(client, ConfirmingClient)
        client.sizes = (0,)
        for _ in range(FLOOD):
            client.tag += 1
            client.unconfirmed[client.tag] = client.publish(to_all=True)
        client.sizes = SIZES

    def rest(self) -> bool:
        """Nobody asks for anything more, until all is done; False: the broker has failed."""
        for _ in range(PATIENCE):
            if self.broker.has_failed:
                return False
            if self.broker.is_quiet and not any(channel.is_waiting for channel in self.channels):
                return True
            self.step(acting=False)
        raise AssertionError("it does not come to rest")
