"""RabbitMQ as Debian packages it, with a node, a port mapper and a folder of its own.

Nothing of a RabbitMQ that is running already is touched, and nothing stays behind.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.brokers import Running, free_port, started

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
SECONDS_TO_START = 60
SECONDS_TO_STOP = 20


def is_installed() -> bool:
    return SERVER.exists()


@contextmanager
def rabbitmq() -> Iterator[Running]:
    """A broker with an empty database."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="rabbitmq-") as folder, port_mapper() as mapper_port:
        environment = os.environ | settings(Path(folder), port, mapper_port)
        with started(
            [str(SERVER)],
            port,
            environment=environment,
            seconds_to_start=SECONDS_TO_START,
            seconds_to_stop=SECONDS_TO_STOP,
        ) as running:
            yield running


@contextmanager
def port_mapper() -> Iterator[int]:
    """Erlang's `epmd`, which nodes start if there is none, and leave behind."""
    port = free_port()
    command = ["epmd", "-port", str(port), "-address", "127.0.0.1"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield port
        finally:
            process.terminate()


def settings(folder: Path, port: int, mapper_port: int) -> dict[str, str]:
    return {
        "HOME": str(folder),  # of Erlang's cookie
        "ERL_EPMD_PORT": str(mapper_port),
        "RABBITMQ_NODENAME": f"leveret-benchmark-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": str(folder / "log" / "rabbitmq.log"),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "none"),
        "RUNNING_UNDER_SYSTEMD": "1",  # becomes the node, and is not a shell that waits for it
    }
