"""How much one client may ask for before the others have their turn.

What is published and acknowledged costs next to nothing and is read by the thousand. A method, or
a message whose way has to be found out, costs a hundred times that, so a client that sends as many
of these would have everybody wait. It has a share, and then rests: it is not read, and what of it
was read stays where it is. In each turn one of those who rest has another share, in the order in
which they came. Who asks for less never rests.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Protocol

from leveret.engine.shard import Shard

SHARE: Final = 128  # it takes about a millisecond
METHOD: Final = 2  # what a method takes of a share
MESSAGE: Final = 1  # what a message takes that is looked into, or whose route is not known yet


class Resting(Protocol):
    """A peer that has had its share."""

    def have_share(self) -> bool:
        """Goes on until it rests again; False: it has nothing to do any more."""


class Pace:
    """Of all peers of a shard."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._resting: deque[Resting] = deque()
        self._is_called = False  # in the next turn

    def rest(self, peer: Resting) -> None:
        """The peer has had its share, and has the next when those before it have had theirs."""
        self._resting.append(peer)
        self._want_turn()

    def _want_turn(self) -> None:
        if not self._is_called:
            self._is_called = True
            self._shard.next_turn(self._turn)

    def _turn(self) -> None:
        self._is_called = False
        while self._resting:
            if self._resting.popleft().have_share():
                break
        if self._resting:
            self._want_turn()
