"""Which queues of a shard have rules, and what these ask for outside of their queue's turn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.agenda import Agenda
from leveret.engine.queue import Queue
from leveret.engine.queue_rules import QueueRules

if cython.compiled:
    from cython.cimports.leveret.engine.agenda import Agenda
    from cython.cimports.leveret.engine.queue import Queue
    from cython.cimports.leveret.engine.queue_rules import QueueRules


class Rulebook:
    """`contents` is what the model knows of each protocol's messages; `touch` has a queue have its
    turn. `turned_away`: who refused the message that is coming in, and wants it buried."""

    def __init__(self, agenda: Agenda, contents: dict, touch: Callable[[Queue], object]) -> None:
        self.agenda = agenda
        self.contents = contents
        self.touch = touch
        self.turned_away: list[QueueRules] = []

    def rules_of(self, queue: Queue) -> QueueRules:
        """The queue's rules; those of a queue that had none so far ask for nothing yet."""
        rules: QueueRules
        if queue.rules is None:
            touch = partial(self.look_after, queue)
            queue.rules = QueueRules(queue, self.agenda, self.contents, touch)
        rules = cython.cast(QueueRules, queue.rules)
        return rules

    def look_after(self, queue: Queue) -> None:
        """The queue has something to do in the coming turn."""
        if not queue.closed:
            self.touch(queue)

    def refresh(self, queue: Queue) -> None:
        """Has the queue's rules done as if a turn were over, for who wants to know what is in it.

        Something may be left for the turn itself.
        """
        if queue.rules is not None and queue.rules.deliver():
            self.touch(queue)

    def turn_away(self, queue: Queue) -> cython.int:
        """The queue, which has rules, has refused a message."""
        rules: QueueRules = self.rules_of(queue)
        if rules.burying_refused:
            self.turned_away.append(rules)
        return 0

    def bury_refused(
        self, names: bytes, properties: bytes, body: bytes, priority: cython.int
    ) -> None:
        """The message goes where the dead ones go of those queues that have just refused it."""
        rules: QueueRules
        turned_away: list = self.turned_away
        self.turned_away = []
        for rules in turned_away:
            rules.send_refused(names, properties, body, priority)
