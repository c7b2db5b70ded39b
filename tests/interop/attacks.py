"""What a client may do to a broker, out of malice or by mistake. Each goes when it has done so."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from tests.interop.raw_client import (
    BODY,
    CHANNEL_CLOSE,
    CLOSE,
    CLOSE_OK,
    METHOD,
    PROTOCOL_HEADER,
    QOS,
    QUEUE_DECLARE,
    QUEUE_DECLARE_OK,
    START,
    RawClient,
    consume,
    declare,
    frame,
    header,
    longstr,
    message,
    method,
    open_channel,
    publish,
    shortstr,
    start_ok,
)

ANSWER_SECONDS_MAX = 10
AT_ONCE = 40
TOO_MANY = 500

OPENINGS = [  # what is no AMQP 0-9-1 from its first byte
    b"",
    b"A",
    PROTOCOL_HEADER[:7],
    b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    b"AMQP\x03\x01\x00\x00",
    bytes(65536),
    PROTOCOL_HEADER * 1000,
    PROTOCOL_HEADER + b"\xff" * 1000,
    PROTOCOL_HEADER + method(0, QUEUE_DECLARE),
    PROTOCOL_HEADER + frame(METHOD, 0, b"\0\x0a\0\x0b" + longstr(b"\x01aF" * 1000)),
    PROTOCOL_HEADER + start_ok(response=b"\0" * 8000),
    PROTOCOL_HEADER + start_ok(response=b"x" * 9000),
]


def nested(depth: int) -> bytes:
    """A field table in a field table, and so on."""
    table = b""
    for _ in range(depth):
        table = shortstr("t") + b"F" + longstr(table)
    return table


OPENED = [  # what is said on an open connection and ends it, or its channel
    b"\x01\x00\x01\xff\xff\xff\xff",
    b"\x01\x00\x01\x80\x00\x00\x00",
    b"\x09\x00\x01\x00\x00\x00\x00\xce",
    method(1, QOS, bytes(7))[:-1] + b"\x00",
    method(1, QOS, bytes(6)),
    method(1, (99, 99)),
    method(9, QOS, bytes(7)),
    declare(1, "", arguments=nested(100)),
    declare(1, "", arguments=b"\x01aS\xff\xff\xff\xff"),
    declare(1, "", arguments=b"\x01aA\x80\x00\x00\x00"),
    publish(1, "q") + header(1, 2**64 - 1),
    publish(1, "q") + header(1, 2**63),
    publish(1, "q") + header(1, 2) + frame(BODY, 1, b"three"),
    publish(1, "q") + header(1, 0, properties=b"\xff\xff" + bytes(20)),
    publish(1, "q") + publish(1, "q"),
    header(1, 0),
    frame(BODY, 1, b"x"),
    open_channel(1),
    open_channel(3000),
    method(1, (60, 80), struct.pack(">QB", 2**64 - 1, 1)),
    bytes(range(256)) * 100,
]


# Whoever closes first, and whoever answers.
GOODBYE = method(0, CLOSE, struct.pack(">HBHH", 200, 0, 0, 0)) + method(0, CLOSE_OK)


def wrong_openings(url: str) -> None:
    with crowd(url, len(OPENINGS)) as clients:
        for client, opening in zip(clients, OPENINGS, strict=True):
            send(client, opening)
        wait_closed(clients)


def wrong_words(url: str) -> None:
    with crowd(url, len(OPENED)) as clients:
        for client, words in zip(clients, OPENED, strict=True):
            client.open()
            send(client, words, GOODBYE)
        wait_closed(clients)


def silence(url: str) -> None:
    """At three places of the handshake."""
    with crowd(url, AT_ONCE) as clients:
        for number, client in enumerate(clients):
            send(client, (b"", PROTOCOL_HEADER, PROTOCOL_HEADER + start_ok())[number % 3])
        wait_closed(clients)


def one_byte_after_the_other(url: str) -> None:
    """Slowly, as long as the broker lets it."""
    with RawClient(url) as client:
        client.socket.settimeout(0.05)
        for octet in PROTOCOL_HEADER + start_ok() * 100:
            send(client, bytes([octet]))
            try:
                if not client.socket.recv(65536):
                    return
            except TimeoutError:
                continue
            except ConnectionResetError:
                return
        raise AssertionError("the handshake may last for ever")


def halves(url: str) -> None:
    """Many messages that begin and never end, and frames too."""
    with crowd(url, AT_ONCE) as clients:
        for client in clients:
            client.open(channels=3)
            send(client, publish(1, "q") + header(1, 10_000_000) + frame(BODY, 1, bytes(100_000)))
            send(client, publish(2, "q") + header(2, 10_000_000))
            send(client, b"\x03\x00\x02\x00\x01\x00\x00" + bytes(30_000))


def resets(url: str) -> None:
    """In the middle of what is received, and of what is sent."""
    with crowd(url, AT_ONCE) as clients:
        for client in clients:
            client.open()
            send(client, declare(1, ""), message(1, "", bytes(50_000)))
            send(client, message(1, "none", b"x") * 100, publish(1, "q"), header(1, 1_000_000))
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def consumers_that_vanish(url: str) -> None:
    """With what they hold, and with more that they did not read."""
    for _ in range(5):
        with RawClient(url) as client:
            client.open()
            send(client, declare(1, ""))
            arguments = client.expect(QUEUE_DECLARE_OK, channel=1).arguments
            name = arguments[1 : 1 + arguments[0]].decode()
            send(client, consume(1, "", "t", bits=0))
            send(client, message(1, name, bytes(1_000)) * 1_000)


def wrong_logins(url: str) -> None:
    with crowd(url, AT_ONCE) as clients:
        for client in clients:
            send(client, PROTOCOL_HEADER)
            client.expect(START)
            send(client, start_ok(response=b"\0guest\0guess"))
        wait_closed(clients)


def methods_without_pause(url: str) -> None:
    """And without listening to the answers."""
    with RawClient(url) as client:
        client.open()
        send(client, method(1, QOS, bytes(7)) * 20_000)
        send(client, (open_channel(2) + method(2, CHANNEL_CLOSE, b"\0\xc8\0\0\0\0\0")) * 5_000)


def connections_too_many(url: str) -> None:
    """So many at once that others may not come in meanwhile."""
    with crowd(url, TOO_MANY) as clients:
        for client in clients:
            send(client, PROTOCOL_HEADER)


BESIDE_OTHERS: list[Callable[[str], None]] = [
    wrong_openings,
    wrong_words,
    silence,
    one_byte_after_the_other,
    halves,
    resets,
    consumers_that_vanish,
    wrong_logins,
    methods_without_pause,
]
ATTACKS = [*BESIDE_OTHERS, connections_too_many]


@contextmanager
def crowd(url: str, count: int) -> Iterator[list[RawClient]]:
    """So many connected clients, who go at the end."""
    with ExitStack() as stack:
        yield [stack.enter_context(RawClient(url)) for _ in range(count)]


def send(client: RawClient, *data: bytes) -> None:
    """However little of it is still wanted."""
    try:
        client.send(*data)
    except (BrokenPipeError, ConnectionResetError):
        pass


def wait_closed(clients: list[RawClient]) -> None:
    """Until the broker has closed them all."""
    for client in clients:
        client.socket.settimeout(ANSWER_SECONDS_MAX)
        client.receive_rest()
