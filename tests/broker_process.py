"""A broker in a process of its own, started as a user starts it."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

STOP_LIMIT_S = 20
READY = re.compile(r"listening on amqp://(?P<host>\S+):(?P<port>\d+)")


@dataclass
class BrokerProcess:
    """`ready` is its first line on standard output."""

    process: subprocess.Popen[str]
    log_path: Path
    ready: str
    host: str
    port: int
    whole_log: str = ""

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@{self.host}:{self.port}/"

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        """What it has logged so far, on standard error."""
        return self.whole_log or self.log_path.read_text()

    @property
    def returncode(self) -> int | None:
        return self.process.poll()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal, wait for the end, return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_LIMIT_S)


@contextmanager
def running_broker(
    *options: str, python: Sequence[str] = (sys.executable,), **environment: str
) -> Iterator[BrokerProcess]:
    """Start `leveret serve` with these options, on a free port and in memory unless they say.

    Stops it at the end, which it must do with status 0 and without a traceback in its log.
    """
    where = () if "--data-dir" in options else ("--in-memory",)
    with broker_process(*where, *options, python=python, **environment) as broker:
        yield broker
    assert broker.returncode == 0, f"the broker ended with {broker.returncode}"


@contextmanager
def durable_broker(directory: Path, *options: str, **environment: str) -> Iterator[BrokerProcess]:
    """The same with its data in that directory; it may be killed meanwhile."""
    with broker_process("--data-dir", str(directory), *options, **environment) as broker:
        yield broker
    assert broker.returncode in (0, -signal.SIGKILL), f"the broker ended with {broker.returncode}"


@contextmanager
def broker_process(
    *options: str, python: Sequence[str] = (sys.executable,), **environment: str
) -> Iterator[BrokerProcess]:
    """Start `leveret serve` with these options, and stop it if it still runs at the end."""
    listen = () if "--listen" in options else ("--listen", "127.0.0.1:0")
    command = [*python, "-m", "leveret", "serve", *listen, *options]
    with tempfile.TemporaryDirectory(prefix="leveret-broker-") as folder:
        environment.setdefault("XDG_RUNTIME_DIR", folder)  # no trace of it is left
        log_path = Path(folder, "log")
        with log_path.open("w") as log, start(command, log, environment) as process:
            try:
                broker = wait_ready(process, log_path)
                yield broker
                if process.poll() is None:
                    broker.stop()
            finally:
                process.kill()
                process.wait()
                print(log_path.read_text(), file=sys.stderr)  # pytest shows it if a test failed
        broker.whole_log = log_path.read_text()
    assert "Traceback" not in broker.whole_log


def start(command: list[str], log: IO[str], env: Mapping[str, str] | None) -> subprocess.Popen[str]:
    environment = {**os.environ, **(env or {})}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)


def wait_ready(process: subprocess.Popen[str], log_path: Path) -> BrokerProcess:
    assert process.stdout is not None
    line = process.stdout.readline()
    found = READY.search(line)
    assert found, f"no broker, but {line!r} and {log_path.read_text()!r}"
    return BrokerProcess(process, log_path, line.rstrip("\n"), found["host"], int(found["port"]))
