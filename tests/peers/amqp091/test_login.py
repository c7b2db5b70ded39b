"""Who may log in, and how."""

import pytest

from leveret.broker.errors import AccessRefused, CommandInvalid
from leveret.peers.amqp091.login import MECHANISMS, amqplain_credentials, log_in
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.tables import encode_table

GUEST = {"LOGIN": "guest", "PASSWORD": "guest"}


def amqplain(**fields):
    """A table without its size."""
    return encode_table(fields)[4:]


RESPONSES = {"PLAIN": b"\0guest\0guest", "AMQPLAIN": amqplain(**GUEST), "ANONYMOUS": b"me"}


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_each_mechanism_logs_guest_in_from_here_only(server, mechanism):
    response = RESPONSES[mechanism]
    user = log_in(server.broker, mechanism, response, is_loopback=True)
    assert user is server.broker.users.find("guest")
    with pytest.raises(AccessRefused) as refusal:
        log_in(server.broker, mechanism, response, is_loopback=False)
    assert f"using authentication mechanism {mechanism}." in refusal.value.text


def test_a_wrong_password_is_refused(server):
    with pytest.raises(AccessRefused):
        log_in(server.broker, "AMQPLAIN", amqplain(**GUEST | {"PASSWORD": "x"}), is_loopback=True)


def test_what_is_not_offered_is_invalid(server):
    with pytest.raises(CommandInvalid):
        log_in(server.broker, "EXTERNAL", b"", is_loopback=True)


def test_amqplain_may_hold_more_in_any_order():
    response = amqplain(PASSWORD=b"secret", other=1, LOGIN="me")
    assert amqplain_credentials(response) == (b"me", b"secret")


@pytest.mark.parametrize(
    "response", [b"", b"\x05LOGIN", amqplain(LOGIN="x"), amqplain(**GUEST | {"LOGIN": 1})]
)
def test_what_is_not_amqplain_is_a_syntax_error(response):
    with pytest.raises(ProtocolError) as error:
        amqplain_credentials(response)
    assert error.value.kind == "syntax_error"
