"""What a channel in confirm mode owes its publisher.

    sequence  1 ...... told | told+1 ........................ published
              answered      | settled, waiting or refused

A message that every queue has is settled, one that a queue refused is refused; one whose answer
has to wait (for the log) is waiting. Answers go out at the end of a turn: one basic.ack with
`multiple` for the unbroken settled prefix, then one each for what was settled beyond the first
that still waits. While nothing waits and nothing is refused, nothing is kept per message.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.errors import InvariantError
from leveret.engine.output import Output

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.output import Output
else:
    SETTLED = 0
    WAITING = 1
    REFUSED = 2
    ANSWERED = 3

ACK = cython.declare(cython.int, 0x003C0050)
NACK = cython.declare(cython.int, 0x003C0078)
STATES_AT_FIRST = cython.declare(cython.Py_ssize_t, 1024)


class Confirms:
    """One channel's confirms."""

    def __init__(self, channel: int) -> None:
        self.channel = channel
        self.published = 0
        self.told = 0
        self.exceptions = 0
        self.states = cython.cast(Buffer, None)

    def settled(self) -> cython.ulonglong:
        """Another message was published, and every queue has it."""
        self.published += 1
        if self.states is not None:
            self.set_state(self.published, SETTLED)
        return self.published

    def exceptional(self, state: cython.int) -> cython.ulonglong:
        """Another message was published that is WAITING or REFUSED; returns its number."""
        if self.states is None:
            self.states = Buffer(STATES_AT_FIRST)
            self.grow()
        self.published += 1
        self.exceptions += 1
        self.set_state(self.published, state)
        return self.published

    def answer(self, sequence: cython.ulonglong, state: cython.int) -> cython.int:
        """A waiting message is SETTLED or REFUSED now."""
        if sequence <= self.told or self.state(sequence) != WAITING:
            raise InvariantError("an answer for a message that does not wait")
        self.set_state(sequence, state)
        if state == SETTLED:
            self.exceptions -= 1
        return 0

    def write(self, output: Output) -> cython.int:
        """Writes all answers that can be given."""
        sequence: cython.ulonglong
        if self.exceptions == 0:
            if self.told < self.published:
                self.write_frame(output, ACK, self.published, self.published - self.told > 1)
                self.told = self.published
            self.states = cython.cast(Buffer, None)
            return 0
        self.write_prefix(output)
        for sequence in range(self.told + 1, self.published + 1):
            if self.state(sequence) == SETTLED:
                self.write_frame(output, ACK, sequence, False)
                self.set_state(sequence, ANSWERED)
                self.exceptions += 1
            elif self.state(sequence) == REFUSED:
                self.write_frame(output, NACK, sequence, False)
                self.set_state(sequence, ANSWERED)
        return 0

    def write_prefix(self, output: Output) -> cython.int:
        """Answers from the oldest on, up to the first that waits."""
        sequence: cython.ulonglong = self.told + 1
        first: cython.ulonglong = sequence
        state: cython.int
        run: cython.int = ANSWERED
        while sequence <= self.published:
            state = self.state(sequence)
            if state == WAITING:
                break
            if state != run:
                self.write_run(output, run, first, sequence - 1)
                run = state
                first = sequence
            if state != SETTLED:
                self.exceptions -= 1
            sequence += 1
        self.write_run(output, run, first, sequence - 1)
        self.told = sequence - 1
        return 0

    def write_run(
        self,
        output: Output,
        state: cython.int,
        first: cython.ulonglong,
        last: cython.ulonglong,
    ) -> cython.int:
        """One answer for neighbours that have the same."""
        if state != ANSWERED:
            self.write_frame(output, ACK if state == SETTLED else NACK, last, last > first)
        return 0

    def write_frame(
        self,
        output: Output,
        method: cython.int,
        sequence: cython.ulonglong,
        multiple: cython.bint,
    ) -> cython.int:
        buffer: Buffer = output.reserve(21)
        at: cython.Py_ssize_t = output.end
        buffer.put_u8(at, 1)
        buffer.put_u16(at + 1, self.channel)
        buffer.put_u32(at + 3, 13)
        buffer.put_u32(at + 7, method)
        buffer.put_u64(at + 11, sequence)
        buffer.put_u8(at + 19, multiple)
        buffer.put_u8(at + 20, 0xCE)
        output.end = at + 21
        return 0

    def state(self, sequence: cython.ulonglong) -> cython.int:
        return self.states.u8(sequence % self.states.size)

    def set_state(self, sequence: cython.ulonglong, state: cython.int) -> cython.int:
        while sequence - self.told > cython.cast(cython.ulonglong, self.states.size):
            self.grow()
        self.states.put_u8(sequence % self.states.size, state)
        return 0

    def grow(self) -> cython.int:
        """A larger ring; what is owed keeps its state."""
        old: Buffer = self.states
        sequence: cython.ulonglong
        self.states = Buffer(2 * old.size)
        for sequence in range(self.told + 1, min(self.published, self.told + old.size) + 1):
            self.states.put_u8(sequence % self.states.size, old.u8(sequence % old.size))
        return 0
