"""The handshake, step by step and in all its errors; the close from either side."""

import pytest

from leveret.peers.settings import Settings
from leveret.wire.amqp091.methods import (
    ConnectionClose,
    ConnectionCloseOk,
    ConnectionOpen,
    ConnectionOpenOk,
    ConnectionSecureOk,
    ConnectionStart,
    ConnectionStartOk,
    ConnectionTune,
    ConnectionTuneOk,
    ConnectionUpdateSecret,
    ConnectionUpdateSecretOk,
    QueueDeclare,
    encode_method,
)
from tests.peers.client_peer import OPEN, START_OK, TUNE_OK, Server, closed

REFUSED = (
    "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. "
    "For details see the broker logfile."
)
CLOSE = ConnectionClose(reply_code=200, reply_text="bye")


AMQPLAIN = b"\x05LOGINS\0\0\0\x05guest\x08PASSWORDS\0\0\0\x05guest"


def start_ok(*, mechanism="PLAIN", response=b"\0guest\0guest", tells_refusals=True):
    properties = {"capabilities": {"authentication_failure_close": tells_refusals}}
    return ConnectionStartOk(
        client_properties=properties, mechanism=mechanism, response=response, locale="en_US"
    )


def tune_ok(*, channel_max=2047, frame_max=131072, heartbeat=60):
    return ConnectionTuneOk(channel_max=channel_max, frame_max=frame_max, heartbeat=heartbeat)


@pytest.fixture
def newcomer(server):
    """A client that has been sent connection.start."""
    client = server.connect()
    client.start()
    return client


@pytest.fixture
def known(newcomer):
    """A client that has been sent connection.tune."""
    newcomer.call(START_OK, channel=0)
    return newcomer


@pytest.fixture
def tuned(known):
    """A client that may open a virtual host."""
    assert known.send(TUNE_OK, channel=0) == []
    return known


def test_start_tells_who_we_are_and_what_we_can_do(server):
    start = server.connect().start()
    python = start.server_properties.pop("platform")
    assert python.startswith("Python 3.")
    assert start.server_properties == {
        "capabilities": {
            "publisher_confirms": True,
            "exchange_exchange_bindings": True,
            "basic.nack": True,
            "consumer_cancel_notify": True,
            "connection.blocked": True,
            "consumer_priorities": True,
            "direct_reply_to": True,
            "authentication_failure_close": True,
            "per_consumer_qos": True,
        },
        "cluster_name": "leveret@test",
        "copyright": "Copyright (c) the Leveret authors",
        "information": "Licensed under the Apache License 2.0",
        "product": "Leveret",
        "version": "1.2.3",
    }
    assert (start.mechanisms, start.locales) == (b"PLAIN AMQPLAIN ANONYMOUS", b"en_US")


def test_login_is_followed_by_tune(newcomer):
    tune = ConnectionTune(channel_max=2047, frame_max=131072, heartbeat=60)
    assert newcomer.call(START_OK, channel=0) == tune


@pytest.mark.parametrize("capabilities", [None, "none", [], {"consumer_cancel_notify": 1}])
def test_client_properties_may_hold_anything(newcomer, capabilities):
    login = ConnectionStartOk(
        client_properties={"capabilities": capabilities, "product": {"x": [None]}},
        mechanism="PLAIN",
        response=b"\0guest\0guest",
        locale="",
    )
    assert isinstance(newcomer.call(login, channel=0), ConnectionTune)


@pytest.mark.parametrize("response", [b"\0guest\0wrong", b"\0nobody\0guest", b"\0\0"])
def test_a_refused_login_is_told_to_whom_can_hear_it(newcomer, response):
    assert newcomer.ended(start_ok(response=response), channel=0) == (403, REFUSED, 0, 0)
    assert not newcomer.peer.finished
    newcomer.send(ConnectionCloseOk(), channel=0)
    assert newcomer.peer.finished


