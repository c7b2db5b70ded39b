"""Whose turn it is among a queue's consumers that can take something.

    priority 5:  a <-> b <-> c      one round for each priority, in the order they came
                       ^ turn
    priority 0:  d <-> e

Turns are taken in the round of the highest priority that anybody stands in, so who stands in a
lower one is served while all above are away. To come, to go and to take a turn cost the same
however many there are; a first consumer of a priority costs the logarithm of their number.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.consumer import Consumer
from leveret.engine.errors import InvariantError

if cython.compiled:
    from cython.cimports.leveret.engine.consumer import Consumer

# Rounds that ended and wait in the heap to be noticed, before it is made anew without them.
ENDED_ROUNDS_MAX = cython.declare(cython.Py_ssize_t, 16)


class Round:
    """The consumers of one priority, as links of a chain. `listed`: the heap knows of it."""

    def __init__(self, priority: int) -> None:
        self.priority = priority
        self.member_count = 0  # also those that stand aside
        self.listed = False
        self.head = cython.cast(Consumer, None)
        self.tail = cython.cast(Consumer, None)
        self.turn = cython.cast(Consumer, None)  # None: all have had it

    def add(self, consumer: Consumer) -> cython.int:
        """Behind all others."""
        if self.turn is None:
            self.turn = consumer
        consumer.previous = self.tail
        if self.tail is None:
            self.head = consumer
        else:
            self.tail.next = consumer
        self.tail = consumer
        return 0

    def remove(self, consumer: Consumer) -> cython.int:
        """If it had the turn, the next one has it."""
        if self.turn is consumer:
            self.turn = consumer.next
        if consumer.previous is None:
            self.head = consumer.next
        else:
            consumer.previous.next = consumer.next
        if consumer.next is None:
            self.tail = consumer.previous
        else:
            consumer.next.previous = consumer.previous
        consumer.next = cython.cast(Consumer, None)
        consumer.previous = cython.cast(Consumer, None)
        return 0


class Rounds:
    """One queue's. Most have one round, which is `top`, and neither dict nor heap."""

    def __init__(self) -> None:
        self.top = Round(0)
        self.by_priority = cython.cast(dict, None)
        self.heap = cython.cast(list, None)  # negative priorities, all below the top's

    def join(self, consumer: Consumer) -> cython.int:
        """A new consumer, which stands in its round from now on."""
        round_: Round
        if self.top.member_count == 0 and self.by_priority is None:
            self.top.priority = consumer.priority
        elif self.by_priority is None and self.top.priority != consumer.priority:
            self.by_priority = {self.top.priority: self.top}
            self.heap = []
        round_ = self.round_of(consumer)
        round_.member_count += 1
        return self.enter(consumer)

    def leave(self, consumer: Consumer) -> cython.int:
        """The consumer, which stands in no round any more, does not come back."""
        round_: Round = self.round_of(consumer)
        round_.member_count -= 1
        if round_.member_count < 0:
            raise InvariantError("a consumer left that had not come")
        if round_.member_count == 0 and self.by_priority is not None and round_ is not self.top:
            del self.by_priority[round_.priority]
            if len(self.heap) > 2 * len(self.by_priority) + ENDED_ROUNDS_MAX:
                self.clear_heap()
        return 0

    def enter(self, consumer: Consumer) -> cython.int:
        """Puts it behind the others of its priority."""
        round_: Round = self.round_of(consumer)
        round_.add(consumer)
        if round_ is not self.top:
            if round_.priority > self.top.priority:
                self.put_in_heap(self.top)
                self.replace_top(round_)
            else:
                self.put_in_heap(round_)
        return 0

    def step_out(self, consumer: Consumer) -> cython.int:
        """Takes it out of its round."""
        return self.round_of(consumer).remove(consumer)

    def whose_turn(self) -> Consumer:
        """The consumer whose turn it is, or None: nobody can take anything."""
        top: Round = self.top
        if top.head is None:
            if self.heap is None or not self.find_top():
                return cython.cast(Consumer, None)
            top = self.top
        if top.turn is None:
            top.turn = top.head
        return top.turn

    def pass_turn(self) -> cython.int:
        """Whose turn it was has had it."""
        self.top.turn = self.top.turn.next
        return 0

    def clear(self) -> None:
        """Nobody is there any more. The links are cut, for a chain is released link by link."""
        consumer: Consumer
        round_: Round
        rounds: list = [self.top]
        if self.by_priority is not None:
            rounds = list(self.by_priority.values())
        for round_ in rounds:
            while round_.head is not None:
                consumer = round_.head
                round_.remove(consumer)
        self.top = Round(0)
        self.by_priority = cython.cast(dict, None)
        self.heap = cython.cast(list, None)

    def round_of(self, consumer: Consumer) -> Round:
        round_: Round = self.top
        if round_.priority == consumer.priority:
            return round_
        round_ = cython.cast(Round, self.by_priority.get(consumer.priority))
        if round_ is None:
            round_ = Round(consumer.priority)
            self.by_priority[consumer.priority] = round_
        return round_

    def put_in_heap(self, round_: Round) -> cython.int:
        if not round_.listed and round_.head is not None:
            round_.listed = True
            heappush(self.heap, -round_.priority)
        return 0

    def find_top(self) -> cython.bint:
        """The highest round that somebody stands in becomes the top; False: there is none."""
        round_: Round
        while self.heap:
            round_ = cython.cast(Round, self.by_priority.get(-heappop(self.heap)))
            if round_ is not None and round_.listed:
                round_.listed = False
                if round_.head is not None:
                    self.replace_top(round_)
                    return True
        return False

    def replace_top(self, round_: Round) -> cython.int:
        """The old one ends if nobody is left who could come back to it."""
        if self.top.member_count == 0:
            del self.by_priority[self.top.priority]
        self.top = round_
        return 0

    def clear_heap(self) -> cython.int:
        """Leaves out the rounds that have ended."""
        round_: Round
        self.heap.clear()
        for round_ in self.by_priority.values():
            if round_.listed:
                self.heap.append(-round_.priority)
        heapify(self.heap)
        return 0
