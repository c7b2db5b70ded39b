"""Waits for the sockets, and runs a turn when some of them are ready.

An asyncio loop calls the `select()` of its selector when it has nothing else to do. The sockets of
connections, and the log, are watched here beside the loop's own; they are served inside `select()`,
and the loop gets to see only what is its own. To have it call back for each socket, and once more
for the turn, would take a quarter of the time that a message spends here.

    own loop      asyncio.SelectorEventLoop(selector): what `leveret serve` does
    any other     loop.add_reader(selector.fileno(), selector.poll): the loop sees one descriptor,
                  ready as soon as one of the sockets is
"""

from __future__ import annotations

import selectors
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from leveret.server.poll import READ, WRITE, Poll

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

    from leveret.server.turn import Turn

READY_MAX = 1_024
"""Each is read once, so a turn with more of them would be a long one."""

Ready = list[tuple[selectors.SelectorKey, int]]


class Watched(Protocol):
    """Who takes part in turns: what it does when its descriptor is ready is done within one."""

    def readable(self) -> None: ...

    def writable(self) -> None: ...


class TurnSelector(selectors.BaseSelector):
    """To a loop a selector like any other; `watch` is for connections and the log.

    `turn` is the one in which these take part, None as long as there are none.
    """

    def __init__(self) -> None:
        self.turn: Turn | None = None
        self._watched: dict[int, Watched] = {}
        self._others = selectors.DefaultSelector()
        self._others_fd = self._others.fileno()
        self._poll = Poll()
        self._poll.register(self._others_fd, READ)

    def watch(self, fd: int, watched: Watched, events: int) -> None:
        """Serve it whenever `fd` is ready for `events`: READ, WRITE, both, or none."""
        if not events:
            if self._watched.pop(fd, None):
                self._poll.unregister(fd)
        elif fd in self._watched:
            self._poll.modify(fd, events)
        else:
            self._poll.register(fd, events)
            self._watched[fd] = watched

    def select(self, timeout: float | None = None) -> Ready:
        """Serve those who are ready; what else is ready is returned."""
        turn = self.turn
        if turn is None:
            return self._others.select(timeout)
        others: Ready = []
        begun = False
        for fd, events in self._poll.poll(0 if turn.wanted else timeout, READY_MAX):
            watched = self._watched.get(fd)
            if watched is None:
                if fd == self._others_fd:
                    others = self._others.select(0)
                continue
            if not begun:
                begun = True
                turn.begin()
            if events & WRITE:
                watched.writable()
            if events & ~WRITE:
                watched.readable()
        if not begun and turn.wanted:
            begun = True
            turn.begin()
        if begun:
            turn.run()
        return others

    def poll(self) -> None:
        """Serve who is ready, without waiting."""
        if self.turn is not None:
            self.select(0)

    def fileno(self) -> int:
        """Ready when anything is."""
        return self._poll.fileno()

    # What a loop asks for.

    def register(
        self, fileobj: FileDescriptorLike, events: int, data: Any = None
    ) -> selectors.SelectorKey:
        return self._others.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._others.unregister(fileobj)

    def modify(
        self, fileobj: FileDescriptorLike, events: int, data: Any = None
    ) -> selectors.SelectorKey:
        return self._others.modify(fileobj, events, data)

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._others.get_map()

    def close(self) -> None:
        self._poll.close()
        self._others.close()
