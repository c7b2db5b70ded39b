"""What the operator decides about all peers of a server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`strict`: as RabbitMQ does it, also where Leveret does better for most."""

    strict: bool = False
