"""Plays the scenarios against RabbitMQ as Debian has it, and writes down what was seen.

    .venv/bin/python -m tests.interop.behaviour.record          writes recorded.json
    .venv/bin/python -m tests.interop.behaviour.record NAME...  shows these, and writes nothing

RabbitMQ needs a node, a port mapper and a folder of its own: the benchmarks start it in that way.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))

from tests.interop.behaviour.play import RECORDED, SCENARIOS, play

RABBITMQCTL = "/usr/lib/rabbitmq/bin/rabbitmqctl"


def main(names: list[str]) -> None:
    from harness import brokers, rabbitmq

    with tempfile.TemporaryDirectory() as folder, rabbitmq.port_mapper() as mapper_port:
        port = brokers.free_port()
        settings = os.environ | rabbitmq.settings(Path(folder), port, mapper_port)
        command = [str(rabbitmq.SERVER)]
        with brokers.started(command, port, environment=settings, seconds_to_start=60):

            def administrate(*words: str) -> None:
                command = [RABBITMQCTL, "-q", *words]
                subprocess.run(command, env=settings, check=True, capture_output=True)

            url = f"amqp://guest:guest@127.0.0.1:{port}/"
            seen = {}
            for name in names or SCENARIOS:
                print(name, file=sys.stderr, flush=True)
                seen[name] = play(name, url, administrate)
    text = json.dumps(seen, indent=1, ensure_ascii=False) + "\n"
    if names:
        print(text)
    else:
        RECORDED.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
