"""A client that does no harm and wants to be served while others flood the broker.

It publishes one message, waits for its confirm and its delivery, and begins again at the next of
fixed times. What a round takes is what a flood, or somebody's large command, makes others wait.

It is a process of its own, and the loads make way for it: what it waits for is the broker.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event

from harness.wire import CONFIRM_BYTES, delivered_bytes, publish
from leveret.bench.session import Session
from leveret.bench.uri import parse_uri
from leveret.wire.amqp091.methods import (
    BasicConsume,
    BasicConsumeOk,
    ConfirmSelect,
    ConfirmSelectOk,
    QueueDeclare,
    QueueDeclareOk,
)

ROUND_SECONDS = 0.002
ROUND_SECONDS_MAX = 60
BODY = bytes(16)
TAG = "t"
READY_SECONDS = 20
MILLISECOND = 1e3


@dataclass(frozen=True, slots=True)
class Rounds:
    """When each round began, and how long it took, in seconds."""

    rounds: tuple[tuple[float, float], ...]

    def within(self, begin: float, end: float) -> Rounds:
        """Those that had anything to do with this time."""
        return Rounds(tuple(each for each in self.rounds if sum(each) >= begin and each[0] <= end))

    def percentile_ms(self, percent: float) -> float:
        taken = sorted(seconds for _, seconds in self.rounds)
        place = math.ceil(len(taken) * percent / 100) - 1
        return taken[place] * MILLISECOND if taken else math.inf

    @property
    def worst_ms(self) -> float:
        return max((seconds for _, seconds in self.rounds), default=math.inf) * MILLISECOND


class Bystander:
    """The other process, as seen from here. `rounds` are there when it has been stopped."""

    def __init__(self, uri: str) -> None:
        self.rounds = Rounds(())
        context = multiprocessing.get_context("spawn")
        self._receiver, sender = context.Pipe(duplex=False)
        self._stop = context.Event()
        self._process = context.Process(
            target=go_rounds, args=(uri, sender, self._stop), daemon=True
        )
        self._process.start()
        if not self._receiver.poll(READY_SECONDS) or self._receiver.recv() != "ready":
            raise SystemExit("the bystander was not served at all")

    def stop(self) -> None:
        self._stop.set()
        if self._receiver.poll(ROUND_SECONDS_MAX):
            self.rounds = Rounds(self._receiver.recv())
        self._process.join()


@contextmanager
def bystander(uri: str) -> Iterator[Bystander]:
    """One that goes its rounds until the block ends."""
    client = Bystander(uri)
    try:
        yield client
    finally:
        client.stop()


def go_rounds(uri: str, sender: Connection, stop: Event) -> None:
    session = Session(parse_uri(uri))
    queue = f"bystander {os.getpid()}"
    session.call(QueueDeclare(queue=queue, exclusive=True), QueueDeclareOk)
    session.call(ConfirmSelect(), ConfirmSelectOk)
    session.call(BasicConsume(queue=queue, consumer_tag=TAG, no_ack=True), BasicConsumeOk)
    session.socket.settimeout(ROUND_SECONDS_MAX)
    message = publish(queue, BODY)
    answer = bytearray(CONFIRM_BYTES + delivered_bytes(TAG, queue, len(BODY)))
    go_round(session.socket, message, answer)
    sender.send("ready")
    rounds = []
    due = time.monotonic()
    while not stop.is_set():
        due = max(due + ROUND_SECONDS, time.monotonic())
        time.sleep(max(0, due - time.monotonic()))
        begin = time.monotonic()
        go_round(session.socket, message, answer)
        rounds.append((begin, time.monotonic() - begin))
    sender.send(tuple(rounds))
    session.close()


def go_round(sock: socket.socket, message: bytes, answer: bytearray) -> None:
    sock.sendall(message)
    rest = memoryview(answer)
    while rest:
        count = sock.recv_into(rest)
        if not count:
            raise SystemExit("the broker closed the bystander's connection")
        rest = rest[count:]
