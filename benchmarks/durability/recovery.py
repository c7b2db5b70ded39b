"""A broker that is killed while it is published to, and starts again."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from harness.brokers import Running, leveret
from harness.loads import Load
from harness.process import resident_kilobytes
from harness.table import markdown

from durability.directories import Directories
from leveret.bench.options import Options
from leveret.bench.run import Run
from leveret.bench.session import Session
from leveret.bench.uri import parse_uri
from leveret.wire.amqp091.methods import QueueDeclare, QueueDeclareOk

QUEUE = "recovered"
SIZE = 1024
WINDOW = 1000
SECONDS_UNDER_LOAD = 0.5
SECONDS_TO_START = 300
HEAD = ["recovered messages of 1 KB", "start, s", "resident, MB", "at most, MB"]


def recovery(directories: Directories, messages: int) -> str:
    """The table, of one line."""
    with directories.new() as directory:
        with leveret(data_directory=directory) as running:
            fill(running, messages)
            kill_under_load(running)
        with leveret(data_directory=directory, seconds_to_start=SECONDS_TO_START) as again:
            resident, most = (
                resident_kilobytes(again.pid, field) / 1e3 for field in ("VmRSS", "VmHWM")
            )
            count = message_count(again)
    if count < messages:
        raise SystemExit(f"of {messages} confirmed messages {count} are there")
    line = [f"{count:,}", f"{again.start_seconds:.2f}", f"{resident:.0f}", f"{most:.0f}"]
    return markdown(HEAD, [line])


def fill(running: Running, messages: int) -> None:
    options = Options(
        uri=running.uri,
        consumers=0,
        count=messages,
        confirm=WINDOW,
        queue=QUEUE,
        size=SIZE,
        durable=True,
        persistent=True,
        quiet=True,
    )
    totals = Run(options)()
    if totals.failure:
        raise SystemExit(f"filling the queue: {totals.failure}")


def kill_under_load(running: Running) -> None:
    options = ["--consumers", "0", "--confirm", str(WINDOW), "--size", str(SIZE)]
    load = Load(running.uri, *options, "--queue", QUEUE, "--durable", "--persistent")
    time.sleep(SECONDS_UNDER_LOAD)
    os.kill(running.pid, signal.SIGKILL)
    with suppress(ValueError):  # it has nothing to tell when its broker is gone
        load.stop()


def message_count(running: Running) -> int:
    session = Session(parse_uri(running.uri))
    answer = session.call(QueueDeclare(queue=QUEUE, passive=True), QueueDeclareOk)
    session.close()
    return answer.message_count
