"""What an exchange type may need that is not its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from leveret.broker.binding import Destination
    from leveret.broker.message import Message


class Surroundings(NamedTuple):
    """`random` gives so many random bytes; `deliver` hands a message to a destination at once.

    `spend` is told at how many bindings, or places among them, a message's way was looked for,
    by types where these may be very many.
    """

    random: Callable[[int], bytes]
    deliver: Callable[[Message, Destination], None]
    spend: Callable[[int], None]
