"""Waits for the sockets, and runs a turn when some of them are ready.

An asyncio loop calls a selector's `select()` whenever it has nothing else to do. Connections are
registered here beside the loop's own sockets, with their `Connection` as data; they are served
inside `select()`, and the loop gets to see only what is its own. A callback of the loop per
socket and another for the turn would cost a third of the time that a message takes.

    own loop      asyncio.SelectorEventLoop(selector): what `leveret serve` does
    any other     loop.add_reader(selector.fileno(), selector.poll): the loop sees one descriptor,
                  ready as soon as one of the connections is
"""

from __future__ import annotations

import selectors
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING

from leveret.server.connection import Connection

if TYPE_CHECKING:
    from leveret.server.turn import Turn

Ready = list[tuple[selectors.SelectorKey, int]]


class TurnSelector(selectors.DefaultSelector):
    turn: Turn | None = None
    """Whose connections are registered here."""

    def select(self, timeout: float | None = None) -> Ready:
        """Serve the connections that are ready; what else is ready is returned."""
        turn = self.turn
        if turn is None:
            return super().select(timeout)
        ready = super().select(0 if turn.wanted else timeout)
        others: Ready = []
        begun = False
        for entry in ready:
            connection = entry[0].data
            if connection.__class__ is not Connection:
                others.append(entry)
                continue
            if not begun:
                begun = True
                turn.begin()
            if entry[1] & EVENT_WRITE:
                connection.writable()
            if entry[1] & EVENT_READ:
                connection.readable()
        if begun:
            turn.run()
        elif turn.wanted:
            turn.begin()
            turn.run()
        return others

    def poll(self) -> None:
        """Serve the connections without waiting."""
        if self.turn is not None:
            self.select(0)
