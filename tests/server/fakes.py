"""A shard and a peer without a protocol, and a server with them that a scenario can talk to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from leveret.engine.agenda import Agenda
from leveret.engine.memory import Memory
from leveret.server.address import Address
from leveret.server.clock import Clock
from leveret.server.config import Config
from leveret.server.connection import Connection
from leveret.server.poll import READ
from leveret.server.selector import TurnSelector
from leveret.server.server import Server

LIMIT_S = 10
"""How long a test waits for what must come: long on a busy machine, but not for ever."""

HERE = Address("127.0.0.1", 0)


class FakeShard:
    def __init__(self, memory: Memory | None = None) -> None:
        self.written: dict[int, None] = {}
        self.turn_count = 0
        self.pending_count = 0
        self.error: Exception | None = None
        self.resumed: list[int] = []
        self.memory = memory or Memory()
        self.publishers: dict[int, None] = {}
        self.held: list[int] = []
        self.spare_dropped = False
        self.work = 0
        self.halvings = 0
        self.agenda = Agenda()

    @property
    def pending(self) -> bool:
        return self.pending_count > 0

    def turn(self) -> None:
        self.turn_count += 1
        self.pending_count = max(0, self.pending_count - 1)
        if self.error:
            raise self.error

    def take_outputs(self) -> list[int]:
        taken, self.written = list(self.written), {}
        return taken

    def take_held(self) -> list[int]:
        taken, self.held = self.held, []
        return taken

    def drop_spare(self) -> None:
        self.spare_dropped = True

    def take_resumed(self) -> list[int]:
        taken, self.resumed = self.resumed, []
        return taken


class FakePeer:
    """A leveret.peers.peer.Peer without a protocol: it sends back what it receives.

    What it is to do instead is said by its attributes.
    """

    def __init__(self, shard: FakeShard, owner: int, remote: Address) -> None:
        self.shard = shard
        self.owner = owner
        self.remote = remote
        self.refusal: str | None = None
        self.finished = False
        self.events: list[object] = []
        self.memory = bytearray(64 * 1024)
        self.output = bytearray()
        self.is_paused = False
        self.is_held = False
        self.holds_deliveries = False
        self.floods = False
        self.deadline_tick: int | None = None
        self.on_received: Callable[[FakePeer, bytes], None] = FakePeer.echo
        self.on_due: Callable[[FakePeer, int], None] = FakePeer.forget_deadline
        self.on_sent: Callable[[FakePeer], None] = lambda peer: None
        self.on_shut_down: Callable[[FakePeer, str], None] = FakePeer.say_goodbye
        self.on_lost: Callable[[FakePeer], None] = lambda peer: None

    def receive_buffer(self) -> memoryview:
        return memoryview(b"" if self.is_paused or self.is_held else self.memory)

    def received(self, count: int, now: int, tick: int) -> bool:
        data = bytes(self.memory[:count])
        self.events.append(data)
        self.on_received(self, data)
        return self.floods

    def go_on(self, now: int, tick: int) -> None:
        self.events.append("goes on")

    def block(self, reason: str) -> None:
        self.events.append(reason)

    def unblock(self, now: int, tick: int) -> None:
        self.is_held = False
        self.events.append("unblocked")
        self.resume()

    def closes(self, unread: bytes) -> bool:
        return b"close" in unread

    def trickle(self, count: int, now: int, tick: int) -> memoryview:
        return memoryview(self.memory)[:count]

    def send_buffer(self) -> memoryview:
        return memoryview(bytes(self.output))

    def sent(self, count: int, tick: int) -> None:
        del self.output[:count]
        self.on_sent(self)

    def deadline(self) -> int | None:
        return self.deadline_tick

    def due(self, now: int, tick: int) -> None:
        self.events.append("due")
        self.on_due(self, tick)

    def shut_down(self, text: str) -> None:
        self.events.append("shut down")
        self.on_shut_down(self, text)

    def lost(self) -> None:
        self.events.append("lost")
        self.on_lost(self)

    # What it can do.

    def write(self, data: bytes) -> None:
        self.output += data
        self.shard.written[self.owner] = None

    def echo(self, data: bytes) -> None:
        self.write(data)

    def resume(self) -> None:
        """To be called within a turn: it can be read again."""
        self.is_paused = False
        self.shard.resumed.append(self.owner)

    def finish(self, _: bytes = b"") -> None:
        self.finished = True

    def say_goodbye(self, text: str) -> None:
        self.write(text.encode())
        self.finished = True

    def forget_deadline(self, _: int = 0) -> None:
        self.deadline_tick = None


class Stage:
    """A started server with fake peers, newest last, and how to be its client."""

    def __init__(self, selector: TurnSelector | None, **options: Any) -> None:
        self.shard = FakeShard()
        self.peers: list[FakePeer] = []
        self.prepare: Callable[[FakePeer], None] = lambda peer: None
        clock = options.pop("clock", None) or Clock()
        config = Config(**{"listen": (HERE,), **options})
        self.server = Server(self.shard, self.open_peer, config, clock=clock, selector=selector)

    def open_peer(self, owner: int, remote: Address, tick: int, refusal: str | None) -> FakePeer:
        peer = FakePeer(self.shard, owner, remote)
        peer.refusal = refusal
        self.prepare(peer)
        self.peers.append(peer)
        return peer

    @property
    def connections(self) -> list[Connection]:
        """In the order of the peers, as long as none has gone."""
        return list(self.server._turn.connections.values())

    @property
    def unread_count(self) -> int:
        return sum(not connection._watched & READ for connection in self.connections)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = self.server.addresses[0]
        return await asyncio.open_connection(address.host, address.port)

    @asynccontextmanager
    async def client(
        self,
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, FakePeer]]:
        """A connected client and the peer that serves it."""
        count = len(self.peers)
        reader, writer = await self.connect()
        await until(lambda: len(self.peers) > count)
        try:
            yield reader, writer, self.peers[-1]
        finally:
            writer.close()
            try:
                await writer.wait_closed()
            except OSError:
                pass  # the server was first


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until the condition holds."""
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0.001)


Scenario = Callable[[Stage], Coroutine[Any, Any, None]]


def play(scenario: Scenario, *, own_loop: bool = True, **options: Any) -> Stage:
    """Run the scenario against a server, which is stopped at the end, and return its stage."""
    selector = TurnSelector() if own_loop else None

    async def acted() -> Stage:
        stage = Stage(selector, **options)
        await stage.server.start()
        try:
            async with asyncio.timeout(LIMIT_S):
                await scenario(stage)
        finally:
            await stage.server.stop()
        return stage

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        return runner.run(acted())


async def read_all(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.read(), LIMIT_S)


async def ended(reader: asyncio.StreamReader) -> None:
    """Wait until the server has closed the connection, politely or not."""
    try:
        await read_all(reader)
    except ConnectionResetError:
        pass
