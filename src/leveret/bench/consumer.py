"""One consuming connection."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from leveret.bench.errors import BenchError
from leveret.bench.frames.deliveries import Deliveries
from leveret.bench.options import Options
from leveret.bench.reader import Reader
from leveret.bench.session import Session
from leveret.wire.amqp091.methods import BasicConsume, BasicConsumeOk, BasicQos, BasicQosOk

SECONDS_TO_COMPLETE = 1


class Consumer:
    """Checks and acknowledges what it is given. `waiting`: acks wait for the socket."""

    def __init__(self, session: Session, deliveries: Deliveries) -> None:
        self.session = session
        self.deliveries = deliveries
        self.waiting = False
        self._reader = Reader(session, deliveries)
        self._acks = deliveries.acks.memory()

    def subscribe(self, queues: Sequence[str], options: Options) -> None:
        """Deliveries may arrive from now on.

        To several queues without waiting: the first one's deliveries would be in the way of the
        second one's reply. A refusal then ends the load.
        """
        if options.prefetch:
            self.session.call(BasicQos(prefetch_count=options.prefetch), BasicQosOk)
        no_ack = options.ack == 0
        if len(queues) == 1:
            self.session.call(BasicConsume(queue=queues[0], no_ack=no_ack), BasicConsumeOk)
            return
        for number, queue in enumerate(queues):
            tag = str(number)
            self.session.tell(
                BasicConsume(queue=queue, consumer_tag=tag, no_ack=no_ack, no_wait=True)
            )

    def receive(self) -> None:
        """One read, if there is room for its acks, and the acks."""
        if self.deliveries.has_room():
            self._reader.receive()
        self.send_acks()

    def send_acks(self) -> None:
        end = self.deliveries.acks_end
        if end == 0:
            return
        try:
            sent = self.session.socket.send(self._acks[:end])
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise BenchError(f"the connection was lost: {error}") from None
        self.deliveries.acks_sent(sent)
        self.waiting = sent < end

    def finish(self) -> None:
        """Sends the acks that are written, for an incomplete one must not be left."""
        self.deliveries.ack_rest()
        with suppress(OSError):  # the broker does not read: closing is all that is left
            self.session.socket.settimeout(SECONDS_TO_COMPLETE)
            self.session.socket.sendall(self._acks[: self.deliveries.acks_end])
