"""Messages for exchange types to route."""

from __future__ import annotations

from typing import Any

from leveret.broker.message import Message


def keyed(*routing_keys: str, **fields: Any) -> Message:
    return Message("source", routing_keys, **fields)


def with_headers(headers: dict[str, object]) -> Message:
    return keyed("", headers=headers)
