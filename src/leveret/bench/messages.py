"""The messages of a run, encoded."""

from __future__ import annotations

from leveret.bench.errors import BenchError
from leveret.bench.frames.publishes import PublishBlock
from leveret.bench.options import Options
from leveret.bench.session import CHANNEL, encoded
from leveret.bench.topology import Topology
from leveret.wire.amqp091.frames import encode_content
from leveret.wire.amqp091.methods import BasicPublish
from leveret.wire.amqp091.properties import BasicProperties, encode_properties

BLOCK_BYTES = 1 << 18  # several sends, and still in the processor's cache
CONTENT_HEADER_BYTES = 7 + 12 + 1  # without the properties
ENVELOPE_BYTES = 7


def publish_block(
    options: Options, topology: Topology, properties: bytes, *, frame_max: int
) -> PublishBlock:
    """Messages with each routing key in turn, enough of them for a few sends."""
    body = b"\0" * options.size
    content = encode_content(CHANNEL, properties, body, frame_max=frame_max)
    messages = [
        encoded(
            BasicPublish(exchange=topology.exchange, routing_key=key, mandatory=options.mandatory)
        )
        + content
        for key in topology.routing_keys
    ]
    repeats = max(1, BLOCK_BYTES // sum(len(message) for message in messages))
    before_body = CONTENT_HEADER_BYTES + len(properties) + ENVELOPE_BYTES
    return PublishBlock(messages * repeats, len(content) - before_body)


def properties_of(options: Options) -> bytes:
    """The encoded properties of each message."""
    values = dict(options.properties)
    if options.persistent:
        values["delivery_mode"] = 2
    try:
        return encode_properties(BasicProperties(**values))
    except (TypeError, ValueError) as error:
        raise BenchError(f"message properties: {error}") from None
