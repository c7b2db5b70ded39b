"""The rows of the table of transient messages: one publisher, one consumer, one durable queue.

Figures are messages delivered per second of the broker's CPU time, or microseconds.
`goal` is a figure, `share` a part of the yardstick's figure, `of_plain` a part of the first row's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# As a Celery client sends a task: eight properties, some 300 bytes of headers.
CELERY_PROPERTIES: dict[str, Any] = {
    "content_type": "application/json",
    "content_encoding": "utf-8",
    "priority": 0,
    "delivery_mode": 1,
    "correlation_id": "3d8f1b7e-5c3a-4f0e-9c55-0f6c9c2d1a77",
    "reply_to": "c6d3b7a2-91f4-3f0e-8a0b-5d4c3b2a1f00",
    "timestamp": 1_700_000_000,
    "headers": {
        "lang": "py",
        "task": "shop.invoices.tasks.send_invoice",
        "id": "3d8f1b7e-5c3a-4f0e-9c55-0f6c9c2d1a77",
        "shadow": None,
        "eta": None,
        "expires": None,
        "group": None,
        "retries": 0,
        "timelimit": [None, None],
        "root_id": "3d8f1b7e-5c3a-4f0e-9c55-0f6c9c2d1a77",
        "parent_id": None,
        "argsrepr": "(4711,)",
        "kwargsrepr": "{}",
        "origin": "gen4242@web-1.example",
    },
}
BACKLOG = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`options` are those of `leveret bench`; `yardstick`: whether it can do this."""

    key: str
    work: str
    options: dict[str, Any] = field(default_factory=dict)
    goal: float = 0
    share: float = 0
    of_plain: float = 0
    yardstick: bool = True


ACKS = {"ack": 1, "prefetch": 1000}
THROUGHPUT = (
    Row(key="plain", work="16 B, no ack", goal=3e6, share=0.37),
    Row(
        key="acks",
        work="16 B, ack each, prefetch 1000",
        options=ACKS | {"backlog": BACKLOG},
        goal=1.5e6,
        share=0.48,
    ),
    Row(
        key="confirms",
        work="16 B, confirms (window 1000) and acks",
        options=ACKS | {"confirm": 1000},
        goal=2e6,
        share=0.28,
    ),
    Row(key="1k", work="1 KB, no ack", options={"size": 1024}, goal=0.8e6, share=0.6),
    Row(key="16k", work="16 KB, no ack", options={"size": 16384}, goal=90e3, share=0.7),
    Row(
        key="celery",
        work="Celery-like properties, 16 B, no ack",
        options={"properties": CELERY_PROPERTIES},
        of_plain=0.6,
    ),
    Row(
        key="keys",
        work="10,000 routing keys, 16 B, no ack",
        options={"exchange": "amq.direct", "routing_key": "key", "routing_keys": 10_000},
        of_plain=0.6,
    ),
    Row(
        key="ttl",
        work="a queue with x-message-ttl, 16 B, no ack",
        options={"queue_arguments": {"x-message-ttl": 600_000}},
        of_plain=0.6,
        yardstick=False,
    ),
    Row(
        key="length",
        work="a queue with x-max-length, 16 B, no ack",
        options={"queue_arguments": {"x-max-length": 1_000_000}},
        of_plain=0.6,
        yardstick=False,
    ),
    Row(
        key="priorities",
        work="a queue with x-max-priority 9, 16 B, no ack",
        options={"queue_arguments": {"x-max-priority": 9}, "properties": {"priority": 5}},
        of_plain=0.6,
        yardstick=False,
    ),
    Row(
        key="fanout",
        work="fanout to 10 queues and consumers, deliveries",
        options={"exchange": "amq.fanout", "queues": 10, "consumers": 10, "backlog": BACKLOG},
        goal=4e6,
        yardstick=False,
    ),
)
LATENCY = Row(
    key="latency",
    work="publish to deliver at 1,000 msg/s",
    options={"rate": 1000, "latency": True},
    goal=55,
)
ROWS = (*THROUGHPUT, LATENCY)
