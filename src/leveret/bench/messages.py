"""The messages of a run, encoded."""

from __future__ import annotations

from collections.abc import Sequence

from leveret.bench.errors import BenchError
from leveret.bench.frames.publishes import PublishBlock
from leveret.bench.options import Options
from leveret.bench.session import CHANNEL
from leveret.wire.amqp091.frames import encode_content
from leveret.wire.amqp091.methods import BasicPublish, encode_method
from leveret.wire.amqp091.properties import BasicProperties, encode_properties

BLOCK_BYTES = 1 << 18  # several sends, and still in the processor's cache
CONTENT_HEADER_BYTES = 7 + 12 + 1  # without the properties
ENVELOPE_BYTES = 7


def publish_block(
    options: Options, routing_keys: Sequence[str], properties: bytes, *, frame_max: int
) -> PublishBlock:
    """Messages with each routing key in turn, enough of them for a few sends."""
    body = b"\0" * options.size
    content = encode_content(CHANNEL, properties, body, frame_max=frame_max)
    methods = [_publish(options, key) for key in routing_keys]
    messages = [method + content for method in methods]
    repeats = max(1, BLOCK_BYTES // sum(len(message) for message in messages))
    before_body = CONTENT_HEADER_BYTES + len(properties) + ENVELOPE_BYTES
    return PublishBlock(messages * repeats, len(content) - before_body)


def properties_of(options: Options) -> bytes:
    """The encoded properties of each message."""
    values = dict(options.properties or {})
    if options.persistent:
        values["delivery_mode"] = 2
    try:
        return encode_properties(BasicProperties(**values))
    except (TypeError, ValueError) as error:
        raise BenchError(f"--properties: {error}") from None


def _publish(options: Options, routing_key: str) -> bytes:
    method = BasicPublish(
        exchange=options.exchange, routing_key=routing_key, mandatory=options.mandatory
    )
    return encode_method(CHANNEL, method)
