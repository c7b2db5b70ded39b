"""A broker on the real engine, as commands see it, with clients that are made up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from leveret.broker.broker import Broker
from leveret.broker.commands.command import Answer, Listing, perform
from leveret.broker.commands.table import COMMANDS
from leveret.broker.message import Message
from leveret.broker.statistics import (
    ChannelStatistics,
    ConnectionStatistics,
    ConsumerStatistics,
    PeerStatistics,
)
from leveret.engine.shard import Shard


class FakeConnection:
    def __init__(self, pid: str, **peer: object) -> None:
        self.pid = pid
        self.peer = PeerStatistics(**{"state": "running", "virtual_host": "/", **peer})
        self.texts: list[str] = []

    def statistics(self) -> ConnectionStatistics:
        return ConnectionStatistics(
            pid=self.pid,
            peer_host="10.0.0.1",
            peer_port=4000,
            host="10.0.0.2",
            port=5672,
            connected_at=1_700_000_000_000,
            idle_ms=7,
            peer=self.peer,
        )

    def channel_statistics(self) -> Iterable[ChannelStatistics]:
        for number in range(1, self.peer.channel_count + 1):
            yield channel(pid=f"{self.pid}.{number}", number=number)

    def shut_down(self, text: str) -> None:
        self.texts.append(text)


def channel(**fields: object) -> ChannelStatistics:
    plain = dict.fromkeys(ChannelStatistics.__dataclass_fields__, 0)
    return ChannelStatistics(**{**plain, "virtual_host": "/", "user": "guest", **fields})


class FakeSubscription:
    exclusive = False

    def cancelled(self) -> None:
        pass

    def statistics(self) -> ConsumerStatistics:
        return ConsumerStatistics(
            channel_pid="17.1",
            consumer_tag="tag",
            ack_required=True,
            active=True,
            exclusive=False,
            prefetch_count=5,
            priority=0,
            unacked_count=2,
        )


class Owner(SimpleNamespace):
    __hash__ = object.__hash__


class Timestamp(int):
    """Stands for those of a protocol's field tables."""


class FakeNode:
    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.classes = {"Timestamp": Timestamp}
        self.clients: dict[str, FakeConnection] = {}
        self.is_stopped = False

    def status(self) -> dict[str, object]:
        return {"version": "1.2.3"}

    def connections(self) -> list[FakeConnection]:
        return list(self.clients.values())

    def find_connection(self, pid: str) -> FakeConnection | None:
        return self.clients.get(pid)

    def stop(self) -> None:
        self.is_stopped = True

    # What tests do with it

    def connect(self, pid: str, **peer: object) -> FakeConnection:
        self.clients[pid] = FakeConnection(pid, **peer)
        return self.clients[pid]

    def begin(self, name: str, /, *columns: str, **arguments: object) -> Answer | Listing:
        return perform(COMMANDS, self, name, arguments, columns)[1]

    def run(self, name: str, /, **arguments: object) -> Any:
        """What the command replies, when it is done."""
        answer = self.begin(name, **arguments)
        assert isinstance(answer, Answer)
        for _ in answer.steps:
            pass
        while answer.chore is not None and not answer.chore.done:
            self.shard.turn()
        value = answer.value()
        assert json.loads(json.dumps(value)) == value
        return value

    def rows(self, name: str, /, *columns: str, **arguments: object) -> list[Any]:
        """The rows that there are."""
        listing = self.begin(name, *columns, **arguments)
        assert isinstance(listing, Listing)
        rows = [row for row in listing.rows if row is not None]
        assert json.loads(json.dumps(rows)) == rows
        return rows

    @property
    def host(self):
        return self.broker.virtual_host("/")

    @property
    def shard(self) -> Shard:
        return self.host.shard

    def fill(self, queue: str, count: int) -> None:
        for _ in range(count):
            self.host.topology.deliver(Message("", (queue,)), self.host.queues[queue])


@pytest.fixture
def node(random: Callable[[int], bytes]) -> FakeNode:
    return FakeNode(Broker(Shard(), random))


@pytest.fixture
def subscription() -> type[FakeSubscription]:
    return FakeSubscription


@pytest.fixture
def owner() -> Owner:
    """A connection that owns an exclusive queue."""
    return Owner(pid="17")
