"""A queue that goes when it has not been used for some time: `x-expires`.

It is used by whoever consumes from it, asks it for a message, or declares it. Publishing to it is
no use. A lease begins anew with the broker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leveret.engine.agenda import Appointment

if TYPE_CHECKING:
    from leveret.broker.queue import Queue


class Lease:
    """The queue stays for so many milliseconds after it was used."""

    def __init__(self, queue: Queue, milliseconds: int) -> None:
        self.queue = queue
        self.milliseconds = milliseconds
        self.agenda = queue.topology.shard.agenda
        self.appointment = Appointment(self.is_over)
        self.renew()

    def renew(self) -> None:
        self.used_at = self.agenda.now
        self.agenda.arrange(self.appointment, self.used_at + self.milliseconds)

    def end(self) -> None:
        """The queue has gone, or goes by another lease."""
        self.agenda.cancel(self.appointment)

    def is_over(self) -> None:
        """Deletes the queue, unless it was used meanwhile; with its last consumer it is again."""
        until = self.used_at + self.milliseconds
        if self.queue.consumer_count > 0:
            return
        if until > self.agenda.now:
            self.agenda.arrange(self.appointment, until)
        else:
            self.queue.topology.remove_queue(self.queue)


def grant(queue: Queue, milliseconds: int | None) -> Lease | None:
    """The lease that the queue goes by from now on; None: it stays for ever."""
    old = queue.lease
    if old is not None and old.milliseconds == milliseconds:
        return old
    if old is not None:
        old.end()
    return None if milliseconds is None else Lease(queue, milliseconds)
