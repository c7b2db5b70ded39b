"""The SASL mechanisms that a client of AMQP 0-9-1 may choose from.

AMQPLAIN, which only this protocol has, is a field table without its size:

    LOGIN  S user    PASSWORD  S password
"""

from __future__ import annotations

from typing import Final

from leveret.broker.authentication import ANONYMOUS, PLAIN
from leveret.broker.broker import Broker
from leveret.broker.user import User
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.tables import decode_table, encode_longstr

AMQPLAIN: Final = "AMQPLAIN"
MECHANISMS: Final = (PLAIN, AMQPLAIN, ANONYMOUS)


def log_in(broker: Broker, mechanism: str, response: bytes, *, is_loopback: bool) -> User:
    """The user who logs in. Raises ProtocolError and what Broker.authenticate does."""
    if mechanism != AMQPLAIN:
        return broker.authenticate(mechanism, response, is_loopback=is_loopback)
    name, password = amqplain_credentials(response)
    return broker.check_password(name, password, mechanism=mechanism, is_loopback=is_loopback)


def amqplain_credentials(response: bytes) -> tuple[bytes, bytes]:
    """Raises ProtocolError("syntax_error")."""
    table, _ = decode_table(encode_longstr(response))
    values = [table.get("LOGIN"), table.get("PASSWORD")]
    name, password = (
        value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
        for value in values
    )
    if not isinstance(name, bytes) or not isinstance(password, bytes):
        text = "AMQPLAIN auth info is missing LOGIN or PASSWORD field"
        raise ProtocolError("syntax_error", text)
    return name, password
