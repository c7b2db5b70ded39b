"""Connections that come and go."""

from __future__ import annotations

import time

from harness.brokers import leveret
from harness.bystander import bystander
from harness.figures import Figure, bystander_figure
from harness.loads import load

from scenarios.settings import Settings

CONNECTIONS_PER_SECOND = 1000


def churn(settings: Settings) -> list[Figure]:
    """A client connects, logs in, opens a channel and closes, as fast as it can."""
    with leveret() as running:
        with load(running.uri, "--churn", "connections") as running_load:
            with bystander(running.uri) as client:
                begin = time.monotonic()
                time.sleep(settings.seconds * settings.runs)
                end = time.monotonic()
    per_second = running_load.totals["per_second"]
    return [
        Figure(
            "connections opened and closed",
            f"{per_second:,.0f} per s",
            f">= {CONNECTIONS_PER_SECOND:,} per s",
            per_second >= CONNECTIONS_PER_SECOND,
        ),
        bystander_figure("meanwhile", client.rounds.within(begin, end)),
    ]
