"""Resident memory of a broker whose queues each keep one unacknowledged message.

While gigabytes pass through the same queues, and through one more, a consumer takes a 16-byte
message from each queue in turn and never acknowledges it. Each of these messages thus stands
alone among what has passed long ago, and may pin nothing but itself.
"""

from __future__ import annotations

import argparse
import selectors
import sys
import time
from collections.abc import Iterator

from harness.brokers import Running, leveret
from harness.process import cpu_seconds, resident_bytes

from leveret.bench.session import FRAME_MAX, Session
from leveret.bench.uri import parse_uri
from leveret.wire.amqp091.frames import encode_content
from leveret.wire.amqp091.methods import (
    BasicConsume,
    BasicConsumeOk,
    BasicPublish,
    BasicQos,
    BasicQosOk,
    QueueDeclare,
    QueueDeclareOk,
    encode_method,
)

QUEUES = 1000
KEPT_BYTES = 16
GIGABYTE = 1e9
MEGABYTE = 1e6
GOAL_MB = 20
READ_BYTES = 1 << 18
NO_PROPERTIES = b"\0\0"
FAST = "fast"
TAG = "t"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=10, help="default: %(default)s")
    parser.add_argument("--size", type=int, default=1024, help="of what passes; %(default)s")
    arguments = parser.parse_args()
    with leveret() as running:
        return measure(running, int(arguments.gigabytes * GIGABYTE), arguments.size)


def measure(running: Running, total: int, size: int) -> int:
    """Prints memory before and after, and the most it was; 1 if that was too much."""
    traffic = Traffic(running, size)
    idle = most = resident_bytes(running.pid)
    begin, cpu = time.monotonic(), cpu_seconds(running.pid)
    for queue in traffic.names:
        traffic.keep_one(queue)
        traffic.pass_by(total // QUEUES)
        most = max(most, resident_bytes(running.pid))
    seconds, cpu = time.monotonic() - begin, cpu_seconds(running.pid) - cpu
    after = resident_bytes(running.pid)
    print(f"{QUEUES} queues keep one message of {KEPT_BYTES} bytes each")
    print(f"{traffic.passed / GIGABYTE:.2f} GB passed in {seconds:.1f} s, {cpu:.1f} s of CPU")
    print(f"resident before {idle / MEGABYTE:.1f} MB, after {after / MEGABYTE:.1f} MB")
    print(f"at most {(most - idle) / MEGABYTE:.1f} MB more than before; the goal is {GOAL_MB}")
    return int(most - idle > GOAL_MB * MEGABYTE)


class Traffic:
    """A publisher, a reader that acknowledges nothing, and a keeper that should and does not."""

    def __init__(self, running: Running, size: int) -> None:
        address = parse_uri(running.uri)
        self.publisher, self.reader, self.keeper = (Session(address) for _ in range(3))
        self.names = [f"queue {number:04}" for number in range(QUEUES)]
        self.size = size
        self.passed = 0
        self.messages = {name: message(name, bytes(size)) for name in (*self.names, FAST)}
        self.read_from: list[str] = []
        self.turn = 0
        names = [*self.names, FAST]
        self.keeper.call_all([QueueDeclare(queue=name) for name in names], QueueDeclareOk)
        self.keeper.call(BasicQos(prefetch_count=1), BasicQosOk)
        self.read(FAST)
        for session in (self.publisher, self.reader):
            session.socket.setblocking(False)

    def read(self, queue: str) -> None:
        self.reader.socket.setblocking(True)
        consume = BasicConsume(queue=queue, consumer_tag=f"{TAG}{queue}", no_ack=True)
        self.reader.call(consume, BasicConsumeOk)
        self.reader.socket.setblocking(False)
        self.read_from.append(queue)

    def keep_one(self, queue: str) -> None:
        """The keeper takes a message; whatever comes after it is the reader's."""
        self.keeper.call(BasicConsume(queue=queue, consumer_tag=queue), BasicConsumeOk)
        self.exchange(message(queue, bytes(KEPT_BYTES)), 0)
        kept = delivered_bytes(queue, queue, KEPT_BYTES)
        while kept:
            kept -= len(self.keeper.socket.recv(kept))
        self.read(queue)

    def pass_by(self, count: int) -> None:
        """So many bytes of bodies, by turns through the fast queue and through all others."""
        sent, expected = [], 0
        while count > 0:
            for queue in self.next_queues():
                sent.append(self.messages[queue])
                expected += delivered_bytes(f"{TAG}{queue}", queue, self.size)
                self.passed += self.size
                count -= self.size
        self.exchange(b"".join(sent), expected)

    def next_queues(self) -> Iterator[str]:
        self.turn = (self.turn + 1) % len(self.read_from)
        yield FAST
        yield self.read_from[self.turn]

    def exchange(self, data: bytes, expected: int) -> None:
        """Sends and reads at once, until all has come back."""
        rest = memoryview(data)
        room = bytearray(READ_BYTES)
        with selectors.DefaultSelector() as selector:
            selector.register(self.publisher.socket, selectors.EVENT_WRITE)
            selector.register(self.reader.socket, selectors.EVENT_READ)
            while rest or expected:
                for key, _ in selector.select():
                    if key.fileobj is self.reader.socket:
                        expected -= self.reader.socket.recv_into(room)
                    elif rest:
                        rest = rest[self.publisher.socket.send(rest[:READ_BYTES]) :]
                    else:
                        selector.unregister(self.publisher.socket)


def message(queue: str, body: bytes) -> bytes:
    publish = encode_method(1, BasicPublish(exchange="", routing_key=queue))
    return publish + encode_content(1, NO_PROPERTIES, body, frame_max=FRAME_MAX)


def delivered_bytes(tag: str, queue: str, size: int) -> int:
    """What a delivery is long: basic.deliver, header, and one body frame."""
    return (4 + 1 + len(tag) + 8 + 1 + 1 + 1 + len(queue) + 8) + (14 + 8) + (size + 8)


if __name__ == "__main__":
    sys.exit(main())
