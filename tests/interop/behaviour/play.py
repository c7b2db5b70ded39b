"""Plays all scenarios against a broker: which are there, and what was recorded of them."""

import json
from pathlib import Path
from typing import Any

from tests.interop.behaviour import access, exchanges, frames, messages, queues
from tests.interop.behaviour.stage import SCENARIOS, Administrate, Stage

MODULES = (queues, exchanges, messages, access, frames)  # in the order of the page
RECORDED = Path(__file__).with_name("recorded.json")


def play(name: str, url: str, administrate: Administrate) -> Any:
    """What is seen of this scenario, as JSON has it."""
    stage = Stage(url, name, administrate)
    try:
        return json.loads(json.dumps(SCENARIOS[name](stage)))
    finally:
        stage.close()


def recorded() -> dict[str, Any]:
    """What RabbitMQ 3.10 let its clients see, by scenario."""
    seen: dict[str, Any] = json.loads(RECORDED.read_text())
    return seen


def changes(before: Any, after: Any) -> list[str]:
    """Line by line what differs, for people to read."""
    if not (isinstance(before, list) and isinstance(after, list) and len(before) == len(after)):
        return [] if before == after else [f"RabbitMQ: {before!r}\n Leveret: {after!r}"]
    return [line for pair in zip(before, after, strict=True) for line in changes(*pair)]
