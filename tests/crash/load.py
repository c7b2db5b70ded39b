"""Several clients at once on one broker, until it is gone."""

from __future__ import annotations

import random
from collections.abc import Callable

import pika
from pika.adapters.select_connection import IOLoop

from tests.crash.client import CONSUMED_QUEUE, EXCHANGE, SHARED_QUEUES, Client, Consumer
from tests.crash.confirming import ConfirmingClient
from tests.crash.ledger import Ledger, Presence
from tests.crash.transacting import TransactingClient

END_LIMIT_S = 10
WAIT_S = 0.02
CONFIRMING = ("confirming-1", "confirming-2")
TRANSACTING = ("transacting-1", "transacting-2")
OWN_QUEUES = {name: f"crash.{name}" for name in (*CONFIRMING, *TRANSACTING)}
QUEUES = (*OWN_QUEUES.values(), *SHARED_QUEUES)


def declare(url: str, ledger: Ledger) -> None:
    """Everything that is not there is declared."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.exchange_declare(EXCHANGE, "fanout", durable=True)
        for queue in QUEUES:
            if queue not in ledger.queues:
                ledger.add_queue(queue)
            channel.queue_declare(queue, durable=True)
            ledger.there[queue] = Presence.MUST
        for queue in SHARED_QUEUES:
            channel.queue_bind(queue, EXCHANGE)


class Load:
    """Runs in the calling thread."""

    def __init__(self, url: str, ledger: Ledger, seed: str) -> None:
        self.clients: list[Client] = []
        self._loop = IOLoop()
        self._ledger = ledger
        self._open = 0
        chance = random.Random(seed)
        for kind, names in ((ConfirmingClient, CONFIRMING), (TransactingClient, TRANSACTING)):
            for name in names:
                own = random.Random(chance.random())
                self.clients.append(kind(name, OWN_QUEUES[name], ledger, own))
        own = random.Random(chance.random())
        self.clients.append(Consumer("consumer", CONSUMED_QUEUE, ledger, own))
        for client in self.clients:
            self._connect(url, client)

    def _connect(self, url: str, client: Client) -> None:
        self._open += 1
        pika.SelectConnection(
            pika.URLParameters(url),
            on_open_callback=client.open,
            on_open_error_callback=lambda *_: self._gone(),
            on_close_callback=lambda *_: self._gone(),
            custom_ioloop=self._loop,
        )

    def _gone(self) -> None:
        self._open -= 1
        if not self._open:
            self._loop.stop()

    def run(self, seconds: float, end: Callable[[], object]) -> list[str]:
        """Call `end` after so long, when something is confirmed, and return when all are gone.

        What it returns are the clients' failures.
        """
        failures: list[str] = []

        def call_end() -> None:
            if self._open == len(self.clients) and not self._ledger.has_confirmed:
                self._loop.call_later(WAIT_S, call_end)
                return
            if self._open < len(self.clients):
                failures.append("a connection ended before its time")
            for client in self.clients:
                client.stopping = True
            end()

        def give_up() -> None:
            failures.append(f"{self._open} connections are still there")
            self._loop.stop()

        self._loop.call_later(seconds, call_end)
        self._loop.call_later(seconds + END_LIMIT_S, give_up)
        self._loop.start()
        self._loop.close()
        for client in self.clients:
            failures += client.failures
        return failures
