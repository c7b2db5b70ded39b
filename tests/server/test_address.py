import pytest

from leveret.server.address import Address, parse_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:5672", "127.0.0.1", 5672),
        ("localhost:0", "localhost", 0),
        ("0.0.0.0:65535", "0.0.0.0", 65535),
        ("[::1]:5672", "::1", 5672),
        ("[fe80::1%eth0]:5672", "fe80::1%eth0", 5672),
    ],
)
def test_is_read_and_printed_as_written(text: str, host: str, port: int) -> None:
    assert parse_address(text) == Address(host, port)
    assert str(Address(host, port)) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5672", "is not HOST:PORT"),
        (":5672", "is not HOST:PORT"),
        ("localhost", "is not HOST:PORT"),
        ("", "is not HOST:PORT"),
        ("localhost:", "has no port from 0 to 65535"),
        ("localhost:amqp", "has no port from 0 to 65535"),
        ("localhost:-1", "has no port from 0 to 65535"),
        ("localhost:٣", "has no port from 0 to 65535"),
        ("localhost:65536", "has no port from 0 to 65535"),
        ("::1:5672", "stands in brackets"),
        ("[]:5672", "no IPv6 address in its brackets"),
        ("[localhost]:5672", "no IPv6 address in its brackets"),
    ],
)
def test_what_cannot_be_an_address_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_address(text)


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.1", False),
        ("::ffff:192.168.1.1", False),
        ("fe80::1%eth0", False),
        ("broker.example", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, is_loopback: bool) -> None:
    assert Address(host, 5672).is_loopback is is_loopback


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("10.1.2.3", "0a010203"),
        ("::ffff:10.1.2.3", "0a010203"),
        ("2001:db8:1:2:3:4:5:6", "20010db800010002"),
        ("fe80::1%eth0", "fe80000000000000"),
    ],
)
def test_what_one_machine_may_have_all_of(host: str, network: str) -> None:
    assert Address(host, 5672).network.hex() == network
