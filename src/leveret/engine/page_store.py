"""Where pages of a long queue are while they are not in memory, as the engine sees it."""

from __future__ import annotations

from typing import Any, Protocol

from leveret.engine.buffer import Buffer


class PageStore(Protocol):
    """Places for 64 pages each. What is asked is done at once: it is 4 KB, and seldom."""

    def take(self) -> Any:
        """A place that is nobody else's; None: there is no room now, ask again later."""

    def give_back(self, place: Any) -> None:
        """The place is another's, and what is in it of no interest."""

    def write(self, place: Any, number: int, buffer: Buffer) -> bool:
        """Keeps the whole buffer as the place's page of that number; False: there is no room."""

    def read(self, place: Any, number: int, buffer: Buffer) -> None:
        """Fills the buffer with what was written there. Raises PagesLost."""

    def expect(self, place: Any, number: int, count: int) -> None:
        """So many pages from that number on will be read soon: nothing is to be waited for."""

    def close(self) -> None:
        """Nothing is asked any more."""
