"""Lets the log forget its beginning: what nothing refers to any more.

    log    | settled | settled | live .. settled .. | definitions, all | live ... | now
           `-- forgotten ------'
                               ^ the oldest batch with a live message, or the beginning of the
                                 newest complete set of definitions, whichever comes first

What became of a message is always behind it, so with the messages before some batch all that is
said of them may go. But not before it is durable: or a crash would take the message, and not the
rest of the transaction in which it was settled. Definitions are written once more when the log has
grown by so much; and where messages are copied forward (copying.py), which of all messages are
gone. That is said before the first is copied: a copy may name queues that have let go of it, and
what told so may be forgotten.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from leveret.engine.chores import Chore
from leveret.engine.gaps import say_what_is_gone
from leveret.engine.journal import Batch
from leveret.engine.shard import Shard
from leveret.log.batch import COLD
from leveret.server.copying import Copying

if TYPE_CHECKING:
    from leveret.log.disk_log import DiskLog

CHECKPOINT_BYTES: Final = 128 * 1024 * 1024
"""Of log between two sets of definitions, which are some hundred bytes for each: two segments."""
CHECKPOINT_SHARE: Final = 8
"""And so many times what the last set took, so that very many definitions cost no more."""
TRIM_BYTES: Final = 8 * 1024 * 1024
"""Of log between two looks at what may go: an eighth of a segment."""


class Trimming:
    """Of one log. `define_all` begins to write all definitions into the journal of `shard`."""

    def __init__(self, shard: Shard, log: DiskLog, define_all: Callable[[], Chore]) -> None:
        self._shard = shard
        self._journal = shard.journal
        self._log = log
        self._define_all = define_all
        self._bytes = 0  # since definitions were last written
        self._bytes_max = CHECKPOINT_BYTES
        self._trim_bytes = 0  # since the last look
        self._is_defining = False
        self._first = 0  # batch of the new set of definitions, as the journal counts
        self._first_in_log = 0  # the same as the log counts
        self._last = 0  # 0: not all is written
        self._definitions_from = log.first_number
        self._trimmed = log.first_number
        self._copies_trimmed = log.first_copied
        self._waiting: deque[tuple[int, int, int]] = deque()  # until a batch is durable
        self._copying = Copying(shard, log, self.trim)
        self._has_to_say = shard.forward.is_used  # with definitions, what is gone
        self._is_saying = False
        self._may_copy = shard.forward.is_used

    def appended(self, number: int, batch: Batch) -> None:
        """The log has been given a batch, which has this number there."""
        length = batch.end - batch.start
        self._bytes += length
        self._trim_bytes += length
        if self._is_defining:
            if self._first_in_log == 0 and batch.number >= self._first:
                self._first_in_log = number
        elif self._bytes >= self._bytes_max:
            self._begin()

    def durable(self, number: int) -> None:
        """All batches up to this one are, as the journal counts."""
        if self._is_defining and 0 < self._last <= number:
            self._is_defining = False
            self._definitions_from = self._first_in_log
            self._may_copy = self._may_copy or self._is_saying
        self._trim_up_to(number)
        if self._trim_bytes >= TRIM_BYTES:
            self._trim_bytes = 0
            self.trim()
            self._consider()

    def pump(self) -> bool:
        """See Copying.pump()."""
        return self._copying.pump()

    def copied(self) -> None:
        """See Copying.copied()."""
        self._copying.copied()

    def _consider(self) -> None:
        """Copy, if it is worth it; the first time not before it has been said what is gone."""
        if self._may_copy:
            self._copying.consider()
        elif self._copying.is_worth_it():
            self._has_to_say = True
            self._bytes_max = 0

    def _begin(self) -> None:
        self._journal.seal()
        self._is_defining = True
        self._first, self._first_in_log, self._last = self._journal.number, 0, 0
        self._bytes = 0
        chore = self._define_all()
        self._shard.chores.begin(chore)
        chore.when_done(self._defined)

    def _defined(self) -> None:
        """With copies, what was said of them before must be said again, too."""
        self._is_saying = self._has_to_say
        if not self._is_saying:
            self._all_written()
            return
        chore = say_what_is_gone(self._shard.queues, self._journal)
        self._shard.chores.begin(chore)
        chore.when_done(self._all_written)

    def _all_written(self) -> None:
        self._last = self._journal.newest()
        self._bytes_max = max(CHECKPOINT_BYTES, CHECKPOINT_SHARE * self._bytes)

    def trim(self) -> None:
        """Have both streams begin where they are needed, as soon as what has gone is durable."""
        journal, forward = self._journal, self._shard.forward
        upto = self._definitions_from
        if needed := journal.order.first_needed():
            upto = min(upto, needed)
        copies_upto = self._copies_trimmed
        if not forward.has_some:
            copies_upto = forward.order.first_needed() or self._log.next_copied
        newest = journal.number if journal.pending else journal.number - 1
        self._waiting.append((newest, upto, copies_upto))
        self._trim_up_to(journal.durable)

    def _trim_up_to(self, durable: int) -> None:
        """What was found when this batch was the newest, or before, may be done."""
        while self._waiting and self._waiting[0][0] <= durable:
            _, upto, copies_upto = self._waiting.popleft()
            if upto > self._trimmed:
                self._trimmed = upto
                self._forget(upto)
            if copies_upto > self._copies_trimmed:
                self._copies_trimmed = copies_upto
                self._forget(copies_upto)

    def _forget(self, upto: int) -> None:
        """What is before this batch, of its stream."""
        self._log.trim(upto)
        for segment in self._log.segments():
            if (segment.key >= COLD) == (upto >= COLD) and segment.last_number < upto:
                self._log.set_live_bytes(segment.key, 0)
