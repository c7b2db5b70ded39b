"""The brokers under test: Leveret, the yardstick, or one that runs already; RabbitMQ is next door.

A yardstick is a folder with `dp.py`, which Cython compiles, and `main.py`, which serves.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.process import BROKER_CORE, pin_to

SECONDS_TO_START = 20
SECONDS_TO_STOP = 10
SECONDS_BETWEEN_TRIES = 0.001
YARDSTICK = "LEVERET_YARDSTICK"


@dataclass(frozen=True, slots=True)
class Running:
    """A broker that accepts connections; `start_seconds` after it was started."""

    pid: int
    uri: str
    start_seconds: float


# Starts a broker for one measurement, and stops it afterwards.
Start = Callable[[], AbstractContextManager[Running]]


@contextmanager
def leveret(
    *options: str,
    data_directory: Path | None = None,
    seconds_to_start: float = SECONDS_TO_START,
) -> Iterator[Running]:
    """A broker of the build that runs this, with these options too; without a directory it keeps
    nothing."""
    port = free_port()
    listen = f"127.0.0.1:{port}"
    command = [sys.executable, "-m", "leveret", "serve", "--listen", listen]
    command += ["--in-memory"] if data_directory is None else ["--data-dir", str(data_directory)]
    command += ["--log-level", "warning", *options]
    with started(command, port, seconds_to_start=seconds_to_start) as running:
        yield running


def yardstick(folder: Path) -> Start:
    """A starter of the yardstick in `folder`, of which it builds a copy first."""
    copy = Path(tempfile.mkdtemp(prefix="yardstick-"))
    for source in folder.glob("*.py"):
        shutil.copy(source, copy)
    environment = os.environ | {"CFLAGS": "-O3"}
    if importlib.util.find_spec("Cython") is None:
        tools = copy / "tools"
        pip = [sys.executable, "-m", "pip", "install", "-q", "--target", str(tools)]
        subprocess.run([*pip, "cython>=3.1,<4", "setuptools"], check=True)
        environment["PYTHONPATH"] = str(tools)
    build = [sys.executable, "-m", "Cython.Build.Cythonize", "-3", "-i", "dp.py"]
    subprocess.run(build, cwd=copy, env=environment, check=True, capture_output=True)

    @contextmanager
    def start() -> Iterator[Running]:
        port = free_port()
        arguments = ["--loop", "asyncio", "--io", "raw", "--port", str(port)]
        with started([sys.executable, str(copy / "main.py"), *arguments], port) as running:
            yield running

    return start


def already_running(uri: str, pid: int) -> Start:
    """A broker that somebody else started, and pinned."""

    @contextmanager
    def start() -> Iterator[Running]:
        yield Running(pid, uri, 0)

    return start


def yardstick_folder() -> Path | None:
    folder = os.environ.get(YARDSTICK)
    return Path(folder) if folder else None


@contextmanager
def started(
    command: list[str],
    port: int,
    *,
    environment: Mapping[str, str] | None = None,
    seconds_to_start: float = SECONDS_TO_START,
    seconds_to_stop: float = SECONDS_TO_STOP,
) -> Iterator[Running]:
    """Runs a broker on the first core, from its first accepted connection on."""
    begin = time.monotonic()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        env=environment,
        preexec_fn=lambda: pin_to(BROKER_CORE),
    )
    try:
        wait_until_accepting(process, port, seconds_to_start)
        yield Running(process.pid, f"amqp://127.0.0.1:{port}/", time.monotonic() - begin)
    finally:
        process.terminate()
        try:
            process.wait(seconds_to_stop)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_accepting(process: subprocess.Popen[bytes], port: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the broker ended with status {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(SECONDS_BETWEEN_TRIES)
        else:
            return
    raise SystemExit(f"the broker accepted no connection within {seconds:g} s")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
