"""The operator's side of the socket: one request, its rows, its reply."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, BinaryIO, Final, Self, cast

from leveret.cli.control_socket import answers, memory_sockets, socket_in
from leveret.cli.data_directory import default_data_directory
from leveret.server.unix_socket import connect_to

START: Final = (
    "start one with `leveret serve`, or say where it is with --data-dir DIR or --socket PATH"
)


class Unreachable(Exception):
    """No broker answers; the text says what to do."""


class Ambiguous(Exception):
    """There are several; the text says how to choose."""


class Refused(Exception):
    """The broker has answered with an error."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class TimedOut(Exception):
    """The broker takes longer than one wants to wait."""


class Client:
    """Connected to the broker at `path`. Raises Unreachable, as all its methods do."""

    def __init__(self, path: str, timeout_s: float) -> None:
        self.path = path
        try:
            self._socket = connect_to(path, timeout_s)
        except OSError as error:
            raise Unreachable(why_not(path, error)) from None
        self._lines = cast(BinaryIO, self._socket.makefile("rb"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.close()
        self._socket.close()

    def ask(self, command: str, arguments: Mapping[str, object]) -> object:
        """The reply of a command that lists nothing. Raises Refused, TimedOut."""
        self._send({"command": command, "arguments": arguments})
        return self._value(self._receive())

    def rows(
        self, command: str, arguments: Mapping[str, object], columns: Sequence[str]
    ) -> Iterator[list[Any]]:
        """The rows of a listing, as they come. Raises Refused, TimedOut."""
        self._send({"command": command, "arguments": arguments, "columns": columns})
        line = self._receive()
        if "columns" in line:
            line = self._receive()
        while isinstance(line, list):
            yield line
            line = self._receive()
        self._value(line)

    def wait_for_end(self) -> None:
        """Until the broker has gone. Raises TimedOut."""
        try:
            while self._lines.readline():
                pass
        except TimeoutError:
            raise TimedOut("it has not stopped yet, but will") from None
        except OSError:
            pass  # it has gone

    def _send(self, request: Mapping[str, object]) -> None:
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
        except TimeoutError:
            raise TimedOut("the broker does not read") from None
        except BrokenPipeError:
            pass  # it has said why
        except OSError as error:
            raise Unreachable(f"{self.path}: {error.strerror}") from None

    def _receive(self) -> Any:
        try:
            line = self._lines.readline()
        except TimeoutError:
            raise TimedOut("no answer yet; --timeout SECONDS waits longer") from None
        except OSError as error:
            raise Unreachable(f"{self.path}: {error.strerror}") from None
        if not line.endswith(b"\n"):
            raise Unreachable(f"{self.path}: the broker has closed the connection")
        try:
            return json.loads(line)
        except ValueError:
            raise Unreachable(f"{self.path}: this is not a Leveret broker") from None

    def _value(self, reply: Any) -> object:
        if not isinstance(reply, dict) or not reply.keys() & {"ok", "error"}:
            raise Unreachable(f"{self.path}: this is not a Leveret broker")
        if "error" in reply:
            raise Refused(str(reply["error"]), str(reply.get("text", "")))
        return reply["ok"]


def find_socket(socket_path: str | None, data_directory: str | None) -> str:
    """Of the broker that is meant. Raises Unreachable, Ambiguous."""
    if socket_path is not None:
        return socket_path
    if data_directory is not None:
        return socket_in(data_directory)
    default = socket_in(str(default_data_directory()))
    found = memory_sockets()
    if os.path.exists(default) and (answers(default) or not found):
        found.insert(0, default)
    if not found:
        raise Unreachable(f"no broker of yours answers on this machine: {START}")
    if len(found) > 1:
        raise Ambiguous(f"several brokers run: choose one with --socket: {', '.join(found)}")
    return found[0]


def why_not(path: str, error: OSError) -> str:
    """Why it could not be reached, and what can be done about it."""
    if isinstance(error, PermissionError):
        return f"{path}: permission denied: only the broker's user and root can use its socket"
    if isinstance(error, ConnectionRefusedError):
        return f"{path}: no broker listens there any more: {START}"
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return f"{path}: there is no such socket, so no broker: {START}"
    if isinstance(error, TimeoutError | BlockingIOError):
        return f"{path}: the broker does not answer"
    return f"{path}: {error.strerror or error}"
