"""What a channel in confirm mode owes its publisher.

    sequence  1 ...... told | told+1 ...... known | known+1 ........... published
              answered      | to be answered      | from the first that waits on

    marks     batch 17, up to 20 | batch 18, up to 31 |

A message that every queue has is settled, one that a queue refused is refused. One that the log
keeps waits until its batch is durable: for all messages of one batch there is one mark. Answers
go out at the end of a turn and in the order of publishing, so that what comes behind a message
that waits, waits with it: a basic.ack with `multiple` for each unbroken run of settled ones. While
nothing is refused, nothing is kept per message.
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
    REFUSED = 1

ACK = cython.declare(cython.int, 0x003C0050)
NACK = cython.declare(cython.int, 0x003C0078)
STATES_AT_FIRST = cython.declare(cython.Py_ssize_t, 1024)
# One batch fills while another is on its way to the disk; more only where a log has more on it.
MARKS_AT_FIRST = cython.declare(cython.Py_ssize_t, 4)


class Confirms:
    """One channel's confirms."""

    def __init__(self, channel: int) -> None:
        self.channel = channel
        self.published = 0
        self.told = 0
        self.known = 0
        self.refused_count = 0
        self.states = cython.cast(Buffer, None)
        self.mark_count = 0
        self.marks = cython.cast(Buffer, None)

    def settled(self) -> cython.ulonglong:
        """Another message was published, and every queue has it."""
        self.published += 1
        if self.states is not None:
            self.set_state(self.published, SETTLED)
        return self.published

    def refused(self) -> cython.ulonglong:
        """Another message was published, and a queue refused it."""
        if self.states is None:
            self.states = Buffer(STATES_AT_FIRST)
            self.grow()
        self.published += 1
        self.refused_count += 1
        self.set_state(self.published, REFUSED)
        return self.published

    def waits(self, batch: cython.ulonglong) -> cython.ulonglong:
        """Another message was published, which is kept once this batch of the log is durable."""
        self.settled()
        self.add_mark(batch)
        return self.published

    def add_mark(self, batch: cython.ulonglong) -> cython.int:
        """The newest message waits for the batch; batches come in order."""
        last: cython.Py_ssize_t = 2 * (self.mark_count - 1)
        larger: Buffer
        if self.mark_count == 0:
            self.known = self.published - 1
        elif self.marks.slot(last) == batch:
            self.marks.put_slot(last + 1, self.published)
            return 0
        elif self.marks.slot(last) > batch:
            raise InvariantError("the batches of a log are filled in order")
        if self.marks is None:
            self.marks = Buffer(MARKS_AT_FIRST * 16)
        elif 16 * self.mark_count == self.marks.size:
            larger = Buffer(2 * self.marks.size)
            larger.copy(0, self.marks, 0, self.marks.size)
            self.marks = larger
        self.marks.put_slot(last + 2, batch)
        self.marks.put_slot(last + 3, self.published)
        self.mark_count += 1
        return 0

    def durable(self, batch: cython.ulonglong) -> cython.bint:
        """All batches up to this one are durable; True: there is something to tell."""
        done: cython.Py_ssize_t = 0
        while done < self.mark_count and self.marks.slot(2 * done) <= batch:
            self.known = self.marks.slot(2 * done + 1)
            done += 1
        if done > 0:
            self.mark_count -= done
            self.marks.copy(0, self.marks, 16 * done, 16 * self.mark_count)
        return done > 0

    def write(self, output: Output) -> cython.int:
        """Writes all answers that can be given."""
        last: cython.ulonglong = self.published if self.mark_count == 0 else self.known
        if self.refused_count > 0:
            self.write_runs(output, last)
        elif self.told < last:
            self.write_run(output, SETTLED, self.told + 1, last)
        self.told = last
        if self.refused_count == 0:
            self.states = cython.cast(Buffer, None)
        return 0

    def write_runs(self, output: Output, last: cython.ulonglong) -> cython.int:
        """One answer for each run of messages with the same fate."""
        sequence: cython.ulonglong = self.told + 1
        first: cython.ulonglong = sequence
        state: cython.int
        run: cython.int = SETTLED
        while sequence <= last:
            state = self.state(sequence)
            if state != run:
                self.write_run(output, run, first, sequence - 1)
                run = state
                first = sequence
            if state == REFUSED:
                self.refused_count -= 1
            sequence += 1
        return self.write_run(output, run, first, last)

    def write_run(
        self,
        output: Output,
        state: cython.int,
        first: cython.ulonglong,
        last: cython.ulonglong,
    ) -> cython.int:
        """One answer for neighbours that have the same; there may be none."""
        if first <= last:
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
