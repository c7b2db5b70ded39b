"""Who may hold a channel's unacknowledged messages: its consumers, and who takes for basic.get.

    0 | consumer "a"
    1 | gone: the number is free
    2 | basic.get of a queue

An unacknowledged message knows the number of its holder (unacked.py). So a holder that is closed
stays until its last message is settled.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.amqp091.consumer import ChannelConsumer
from leveret.engine.amqp091.control import Delivered
from leveret.engine.amqp091.session import Session
from leveret.engine.amqp091.unacked import Unacked
from leveret.engine.queue import Queue

if cython.compiled:
    from cython.cimports.leveret.engine.amqp091.consumer import ChannelConsumer
    from cython.cimports.leveret.engine.amqp091.session import Session
    from cython.cimports.leveret.engine.amqp091.unacked import Unacked
    from cython.cimports.leveret.engine.queue import Queue


class Holders:
    """`by_number` has None where a number is free."""

    def __init__(self, session: Session, unacked: Unacked, channel: int) -> None:
        self.session = session
        self.unacked = unacked
        self.channel = channel
        self.by_number: list[ChannelConsumer | None] = []
        self.free_numbers: list[int] = []
        self.takers: dict[Queue, ChannelConsumer] = {}

    def at(self, number: cython.Py_ssize_t) -> ChannelConsumer:
        """Who holds the messages that know this number."""
        return cython.cast(ChannelConsumer, self.by_number[number])

    @property
    def count(self) -> int:
        return len(self.by_number) - len(self.free_numbers)

    def add(
        self,
        queue: Queue,
        tag: bytes | None,
        no_ack: bool,
        prefetch_count: int,
        priority: int = 0,
    ) -> ChannelConsumer:
        """A new one, of which the queue knows nothing yet."""
        number = self.free_numbers.pop() if self.free_numbers else len(self.by_number)
        holder = ChannelConsumer(
            self.session.output,
            self.unacked,
            queue,
            channel=self.channel,
            holder=number,
            frame_max=self.session.frame_max,
            tag=tag,
            settled=no_ack,
            credit_max=prefetch_count,
            priority=priority,
        )
        holder.tell(self.session.delivered)
        if number == len(self.by_number):
            self.by_number.append(holder)
        else:
            self.by_number[number] = holder
        return holder

    def taker(self, queue: Queue, no_ack: bool) -> ChannelConsumer:
        """Who takes messages from the queue for basic.get; one for all that are unacknowledged."""
        taker: ChannelConsumer | None = None if no_ack else self.takers.get(queue)
        if taker is None:
            taker = self.add(queue, None, no_ack, 0)
            taker.closed = True
            if not no_ack:
                self.takers[queue] = taker
        return taker

    def free(self, holder: ChannelConsumer) -> cython.int:
        """Forgets one that is closed and holds nothing."""
        if holder.closed and holder.unacked_count == 0 and self.by_number[holder.holder] is holder:
            self.by_number[holder.holder] = None
            self.free_numbers.append(holder.holder)
            if holder.tag is None:
                self.takers.pop(holder.queue, None)
        return 0

    def tell(self, delivered: Delivered | None) -> cython.int:
        """From now on they call this with each message that they deliver; None: nothing."""
        holder: ChannelConsumer | None
        for holder in self.by_number:
            if holder is not None:
                holder.tell(delivered)
        return 0

    def queues(self) -> list[Queue]:
        """Where messages go back to: once for each holder."""
        holder: ChannelConsumer | None
        queues: list = []
        for holder in self.by_number:
            if holder is not None:
                queues.append(holder.queue)
        return queues

    def clear(self) -> None:
        """Nobody holds anything any more."""
        self.by_number.clear()
        self.free_numbers.clear()
        self.takers.clear()
