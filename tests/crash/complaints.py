"""Holds what a broker has after its start against the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.crash.ledger import Copy, Found, Ledger, Presence, Transaction


def complaints(ledger: Ledger, found: dict[str, list[Found]], *, was_clean: bool) -> Iterator[str]:
    """What is wrong with the queues that the broker has, and what is in them.

    Where the stop was not clean nobody can know what was delivered: all is flagged redelivered.
    """
    for queue, presence in ledger.there.items():
        if queue in found and presence is Presence.NEVER:
            yield f"{queue} was deleted, and is there"
        if queue not in found and presence is Presence.MUST:
            yield f"{queue} is lost"
        yield from queue_complaints(ledger, queue, found.get(queue, []), was_clean=was_clean)
    for transaction in ledger.transactions:
        yield from half_done(transaction, found)


def queue_complaints(
    ledger: Ledger, queue: str, found: list[Found], *, was_clean: bool
) -> Iterator[str]:
    copies = ledger.queues[queue]
    for key, count in Counter(each.key for each in found).items():
        if count > 1:
            yield f"{queue}: {key} is there {count} times"
        if key not in copies:
            yield f"{queue}: {key} was not published there, or was gone at an earlier start"
        elif copies[key].presence is Presence.NEVER:
            yield f"{queue}: {key} must not be there: {copies[key]}"
    seen = {each.key for each in found}
    for key, copy in copies.items():
        if copy.presence is Presence.MUST and key not in seen:
            yield f"{queue}: {key} is lost: {copy}"
    known = [(each, copies[each.key]) for each in found if each.key in copies]
    yield from order_complaints(queue, [copy for _, copy in known])
    for each, copy in known:
        if each.body != copy.body:
            yield f"{queue}: {each.key} has another body: {each.body[:40]!r}"
        if each.redelivered != (copy.was_delivered or not was_clean):
            yield f"{queue}: {each.key} is flagged redelivered={each.redelivered}"


def order_complaints(queue: str, copies: list[Copy]) -> Iterator[str]:
    """Those of one publisher come in the order in which they were published."""
    newest: dict[str, int] = {}
    for copy in copies:
        if copy.number <= newest.get(copy.publisher, 0):
            yield f"{queue}: {copy.key} comes behind number {newest[copy.publisher]}"
        newest[copy.publisher] = copy.number


def half_done(transaction: Transaction, found: dict[str, list[Found]]) -> Iterator[str]:
    """All that was published in it is there and all that was settled is not, or the other way.

    What was published may have been consumed meanwhile.
    """
    seen = {(queue, each.key) for queue, messages in found.items() for each in messages}
    done = [
        *(
            (copy.queue, copy.key) in seen
            for copy in transaction.published
            if copy.is_persistent and not copy.is_leaving and not copy.is_gone
        ),
        *((copy.queue, copy.key) not in seen for copy in transaction.settled if copy.is_persistent),
    ]
    if any(done) and not all(done):
        yield f"{sum(done)} of the {len(done)} parts of a transaction were done"
