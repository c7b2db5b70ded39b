"""What a client may say: every method with every kind of value in each field, and content.

Names come from a small pool, so that one method's queue is the next one's too.
"""

import struct

from leveret.wire.amqp091 import frames
from leveret.wire.amqp091.methods import METHODS, BasicPublish, Method, encode_method
from leveret.wire.amqp091.properties import BasicProperties, encode_properties
from leveret.wire.amqp091.tables import Decimal, FieldValue, Timestamp
from tests.fuzz.choices import Choices

NAMES = (
    *("a", "b", "", "c", "amq.direct", "amq.topic", "amq.headers", "amq.fanout", "amq.gen-1"),
    *("amq.rabbitmq.reply-to", "a.b", "*.#.b", "#", "a\nb", "\udcff", "x" * 255),
)
TYPES = (
    *("direct", "fanout", "topic", "headers", "x-random", "x-consistent-hash", "x-modulus-hash"),
    *("x-recent-history", "x-local-random", "x-unknown"),
)
ARGUMENTS = (
    *("x-match", "alternate-exchange", "x-priority", "x-max-length", "x-queue-type", "x-expires"),
    *("hash-header", "hash-property", "x-recent-history-length", "x-recent-history-no-store"),
    *("CC", "BCC", "a", "x-message-ttl", "x-max-priority", "x-overflow"),
)
TEXTS = (
    "a",
    "b",
    "all",
    "any",
    "all-with-x",
    "classic",
    "1",
    "",
    "drop-head",
    "message_id",
    "\xff",
)
NUMBERS = (0, 1, 2, 3, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63)
WIDTHS = {"Octet": 8, "Short": 16, "Long": 32, "LongLong": 64}
SPECIAL = {"type": TYPES, "virtual_host": ("/", "", "other"), "mechanism": ("PLAIN", "AMQPLAIN")}
KINDS = tuple(METHODS.values())
DEPTH_MAX = 3
FIELDS_MAX = 3


def value(choices: Choices, depth: int = 0) -> FieldValue:
    kind = choices.below(10)
    if kind == 0:
        return choices.pick(TEXTS)
    if kind == 1:
        return choices.pick(NUMBERS[:-1])
    if kind == 2:
        return choices.pick((True, False, None))
    if kind == 3:
        return choices.pick((0.0, 1.5, float("inf"), -1e300))
    if kind == 4:
        return choices.raw(8)
    if kind == 5:
        return Timestamp(choices.pick(NUMBERS))
    if kind == 6:
        return Decimal(choices.byte(), choices.pick(NUMBERS[:11]))
    if kind == 7:
        return -choices.pick(NUMBERS[:-1])
    if depth >= DEPTH_MAX:
        return None
    if kind == 8:
        return [value(choices, depth + 1) for _ in range(choices.below(FIELDS_MAX))]
    return table(choices, depth + 1)


def table(choices: Choices, depth: int = 0) -> dict[str, FieldValue]:
    count = choices.below(FIELDS_MAX + 1)
    return {choices.pick(ARGUMENTS): value(choices, depth) for _ in range(count)}


def field(choices: Choices, name: str, kind: str) -> object:
    if kind == "Bit":
        return choices.one_in(2)
    if kind in WIDTHS:
        return choices.pick(NUMBERS) & (1 << WIDTHS[kind]) - 1
    if kind == "Table":
        return table(choices)
    if kind == "ShortStr":
        return choices.pick(SPECIAL.get(name, NAMES))
    return choices.raw(20)


def method(choices: Choices) -> Method:
    kind = choices.pick(KINDS)
    return kind(**{name: field(choices, name, type) for name, type in kind.FIELDS.items()})


def properties(choices: Choices) -> bytes:
    given = {
        name: field(choices, name, kind)
        for name, kind in BasicProperties.FIELDS.items()
        if choices.one_in(4)
    }
    return encode_properties(BasicProperties(**given))


def publication(choices: Choices, channel: int) -> bytes:
    """A message, with its content in order."""
    method = BasicPublish(
        exchange=choices.pick(NAMES), routing_key=choices.pick(NAMES), mandatory=choices.one_in(4)
    )
    body = choices.raw(64) * choices.pick((1, 1, 0, 20))
    frame_max = choices.pick((131072, 4096, 64))
    content = frames.encode_content(channel, properties(choices), body, frame_max=frame_max)
    return encode_method(channel, method) + content


def loose_content(choices: Choices, channel: int) -> bytes:
    """A header or a body that nobody announced."""
    if choices.one_in(2):
        return frames.encode_frame(frames.BODY, channel, choices.raw(64))
    size = choices.pick(NUMBERS)
    head = struct.pack("!HHQ", choices.pick((60, 0, 10)), choices.pick((0, 1)), size)
    return frames.encode_frame(frames.HEADER, channel, head + properties(choices))


def loose_frame(choices: Choices, channel: int) -> bytes:
    """A frame of any type with anything in it."""
    return frames.encode_frame(choices.pick((1, 2, 3, 8, 4, 0, 255)), channel, choices.raw(40))
