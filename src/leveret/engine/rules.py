"""What a queue does beyond handing out its messages in turn, for the queues that do.

A queue without rules does not pay for them: it looks once whether there are any, where these are
asked. What they do is in queue_rules.py, which knows the queue; here is what the queue knows.
"""

from __future__ import annotations

from collections.abc import Iterator

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.consumer import Consumer
from leveret.engine.errors import InvariantError

if cython.compiled:
    from cython.cimports.leveret.engine.consumer import Consumer


class Rules:
    """Those of one queue. `accepted` is what accepts() has said last."""

    def __init__(self) -> None:
        self.accepted = True

    def accepts(self, body_length: cython.Py_ssize_t) -> cython.bint:
        """False: there is no room for such a message, and it is to be refused."""
        raise InvariantError("rules are made by the shard")

    def deliver(self) -> cython.bint:
        """As Queue.deliver(), and then what the rules ask for; True: there is more to do."""
        raise InvariantError("rules are made by the shard")

    def deliver_next(self, consumer: Consumer) -> cython.bint:
        """The first message that may go out goes to a consumer; False: none is here."""
        raise InvariantError("rules are made by the shard")

    def is_next_here(self) -> cython.bint:
        """The queue's first message may go out, and is in memory."""
        raise InvariantError("rules are made by the shard")

    def give_back(self, position: cython.ulonglong, outcome: cython.int) -> cython.int:
        """As Queue.give_back()."""
        raise InvariantError("rules are made by the shard")

    def gone(self, position: cython.ulonglong) -> cython.int:
        """Nothing stands at the position any more."""
        raise InvariantError("rules are made by the shard")

    def admits(self, consumer: Consumer) -> cython.bint:
        """False: the new consumer has to wait until others have gone."""
        raise InvariantError("rules are made by the shard")

    def successor(self, consumer: Consumer) -> Consumer:
        """A consumer has gone: the one that is served instead from now on, or None."""
        raise InvariantError("rules are made by the shard")

    def log_counts(self) -> Iterator[None]:
        """Tells the log once more what it may have forgotten of messages that it keeps."""
        raise InvariantError("rules are made by the shard")

    def closed(self) -> cython.int:
        """The queue goes."""
        raise InvariantError("rules are made by the shard")
