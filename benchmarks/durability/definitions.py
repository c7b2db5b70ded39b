"""Durable queues that are declared: in one go, and each when the one before is on the disk."""

from __future__ import annotations

import statistics
import time

from harness.brokers import leveret
from harness.table import markdown

from durability.directories import Directories
from leveret.bench.session import Session, encoded
from leveret.bench.uri import parse_uri
from leveret.wire.amqp091.methods import QueueDeclare, QueueDeclareOk

GOAL_NO_WAIT = 2_000
GOAL_ONE_BY_ONE = 300


def definitions(directories: Directories, runs: int, commands: int) -> str:
    """The table of both ways."""
    no_wait, one_by_one = [], []
    for _ in range(runs):
        with directories.new() as directory, leveret(data_directory=directory) as running:
            session = Session(parse_uri(running.uri))
            no_wait.append(in_one_go(session, commands))
            one_by_one.append(each_waited_for(session, commands))
            session.close()
    lines = [
        ["with no-wait, in one go", f"{GOAL_NO_WAIT}", f"{statistics.median(no_wait):.0f}"],
        ["one at a time", f"{GOAL_ONE_BY_ONE}", f"{statistics.median(one_by_one):.0f}"],
    ]
    return markdown(["durable queue.declare", "goal per s", "per s"], lines)


def in_one_go(session: Session, count: int) -> float:
    """How many per second; the last one is answered, when all are on the disk."""
    declares = b"".join(
        encoded(QueueDeclare(queue=f"no-wait-{number}", durable=True, no_wait=True))
        for number in range(count)
    )
    begin = time.monotonic()
    session.socket.sendall(declares)
    session.call(QueueDeclare(queue="last", durable=True), QueueDeclareOk)
    return (count + 1) / (time.monotonic() - begin)


def each_waited_for(session: Session, count: int) -> float:
    begin = time.monotonic()
    for number in range(count):
        session.call(QueueDeclare(queue=f"waited-{number}", durable=True), QueueDeclareOk)
    return count / (time.monotonic() - begin)
