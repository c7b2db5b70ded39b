"""Of each kind of line the log gets so many in a second, however many there are to tell.

A kind is what the program says, without the names and numbers in it. When the second is over, one
line says how many there were that nobody was shown. So a flood of failing clients is seen, and
fills no disk.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

SECOND: Final = 1.0
KINDS_MAX: Final = 256  # far more than the program has; beyond, the others are one kind
KIND_CHARS: Final = 200

log = logging.getLogger(__name__)


class Kind:
    """What there was of one kind since `start`."""

    __slots__ = ("level", "name", "shown", "start", "suppressed")

    def __init__(self, name: str, level: int, start: float) -> None:
        self.name = name
        self.level = level
        self.start = start
        self.shown = 0
        self.suppressed = 0


class LogRate(logging.Filter):
    """`clock` gives seconds. `later` has a function called after so many of them, once there is
    a loop that does it; without, what was suppressed is told with the next line of its kind."""

    def __init__(self, lines_max: int, clock: Callable[[], float]) -> None:
        super().__init__()
        self.later: Callable[..., object] = lambda *_: None
        self._lines_max = lines_max
        self._clock = clock
        self._kinds: dict[str, Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = self._clock()
        kind = self._kind_of(record, now)
        if now - kind.start >= SECOND:
            self._tell(kind)
            kind.start, kind.shown = now, 0
        if kind.shown < self._lines_max:
            kind.shown += 1
            return True
        if not kind.suppressed:
            self.later(kind.start + SECOND - now, self._tell, kind)
        kind.suppressed += 1
        return False

    def _kind_of(self, record: logging.LogRecord, now: float) -> Kind:
        name = str(record.msg)[:KIND_CHARS]
        kind = self._kinds.get(name)
        if kind is None:
            if len(self._kinds) >= KINDS_MAX:
                name = "others"
            kind = self._kinds.setdefault(name, Kind(name, record.levelno, now))
        return kind

    def _tell(self, kind: Kind) -> None:
        count, kind.suppressed = kind.suppressed, 0
        if count:
            log.log(kind.level, "%d more lines suppressed of the kind: %s", count, kind.name)
