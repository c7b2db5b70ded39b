"""The story of a message's deaths among its headers, as RabbitMQ's clients know it.

    x-death                                   an array of tables, the latest death first
    x-first-death-queue, -reason, -exchange   and the same with x-last-death

What stands there when a message comes from a client is not believed, and is written over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from leveret.broker.dead_letters import Death, Ending, Letter, Story
from leveret.engine.dead_letters import DeadMessage
from leveret.peers.amqp091.message import COPIES, published
from leveret.wire.amqp091.properties import decode_properties, rewritten
from leveret.wire.amqp091.tables import FieldValue, Long, Timestamp, encode_field

DEATHS: Final = "x-death"
FIRST: Final = "x-first-death"
FAILURES: Final = "x-delivery-count"
DELIVERIES: Final = "x-acquired-count"
COUNTS: Final = (FAILURES, DELIVERIES)
LAST: Final = "x-last-death"
OURS: Final = frozenset(
    (DEATHS, *(f"{which}-{what}" for which in (FIRST, LAST) for what in Ending._fields))
)


def read(dead: DeadMessage) -> Letter:
    """`message` names the routing keys of the header CC, too; those of BCC are long gone."""
    message = published(
        dead.exchange.decode("utf-8", "surrogateescape"),
        dead.routing_key.decode("utf-8", "surrogateescape"),
        dead.properties,
        memoryview(dead.body),
        0,
    )
    expiration = None
    if message.expiration is not None:
        expiration = decode_properties(dead.properties).expiration
    story = story_in(message.headers) if dead.has_died else None
    return Letter(message._replace(priority=dead.priority), expiration, story)


def write(properties: bytes, story: Story, *, without_copies: bool) -> bytes:
    fields = encode_field(DEATHS, [table_of(death) for death in story.deaths])
    for which, ending in ((FIRST, story.first), (LAST, story.last)):
        for what, value in ending._asdict().items():
            fields += encode_field(f"{which}-{what}", value)
    return rewritten(
        properties,
        without_headers=OURS.union(COPIES) if without_copies else OURS,
        added_headers=fields,
        without=("expiration",),
    )


def counted(properties: bytes, failures: int, deliveries: int) -> bytes:
    """The properties of a message that went back to a queue that counts that."""
    fields = encode_field(FAILURES, Long(failures)) + encode_field(DELIVERIES, Long(deliveries))
    return rewritten(properties, without_headers=COUNTS, added_headers=fields)


def table_of(death: Death) -> Mapping[str, FieldValue]:
    table: dict[str, FieldValue] = {
        "count": Long(death.times),
        "reason": death.reason,
        "queue": death.queue,
        "time": Timestamp(death.time),
        "exchange": death.exchange,
        "routing-keys": list(death.routing_keys),
    }
    if death.original_expiration is not None:
        table["original-expiration"] = death.original_expiration
    return table


def story_in(headers: Mapping[str, object]) -> Story | None:
    """What write() has written."""
    deaths = headers.get(DEATHS)
    if not isinstance(deaths, Sequence):
        return None
    told = tuple(death_of(table) for table in deaths)
    return Story(told, ending_in(headers, FIRST), ending_in(headers, LAST))


def death_of(table: Mapping[str, object]) -> Death:
    expiration = table.get("original-expiration")
    count, time, keys = table["count"], table["time"], table["routing-keys"]
    if not (isinstance(count, int) and isinstance(time, int) and isinstance(keys, Sequence)):
        raise TypeError("a death that the broker has not written")
    return Death(
        queue=str(table["queue"]),
        reason=str(table["reason"]),
        times=count,
        time=time,
        exchange=str(table["exchange"]),
        routing_keys=tuple(keys),
        original_expiration=None if expiration is None else str(expiration),
    )


def ending_in(headers: Mapping[str, object], which: str) -> Ending:
    return Ending(*(str(headers[f"{which}-{what}"]) for what in Ending._fields))