@pytest.mark.parametrize(
    "login", [{"response": b"\0guest\0wrong"}, {"response": b"guest"}, {"mechanism": "PLAIM"}]
)
def test_any_other_refused_client_waits_a_second_for_the_end(newcomer, login):
    refused = start_ok(**login, tells_refusals=False)
    assert newcomer.send(refused, start_ok(), channel=0) == []
    newcomer.wait(999)
    assert not newcomer.peer.finished
    assert newcomer.wait(1) == []
    assert newcomer.peer.finished


def test_guest_is_refused_from_elsewhere(server):
    client = server.connect(is_loopback=False)
    client.start()
    assert client.ended(START_OK, channel=0) == (403, REFUSED, 0, 0)


def test_an_unknown_mechanism_is_command_invalid(newcomer):
    text = "COMMAND_INVALID - unknown authentication mechanism 'PLAIM'"
    assert newcomer.ended(start_ok(mechanism="PLAIM"), channel=0) == (503, text, 0, 0)


def test_a_malformed_response_is_a_syntax_error(newcomer):
    text = "SYNTAX_ERROR - invalid response"
    assert newcomer.ended(start_ok(response=b"guest"), channel=0) == (502, text, 0, 0)


@pytest.mark.parametrize(
    "agreed",
    [tune_ok(), tune_ok(channel_max=1), tune_ok(frame_max=4096), tune_ok(heartbeat=65535)],
)
def test_what_is_negotiated_may_be_anything_up_to_the_offer(known, agreed):
    assert known.send(agreed, channel=0) == []
    assert known.call(OPEN, channel=0) == ConnectionOpenOk()


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"channel_max": 65535}, "channel_max = 65535 is higher than the maximum allowed (2047)"),
        ({"channel_max": 2048}, "channel_max = 2048 is higher than the maximum allowed (2047)"),
        (
            {"channel_max": 0},
            "channel_max = 0 (no limit) is higher than the maximum allowed (2047)",
        ),
        ({"frame_max": 0}, "frame_max = 0 is higher than the maximum allowed (131072)"),
        ({"frame_max": 131073}, "frame_max = 131073 is higher than the maximum allowed (131072)"),
        ({"frame_max": 4095}, "frame_max = 4095 is lower than the minimum allowed (4096)"),
        ({"frame_max": 1}, "frame_max = 1 is lower than the minimum allowed (4096)"),
    ],
)
def test_what_is_not_within_the_offer_is_not_allowed(known, asked, text):
    text = "NOT_ALLOWED - negotiated " + text.replace("allowed (", "allowed value (")
    assert known.ended(tune_ok(**asked), channel=0) == (530, text, 10, 31)


def test_a_virtual_host_that_is_not_there_is_not_allowed(tuned):
    refused = tuned.ended(ConnectionOpen(virtual_host="nowhere"), channel=0)
    assert refused == (530, "NOT_ALLOWED - vhost nowhere not found", 10, 40)


UNEXPECTED = "CHANNEL_ERROR - unexpected method in connection state "


@pytest.mark.parametrize(
    ("at", "method", "state"),
    [
        ("newcomer", TUNE_OK, "starting"),
        ("newcomer", OPEN, "starting"),
        ("newcomer", ConnectionCloseOk(), "starting"),
        ("known", START_OK, "tuning"),
        ("known", OPEN, "tuning"),
        ("known", ConnectionSecureOk(response=b""), "tuning"),
        ("tuned", TUNE_OK, "opening"),
        ("client", OPEN, "running"),
        ("client", ConnectionCloseOk(), "running"),
        ("client", QueueDeclare(queue="q"), "running"),
    ],
)
def test_a_method_out_of_its_order_is_a_channel_error(request, at, method, state):
    client = request.getfixturevalue(at)
    ids = method.METHOD_ID >> 16, method.METHOD_ID & 0xFFFF
    assert client.ended(method, channel=0) == (504, UNEXPECTED + state, *ids)


@pytest.mark.parametrize("at", ["newcomer", "known", "tuned"])
def test_before_the_virtual_host_is_open_there_are_no_channels(request, at):
    client = request.getfixturevalue(at)
    code, text, *ids = client.ended(QueueDeclare(queue="q"), channel=1)
    assert (code, ids) == (505, [50, 10])
    assert text.startswith("UNEXPECTED_FRAME - method on channel 1 in connection state ")


