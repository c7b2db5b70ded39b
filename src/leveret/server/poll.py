"""Which descriptors are ready: `select.epoll`, and what stands in for it where there is none.

Unlike the selectors of the standard library it answers in plain numbers, without an object for
each descriptor, and with as many as are asked for, not with all that might be ready at once.
"""

from __future__ import annotations

import select
import selectors
import sys

READ = 1
WRITE = 4  # as the kernel has it; what else it reports, an error or a hang-up, goes for both
LOST = 8  # to hear of nothing else: of that it always reports
ENDED = 0x2000 | LOST  # and of the other side closing its end, also behind what is unread


class SelectorPoll:
    """For macOS: the methods of `select.epoll` that are needed, on a selector.

    It cannot wait for LOST and ENDED alone: these are then noticed with the next read or write.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def register(self, fd: int, events: int) -> None:
        self.modify(fd, events)

    def modify(self, fd: int, events: int) -> None:
        self.unregister(fd)
        if wanted := _selectors_events(events):
            self._selector.register(fd, wanted)

    def unregister(self, fd: int) -> None:
        if fd in self._selector.get_map():
            self._selector.unregister(fd)

    def poll(self, timeout: float | None, count_max: int) -> list[tuple[int, int]]:
        ready = self._selector.select(timeout)[:count_max]
        return [(key.fd, _own_events(events)) for key, events in ready]

    def fileno(self) -> int:
        return self._selector.fileno()

    def close(self) -> None:
        self._selector.close()


def _selectors_events(events: int) -> int:
    read = selectors.EVENT_READ if events & READ else 0
    return read | (selectors.EVENT_WRITE if events & WRITE else 0)


def _own_events(events: int) -> int:
    read = READ if events & selectors.EVENT_READ else 0
    return read | (WRITE if events & selectors.EVENT_WRITE else 0)


if sys.platform == "linux":
    Poll = select.epoll
else:
    Poll = SelectorPoll
