"""Writes docs/rabbitmq.md from the scenarios and the differences.

.venv/bin/python -m tests.interop.behaviour.page
"""

from pathlib import Path

from tests.interop.behaviour.differences import DIFFERENCES
from tests.interop.behaviour.play import MODULES, SCENARIOS

PAGE = Path(__file__).parents[3] / "docs" / "rabbitmq.md"
HEAD = """# From RabbitMQ to Leveret

Applications that were written for RabbitMQ find its behaviour here. Each row below is a small
scenario of a client: it notes answers, codes and texts, orders, headers, what is redelivered. All
were played against RabbitMQ 3.10, as Debian packages it, and recorded; the suite plays them against
Leveret and compares. Where RabbitMQ 4 does otherwise than 3.10, Leveret does as RabbitMQ 4.

## To move

1. `rabbitmqctl export_definitions definitions.json` writes users with their passwords, permissions,
   virtual hosts, policies, queues, exchanges and bindings.
2. `leveret serve --definitions definitions.json` [imports it](features/definitions.md), and names
   each thing that cannot be honoured. The suite does this with a file that RabbitMQ has written.
3. Applications keep their addresses, users and declarations. Messages are not moved: let consumers
   empty the old queues, while publishers use the new broker.

`leveret ctl` has the [names of rabbitmqctl](features/ctl.md).

"""
TITLES = {
    "queues": "Queues",
    "exchanges": "Exchanges",
    "messages": "Publishing, consuming, dead letters, quorum queues",
    "access": "Users, permissions, virtual hosts, policies",
    "frames": "Frames and the handshake",
}


def page() -> str:
    parts = [HEAD]
    for module in MODULES:
        file = module.__name__.rpartition(".")[2]
        names = [name for name, play in SCENARIOS.items() if play.__module__ == module.__name__]
        rows = "".join(row(file, name) for name in names)
        head = "| behaviour | as RabbitMQ 3.10 | shown by |\n|---|---|---|\n"
        parts.append(f"## {TITLES[file]}\n\n{head}{rows}\n")
    return "".join([*parts, differences()])


def row(file: str, name: str) -> str:
    same = "[differs](#differences)" if name in DIFFERENCES else "yes"
    return f"| {SCENARIOS[name].__doc__} | {same} | `interop/behaviour/{file}.py::{name}` |\n"


def differences() -> str:
    head = "## Differences\n\n| shown by | what | why |\n|---|---|---|\n"
    rows = (f"| `{name}` | {what} | {why} |\n" for name, (why, what) in DIFFERENCES.items())
    return head + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page())
