"""A consumer that keeps a message for too long: its channel is closed, and others get what it had.

Nobody notes when a message was delivered. Now and then the channel's last delivery tag is noted,
so a message that is not settled yet was delivered before the first note that is above it:

    tick     0     10     20     30
    tag      4      9      9     12       tag 7 was delivered between 0 and 10
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from leveret.broker.queue_settings import QUORUM

if TYPE_CHECKING:
    from leveret.broker.queue import Queue
    from leveret.engine.amqp091.consumer import ChannelConsumer
    from leveret.engine.amqp091.unacked import Unacked

CONSUMER_TIMEOUT_MS: Final = 1_800_000  # RabbitMQ's
NOTE_MS_MAX: Final = 60_000  # between two notes; as late a message may be found
NOTES_PER_TIMEOUT: Final = 8


def timeout_of(queue: Queue, asked: object) -> int | None:
    """Milliseconds for a consumer that has asked for so many, or for none; None: any time."""
    if queue.settings.type != QUORUM:
        return None
    if isinstance(asked, int):
        return asked
    given = queue.settings.consumer_timeout
    return CONSUMER_TIMEOUT_MS if given is None else given


class Watch:
    """One channel's. `deadline` is the tick of the next note."""

    def __init__(self, unacked: Unacked) -> None:
        self.unacked = unacked
        self.consumers: dict[ChannelConsumer, int] = {}
        self.notes: deque[tuple[int, int]] = deque()
        self.deadline: int | None = None

    def add(self, consumer: ChannelConsumer, milliseconds: int, tick: int) -> None:
        """The consumer may keep a message for so long."""
        self.consumers[consumer] = milliseconds
        soon = tick + self.period()
        self.deadline = soon if self.deadline is None else min(self.deadline, soon)

    def period(self) -> int:
        shortest = min(self.consumers.values())
        return max(1, min(NOTE_MS_MAX, shortest // NOTES_PER_TIMEOUT))

    def look(self, tick: int) -> int | None:
        """Writes a note; returns the time-out of a consumer that has kept a message for longer."""
        late = None
        for consumer, milliseconds in tuple(self.consumers.items()):
            if consumer.closed and consumer.unacked_count == 0:
                del self.consumers[consumer]  # and its holder's number may be another's
            elif self.is_late(consumer, milliseconds, tick):
                late = milliseconds
        if not self.consumers:
            self.notes.clear()
            self.deadline = None
            return None
        self.notes.append((tick, self.unacked.last_tag))
        longest = max(self.consumers.values())
        while len(self.notes) > 1 and self.notes[1][0] <= tick - longest:
            self.notes.popleft()
        self.deadline = tick + self.period()
        return late

    def is_late(self, consumer: ChannelConsumer, milliseconds: int, tick: int) -> bool:
        oldest = self.unacked.oldest_of(consumer.holder)
        if oldest == 0:
            return False
        noted = next((when for when, last in self.notes if last >= oldest), tick)
        return tick - noted >= milliseconds


def text(channel: int, milliseconds: int) -> str:
    return (
        f"delivery acknowledgement on channel {channel} timed out. Timeout value used: "
        f"{milliseconds} ms. This timeout value can be configured, see consumers doc guide to "
        "learn more"
    )
