"""What a broker has told its clients, and when, as a trace tells it: confirms and tx.commit-ok."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pika import spec
from pika.frame import Header, Method, decode_frame

from tests.crash.trace import Event, Kind

PERSISTENT = 2
PROTOCOL_HEADER = b"AMQP\0\0\x09\1"
FRAME_HEAD = struct.Struct(">BHI")


class Message(NamedTuple):
    """That is persistent. `exchange` is "" where it was published to one queue."""

    key: str
    exchange: str


class Promise(NamedTuple):
    """From the event `index` on, when its frame was sent, a client may count on the message."""

    index: int
    message: Message

    @property
    def key(self) -> str:
        return self.message.key


@dataclass
class Channel:
    """`unconfirmed` is by tag, None where nothing is kept; `staged` wait for their commit."""

    has_confirms: bool = False
    tag: int = 0
    exchange: str = ""
    unconfirmed: dict[int, Message | None] = field(default_factory=dict)
    staged: list[Message | None] = field(default_factory=list)
    committing: list[Message | None] = field(default_factory=list)

    def hear(self, frame: Any) -> None:
        """The client has sent this."""
        if isinstance(frame, Header):
            is_kept = frame.properties.delivery_mode == PERSISTENT
            key = str(frame.properties.message_id)
            message = Message(key, self.exchange) if is_kept else None
            if self.has_confirms:
                self.tag += 1
                self.unconfirmed[self.tag] = message
            else:
                self.staged.append(message)
        elif isinstance(frame, Method):
            if isinstance(frame.method, spec.Basic.Publish):
                self.exchange = frame.method.exchange
            elif isinstance(frame.method, spec.Confirm.Select):
                self.has_confirms = True
            elif isinstance(frame.method, spec.Tx.Commit):
                self.committing, self.staged = self.staged, []
            elif isinstance(frame.method, spec.Tx.Rollback):
                self.staged = []

    def promised(self, frame: Any) -> list[Message]:
        """What is promised by what the broker sends."""
        messages: list[Message | None] = []
        method = frame.method if isinstance(frame, Method) else None
        if isinstance(method, spec.Tx.CommitOk):
            messages, self.committing = self.committing, []
        elif isinstance(method, spec.Basic.Ack):
            tag = method.delivery_tag
            tags = [each for each in self.unconfirmed if each <= tag] if method.multiple else [tag]
            messages = [self.unconfirmed.pop(each) for each in tags]
        return [message for message in messages if message is not None]


class Socket:
    """One connection's two streams of bytes."""

    def __init__(self) -> None:
        self.received = b""
        self.sent = b""
        self.channels: dict[int, Channel] = {}

    def channel(self, frame: Any) -> Channel:
        return self.channels.setdefault(getattr(frame, "channel_number", 0), Channel())

    def hear(self, data: bytes) -> None:
        frames, self.received = split(self.received + data)
        for frame in frames:
            self.channel(frame).hear(frame)

    def promised(self, data: bytes) -> list[Message]:
        frames, self.sent = split(self.sent + data)
        return [message for frame in frames for message in self.channel(frame).promised(frame)]


def split(data: bytes) -> tuple[list[Any], bytes]:
    """The frames of methods and headers, and the rest."""
    frames = []
    at = len(PROTOCOL_HEADER) if data.startswith(PROTOCOL_HEADER) else 0
    while len(data) - at >= FRAME_HEAD.size:
        kind, _, size = FRAME_HEAD.unpack_from(data, at)
        end = at + FRAME_HEAD.size + size + 1
        if end > len(data):
            break
        if kind in (spec.FRAME_METHOD, spec.FRAME_HEADER):
            frames.append(decode_frame(data[at:end])[1])
        at = end
    return frames, data[at:]


def promises(events: Iterable[Event]) -> Iterator[Promise]:
    """In order. What a send took counts from its beginning; one that was cut off took all."""
    sockets: dict[int, Socket] = {}
    sending: dict[int, Event] = {}
    for event in events:
        if event.kind is Kind.ACCEPT:
            sockets[event.fd] = Socket()
        elif event.kind is Kind.RECEIVE:
            sockets[event.fd].hear(event.data)
        elif event.kind is Kind.SEND and not event.is_end:
            sending[event.fd] = event
        elif event.kind is Kind.SEND:
            begin = sending.pop(event.fd)
            for message in sockets[event.fd].promised(begin.data[: max(0, event.result)]):
                yield Promise(begin.index, message)
    for fd, begin in sending.items():
        for message in sockets[fd].promised(begin.data):
            yield Promise(begin.index, message)
