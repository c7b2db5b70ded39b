"""`leveret bench`: the load generator's command."""

from __future__ import annotations

from leveret.bench.command import configure, run

NAME = "bench"
HELP = "measure an AMQP 0-9-1 broker"

__all__ = ["HELP", "NAME", "configure", "run"]
