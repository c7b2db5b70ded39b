"""Plays all scenarios against a broker: which are there, and what was recorded of them."""

import json
from pathlib import Path
from typing import Any

from tests.interop.behaviour import access, exchanges, frames, messages, queues
from tests.interop.behaviour.stage import SCENARIOS, Administrate, Stage

MODULES = (queues, exchanges, messages, access, frames)  # in the order of the page
RECORDED = Path(__file__).with_name("recorded.json")  # by RabbitMQ 3.10
LEVERET = Path(__file__).with_name("leveret.json")  # where Leveret differs


def play(name: str, url: str, administrate: Administrate) -> Any:
    """What is seen of this scenario, as JSON has it."""
    stage = Stage(url, name, administrate)
    try:
        return json.loads(json.dumps(SCENARIOS[name](stage)))
    finally:
        stage.close()


def changes(before: Any, after: Any) -> list[str]:
    """Line by line what differs, for people to read."""
    if not (isinstance(before, list) and isinstance(after, list) and len(before) == len(after)):
        return [] if before == after else [f"expected: {before!r}\n    seen: {after!r}"]
    return [line for pair in zip(before, after, strict=True) for line in changes(*pair)]
