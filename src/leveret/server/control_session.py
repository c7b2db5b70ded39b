"""One operator's connection: a request, its reply, and the next.

Rows of a listing are made in slices, and not before the last ones have been taken, so neither a
hundred thousand queues nor a client that does not read cost the others anything. What a command
has changed is answered when it is durable, as clients are.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from leveret.broker.commands.command import Answer, Listing, WrongUsage, perform, shown_arguments
from leveret.broker.commands.table import COMMANDS
from leveret.broker.errors import BrokerError
from leveret.broker.events import COMMAND_LINE
from leveret.engine.errors import InvariantError
from leveret.server.node import Node

log = logging.getLogger(__name__)

REQUEST_BYTES_MAX: Final = 1024 * 1024
"""One declaration is never as long, and it is read in one go: some 10 ms."""
READ_S: Final = 60
"""An operator who types, or a script that thinks, has said something by then."""
WRITE_S: Final = 60
"""Somebody who reads page by page has turned one by then."""
REPLY_S: Final = 60
"""For what a command began to be done, and durable: a disk that is full may take for ever."""
ROWS_PER_SLICE: Final = 64
"""About half a millisecond."""
OUTPUT_BYTES: Final = 64 * 1024
"""What may be unsent before the next slice is made."""


class Refusal(Exception):
    """What was asked for is answered with an error."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


async def open_session(
    sock: socket.socket,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Raises OSError."""
    sock.setblocking(False)
    reader, writer = await asyncio.open_unix_connection(sock=sock, limit=REQUEST_BYTES_MAX)
    writer.transport.set_write_buffer_limits(high=OUTPUT_BYTES)
    return reader, writer


class Session:
    """Raises OSError and TimeoutError when the operator has gone, or might as well have."""

    def __init__(
        self, node: Node, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._node = node
        self._reader = reader
        self._writer = writer

    async def run(self) -> None:
        """Until the operator goes, or sends what is not a line."""
        while line := await self._read():
            await self._answer(line)

    async def refuse(self, connections_max: int) -> None:
        """There is no room for this one."""
        text = f"there are {connections_max} connections to the control socket: try again later"
        await self._write({"error": "busy", "text": text})
        await self._say_goodbye()

    async def _read(self) -> bytes:
        """A line; nothing at the end."""
        try:
            async with asyncio.timeout(READ_S):
                return await self._reader.readline()
        except ValueError:  # readline()'s, for a line that is too long
            text = f"a request may have {REQUEST_BYTES_MAX} bytes"
            await self._write({"error": "wrong_usage", "text": text})
            await self._say_goodbye()
            return b""

    async def _answer(self, line: bytes) -> None:
        try:
            value = await self._perform(*read_request(line))
        except BrokerError as error:
            await self._write({"error": error.kind, "text": error.text})
        except Refusal as error:
            await self._write({"error": error.kind, "text": error.text})
        except InvariantError as error:
            await self._write({"error": "internal_error", "text": INTERNAL})
            self._node.fail(error)
        except (OSError, TimeoutError, asyncio.CancelledError):
            raise
        except Exception as error:
            self._node.report(error)
            await self._write({"error": "internal_error", "text": INTERNAL})
        else:
            await self._write({"ok": value})

    async def _perform(
        self, name: str, arguments: Mapping[str, object], columns: list[str]
    ) -> object:
        self._node.begin()
        with self._node.broker.events.acting(COMMAND_LINE):
            command, outcome = perform(COMMANDS, self._node, name, arguments, columns)
        if command.is_told:
            log.info("operator: %s %s", name, shown_arguments(command, arguments))
        self._node.want_turn()
        if isinstance(outcome, Listing):
            await self._write({"columns": list(outcome.columns)})
            await self._write_rows(outcome.rows)
            return None
        await self._finish(outcome)
        value = outcome.value()
        if command.changes:
            await self._until_durable()
        return value

    async def _write_rows(self, rows: Iterator[object]) -> None:
        for slice_ in slices(rows):
            text = "".join(f"{dump(row)}\n" for row in slice_ if row is not None)
            if text:
                self._writer.write(text.encode())
            await self._drain()
            await asyncio.sleep(0)
            self._node.begin()

    async def _finish(self, outcome: Answer) -> None:
        """What the command has begun, to its end."""
        for _ in slices(outcome.steps):
            self._node.want_turn()
            await asyncio.sleep(0)
            self._node.begin()
        chore = outcome.chore
        if chore is not None and not chore.done:
            done = asyncio.Event()
            chore.when_done(done.set)
            await self._wait(done, "it has begun, and goes on")

    async def _until_durable(self) -> None:
        durable = asyncio.Event()
        if not self._node.when_durable(lambda now, tick: durable.set()):
            self._node.want_turn()
            await self._wait(durable, "it is done, but not durable yet: is the disk full?")

    async def _wait(self, done: asyncio.Event, otherwise: str) -> None:
        try:
            async with asyncio.timeout(REPLY_S):
                await done.wait()
        except TimeoutError:
            raise Refusal("timeout", f"after {REPLY_S} s, {otherwise}") from None

    async def _write(self, reply: Mapping[str, object]) -> None:
        self._writer.write(f"{dump(reply)}\n".encode())
        await self._drain()

    async def _drain(self) -> None:
        async with asyncio.timeout(WRITE_S):
            await self._writer.drain()

    async def _say_goodbye(self) -> None:
        """The last words arrive before the end does."""
        self._writer.write_eof()
        async with asyncio.timeout(WRITE_S):
            while await self._reader.read(REQUEST_BYTES_MAX):
                pass


INTERNAL: Final = "internal error: the broker's log has it"


def read_request(line: bytes) -> tuple[str, Mapping[str, object], list[str]]:
    """The command's name, its arguments and columns. Raises WrongUsage."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        raise WrongUsage("a request is one line of JSON") from None
    if not isinstance(request, dict) or not isinstance(request.get("command"), str):
        raise WrongUsage('a request is an object with a "command"')
    arguments = request.get("arguments", {})
    columns = request.get("columns", [])
    if not isinstance(arguments, dict):
        raise WrongUsage('"arguments" is an object')
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise WrongUsage('"columns" is an array of names')
    return request["command"], arguments, columns


def slices(steps: Iterable[object]) -> Iterator[list[object]]:
    """What they give, so many at a time."""
    taken = []
    for step in steps:
        taken.append(step)
        if len(taken) >= ROWS_PER_SLICE:
            yield taken
            taken = []
    yield taken


def dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
