"""The states of a connection, and which of its methods leads from which to which.

    header -> starting -> tuning -> opening -> running -> closed
      any of these ---- our connection.close ----> closing -> closed

A method that is not in the table is an error, except in `closing`, where it is not heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from leveret.wire.amqp091.methods import (
    ConnectionClose,
    ConnectionCloseOk,
    ConnectionOpen,
    ConnectionStartOk,
    ConnectionTuneOk,
    ConnectionUpdateSecret,
)


class State(Enum):
    """The values are what RabbitMQ calls them in its error texts."""

    HEADER = "pre_init"  # the protocol header has not come
    STARTING = "starting"  # connection.start is sent
    TUNING = "tuning"  # connection.tune is sent
    OPENING = "opening"  # the client may open a virtual host
    RUNNING = "running"
    CLOSING = "closing"  # connection.close is sent; or nothing, to a client that must wait
    CLOSED = "closed"


TRANSITIONS: Final[Mapping[tuple[State, int], State]] = {
    (State.STARTING, ConnectionStartOk.METHOD_ID): State.TUNING,
    (State.TUNING, ConnectionTuneOk.METHOD_ID): State.OPENING,
    (State.OPENING, ConnectionOpen.METHOD_ID): State.RUNNING,
    (State.RUNNING, ConnectionUpdateSecret.METHOD_ID): State.RUNNING,
    (State.STARTING, ConnectionClose.METHOD_ID): State.CLOSED,
    (State.TUNING, ConnectionClose.METHOD_ID): State.CLOSED,
    (State.OPENING, ConnectionClose.METHOD_ID): State.CLOSED,
    (State.RUNNING, ConnectionClose.METHOD_ID): State.CLOSED,
    (State.CLOSING, ConnectionClose.METHOD_ID): State.CLOSING,
    (State.CLOSING, ConnectionCloseOk.METHOD_ID): State.CLOSED,
}
