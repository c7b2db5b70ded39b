"""The encoded messages of a run."""

from __future__ import annotations

from typing import Any

import pytest

from leveret.bench.errors import BenchError
from leveret.bench.frames.publishes import PublishBlock
from leveret.bench.messages import BLOCK_BYTES, properties_of, publish_block
from leveret.bench.options import Options
from leveret.bench.topology import Topology
from leveret.wire.amqp091.frames import BODY, HEADER, METHOD, Frame, FrameParser
from leveret.wire.amqp091.methods import BasicPublish, decode_method_payload
from leveret.wire.amqp091.properties import BasicProperties, decode_properties

FRAME_MAX = 4096


def block(keys: tuple[str, ...] = ("key",), **options: Any) -> PublishBlock:
    chosen = Options(**options)
    topology = Topology(chosen.exchange, ("q",), keys)
    return publish_block(chosen, topology, properties_of(chosen), frame_max=FRAME_MAX)


def frames_of(made: PublishBlock, index: int = 0) -> list[Frame]:
    start = made.start(index)
    encoded = made.block.bytes_at(start, made.start(index + 1) - start)
    return FrameParser(frame_max=FRAME_MAX).receive(encoded)


def test_a_message_is_a_publish_a_header_and_a_body() -> None:
    method, header, body = frames_of(block(exchange="x", mandatory=True, size=20))
    assert [method.type, header.type, body.type] == [METHOD, HEADER, BODY]
    publish = decode_method_payload(method.payload)
    assert publish == BasicPublish(exchange="x", routing_key="key", mandatory=True)
    assert body.payload == bytes(20)


def test_a_large_body_is_cut_into_frames() -> None:
    _, _, *bodies = frames_of(block(size=10_000))
    assert sum(len(body.payload) for body in bodies) == 10_000
    assert len(bodies) == 3


def test_an_empty_body_has_no_frame() -> None:
    assert len(frames_of(block(size=0))) == 2


def test_each_key_has_its_turn() -> None:
    made = block(("a", "b", "c"), exchange="x")
    publishes = [decode_method_payload(frames_of(made, index)[0].payload) for index in range(4)]
    assert publishes == [BasicPublish(exchange="x", routing_key=key) for key in "abca"]
    assert made.message_count % 3 == 0


def test_a_block_is_several_sends_long() -> None:
    small = block()
    assert BLOCK_BYTES - small.start(1) < len(small.block.memory()) <= BLOCK_BYTES
    assert block(size=BLOCK_BYTES).message_count == 1


def test_the_time_goes_to_the_start_of_the_body() -> None:
    made = block(size=16, properties={"headers": {"id": "abc"}})
    made.stamp(0, 1, 0x1122334455667788)
    assert frames_of(made)[2].payload == bytes.fromhex("1122334455667788") + bytes(8)


def test_properties_are_encoded_once_for_all() -> None:
    encoded = properties_of(Options(persistent=True, properties={"headers": {"id": "abc"}}))
    expected = BasicProperties(delivery_mode=2, headers={"id": "abc"})
    assert decode_properties(encoded) == expected


@pytest.mark.parametrize("properties", [{"colour": "red"}, {"priority": 300}])
def test_properties_that_do_not_exist_are_refused(properties: dict[str, Any]) -> None:
    with pytest.raises(BenchError, match="message properties"):
        properties_of(Options(properties=properties))