@pytest.mark.parametrize("at", ["newcomer", "known", "tuned"])
def test_who_makes_a_mistake_in_the_handshake_has_a_second_to_answer(request, at):
    client = request.getfixturevalue(at)
    client.ended(ConnectionSecureOk(response=b""), channel=0)
    client.wait(999)
    assert not client.peer.finished
    client.wait(1)
    assert client.peer.finished


@pytest.mark.parametrize("at", ["newcomer", "known", "tuned"])
def test_the_handshake_must_be_over_after_ten_seconds(request, at):
    client = request.getfixturevalue(at)
    client.wait(9_999)
    assert not client.peer.finished
    assert [message.method for message in client.wait(1) if message.method] == []
    assert client.peer.finished


@pytest.mark.parametrize("at", ["newcomer", "known", "tuned", "client"])
def test_the_client_may_close_at_any_time(request, at):
    client = request.getfixturevalue(at)
    assert client.call(CLOSE, channel=0) == ConnectionCloseOk()
    assert client.peer.finished


def test_while_both_sides_close_both_are_answered(client):
    client.peer.shut_down("maintenance")
    (ours, answer) = client.send(CLOSE, channel=0)
    assert isinstance(ours.method, ConnectionClose)
    assert (answer.method, client.peer.finished) == (ConnectionCloseOk(), False)
    assert client.send(ConnectionCloseOk(), channel=0) == []
    assert client.peer.finished


def test_a_new_secret_changes_nothing_for_a_user_whose_login_lasts(client):
    method = ConnectionUpdateSecret(new_secret=b"s", reason="r")
    assert client.call(method, channel=0) == ConnectionUpdateSecretOk()


@pytest.mark.parametrize(
    "login",
    [
        {"mechanism": "ANONYMOUS", "response": b""},
        {"mechanism": "AMQPLAIN", "response": AMQPLAIN},
    ],
)
def test_the_other_mechanisms_lead_to_the_tune_too(newcomer, login):
    assert isinstance(newcomer.call(start_ok(**login), channel=0), ConnectionTune)


def test_a_malformed_amqplain_response_is_a_syntax_error(newcomer):
    text = "SYNTAX_ERROR - AMQPLAIN auth info is missing LOGIN or PASSWORD field"
    login = start_ok(mechanism="AMQPLAIN", response=b"")
    assert newcomer.ended(login, channel=0) == (502, text, 0, 0)


def test_a_connection_too_many_is_told_when_it_opens(server):
    client = server.connect(refusal="connection refused: node connection limit (5) is reached")
    assert isinstance(client.start(), ConnectionStart)
    assert isinstance(client.call(START_OK, channel=0), ConnectionTune)
    client.send(TUNE_OK, channel=0)
    text = "NOT_ALLOWED - connection refused: node connection limit (5) is reached"
    assert client.ended(OPEN, channel=0) == (530, text, 10, 40)


def test_what_is_offered_is_the_operators_to_say():
    settings = Settings(channels_per_connection_max=5, frame_bytes_max=20_000, heartbeat_s=7)
    client = Server(settings=settings).connect()
    client.start()
    tune = client.call(START_OK, channel=0)
    assert tune == ConnectionTune(channel_max=5, frame_max=20_000, heartbeat=7)
    code, text, *_ = client.ended(tune_ok(channel_max=6, frame_max=20_000), channel=0)
    assert code == 530
    assert "higher than the maximum allowed value (5)" in text


def test_the_time_for_the_handshake_is_the_operators_to_say():
    client = Server(settings=Settings(handshake_ms=300)).connect()
    client.start()
    client.wait(299)
    assert not client.peer.finished
    client.wait(1)
    assert client.peer.finished


def test_before_the_tune_frames_are_small(newcomer):
    """Until then nobody knows who it is that sends."""
    fits = start_ok(response=bytes(8192 - 200))
    assert len(encode_method(0, fits)) < 8192
    newcomer.put(encode_method(0, start_ok(response=bytes(8192))))
    (end,) = newcomer.take()
    assert closed(end)[0] == 501
