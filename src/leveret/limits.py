"""The limits that an operator may set: each is declared here, once.

From a declaration come the option of `leveret serve`, its default, its check and its help, and the
limit's row in docs/limits.md. The values in force are fields of the same name of `Config`
(server), `Settings` (peers) and `Limits` (broker), which take their defaults from here.

A limit that is nobody's to set is a constant where it is kept; scripts/limits_page.py lists these.
A new limit is a declaration here, or a constant and a row there.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30
COUNT_MAX = 1 << 31  # of what no machine has so many: as good as no limit


class Unit(Enum):
    """What a number counts, which says how an operator writes it."""

    COUNT = auto()
    BYTES = auto()
    MILLISECONDS = auto()
    SECONDS = auto()


class Group(Enum):
    """Where `leveret serve --help` and the page have it; the values are their headings."""

    CONNECTIONS = "connections and channels"
    MESSAGES = "messages"
    DEFINITIONS = "what a virtual host may hold"
    LOG = "the log"


class Limit(NamedTuple):
    """One limit. Where `default_text` says what the default hangs on, an operator who says nothing
    means AUTOMATIC; `least` and `most` are for what is said.

    `what` completes "the most, or the longest, ...". `told` is what a peer sees that meets it;
    no other peer sees anything. `test` shows that, named from the folder tests on.
    """

    name: str
    flag: str
    group: Group
    unit: Unit
    default: int
    what: str
    reason: str
    told: str
    test: str
    least: int = 1
    most: int = COUNT_MAX
    default_text: str = ""


AUTOMATIC = 0

CONNECTIONS = Limit(
    "connections_max",
    "--max-connections",
    Group.CONNECTIONS,
    Unit.COUNT,
    100_000,
    "connections in all",
    "each takes a file descriptor and about 10 KB: 100,000 take 1 GB. Where the process may open"
    " fewer files, as many as these leave room for: `ulimit -n` less a reserve, see `cli/files.py`",
    "530 in answer to connection.open; with so many waiting for theirs that the reserve is used up"
    " as well, the socket is closed as soon as it is accepted",
    "peers/amqp091/test_connection_methods.py::test_a_connection_too_many_is_told_when_it_opens",
    default_text="as many as the open files allow, 100,000 at the most",
)
CONNECTIONS_PER_ADDRESS = Limit(
    "connections_per_address_max",
    "--max-connections-per-address",
    Group.CONNECTIONS,
    Unit.COUNT,
    AUTOMATIC,
    "connections from one address",
    "a tenth is left for the others, however wild one machine goes; not less, because all clients"
    " may sit behind one address",
    "530 in answer to connection.open, or the closed socket, as for connections in all",
    "server/test_admission.py::test_one_address_cannot_take_all_the_room",
    default_text="nine tenths of --max-connections",
)
CHANNELS = Limit(
    "channels_max",
    "--max-channels",
    Group.CONNECTIONS,
    Unit.COUNT,
    500_000,
    "channels in all",
    "a channel takes 1.7 KB: 500,000 take 1 GB, which else 250 connections could claim with what"
    " each may have",
    "530 in answer to channel.open: the connection is closed",
    "peers/amqp091/test_channel.py::test_the_channels_of_all_connections_have_a_limit",
)
CHANNELS_PER_CONNECTION = Limit(
    "channels_per_connection_max",
    "--max-channels-per-connection",
    Group.CONNECTIONS,
    Unit.COUNT,
    2047,
    "channels of a connection: the `channel_max` that is offered",
    "RabbitMQ's offer, which clients know",
    "530 for an answer above the offer, for a channel too many, and for a number above it",
    "peers/amqp091/test_channel.py::test_no_more_channels_are_open_than_was_negotiated",
    most=65535,
)
CONSUMERS_PER_CHANNEL = Limit(
    "consumers_per_channel_max",
    "--max-consumers-per-channel",
    Group.CONNECTIONS,
    Unit.COUNT,
    10_000,
    "consumers of a channel; cancelled ones count until all that they were sent is acknowledged",
    "a consumer takes 0.7 KB, so a channel with 10,000 takes 7 MB; RabbitMQ has no limit unless it"
    " is told to",
    "530 in answer to basic.consume: the connection is closed, as with RabbitMQ",
    "peers/amqp091/test_basic.py::test_the_consumers_of_a_channel_have_a_limit",
)
FRAME = Limit(
    "frame_bytes_max",
    "--max-frame-size",
    Group.CONNECTIONS,
    Unit.BYTES,
    131072,
    "a frame's payload: the `frame_max` that is offered",
    "RabbitMQ's offer. A method, and the header of a message, must fit in one frame, so this bounds"
    " them too. More than 1 MiB would only make everybody wait longer for each frame",
    "501, and nothing more is heard. 530 for an answer above the offer, or below 4096, which is"
    " the specification's least",
    "engine/amqp091/test_connection.py::"
    "test_a_payload_may_be_frame_max_long_and_one_byte_longer_is_refused",
    least=8 * KIB,
    most=MIB,
)
HEARTBEAT = Limit(
    "heartbeat_s",
    "--heartbeat",
    Group.CONNECTIONS,
    Unit.SECONDS,
    60,
    "between heartbeats, as offered; 0: none are sent. The client's answer counts",
    "RabbitMQ's offer: a client that has gone without a word is noticed after two minutes, and"
    " 100,000 idle connections cost 3,000 heartbeats a second",
    "a client that is silent for two of them loses its connection",
    "peers/amqp091/test_connection.py::test_a_silent_client_is_gone_after_two_heartbeats",
    least=0,
    most=65535,
)
HANDSHAKE = Limit(
    "handshake_ms",
    "--handshake-timeout",
    Group.CONNECTIONS,
    Unit.MILLISECONDS,
    10_000,
    "from the accepted socket to the opened virtual host, however the bytes trickle in",
    "RabbitMQ's; a client that needs longer is not one, and holds a descriptor",
    "the socket is closed",
    "peers/amqp091/test_connection_methods.py::test_the_handshake_must_be_over_after_ten_seconds",
    least=100,
    most=3_600_000,
)
STOP = Limit(
    "stop_ms",
    "--stop-timeout",
    Group.CONNECTIONS,
    Unit.MILLISECONDS,
    5_000,
    "for clients to answer the close and go, when the broker stops",
    "less than service managers grant before they kill: 10 s in Docker, 90 s with systemd",
    "the socket is closed",
    "server/test_server.py::test_stopping_cuts_off_who_does_not_go",
    least=0,
    most=3_600_000,
)

MESSAGE = Limit(
    "message_bytes_max",
    "--max-message-size",
    Group.MESSAGES,
    Unit.BYTES,
    16 * MIB,
    "a message's body",
    "RabbitMQ's; what is larger belongs elsewhere, with its address in the message. Up to 512 MiB,"
    " RabbitMQ's own last word, because a message is sent in one piece",
    "406 when the header announces more: the channel is closed",
    "engine/amqp091/test_content.py::test_a_larger_message_fails_the_channel_before_its_body_comes",
    most=512 * MIB,
)
UNFINISHED = Limit(
    "unfinished_bytes_max",
    "--max-unfinished-size",
    Group.MESSAGES,
    Unit.BYTES,
    64 * MIB,
    "half received bodies of a connection, together; two of the largest messages always fit."
    " Each channel has one at the most",
    "four of the largest messages at once are more than a client on one socket has any use for",
    "506: the connection is closed",
    "engine/amqp091/test_content.py::test_the_unfinished_messages_of_a_connection_have_a_limit",
)
TRANSACTION = Limit(
    "transaction_bytes_max",
    "--max-transaction-size",
    Group.MESSAGES,
    Unit.BYTES,
    128 * MIB,
    "messages and acknowledgements of a channel's transaction, with 300 and 150 bytes for the"
    " objects that each takes; two of the largest messages always fit",
    "a commit is done in one go, and everybody waits for it: 0.2 s for the 419,000 smallest"
    " messages that fit",
    "506: the connection is closed",
    "engine/amqp091/test_transaction.py::test_a_transaction_has_a_limit",
)
UNACKED_PER_CHANNEL = Limit(
    "unacked_per_channel_max",
    "--max-unacked-per-channel",
    Group.MESSAGES,
    Unit.COUNT,
    1_000_000,
    "deliveries of a channel that are not acknowledged, whatever its prefetch",
    "each takes 16 bytes beside the message, and when the channel goes all of them go back to their"
    " queues, which deliver nothing meanwhile: 40 ms for a million",
    "nothing: the channel's consumers are sent nothing until it acknowledges; basic.get is refused"
    " with 406",
    "engine/amqp091/test_channel_limits.py::test_the_unacknowledged_of_a_channel_have_a_limit",
)

QUEUES = Limit(
    "queues_max",
    "--max-queues",
    Group.DEFINITIONS,
    Unit.COUNT,
    500_000,
    "queues",
    "a queue takes 1 KB, and 2 KB with some bindings: 500,000 take 1 GB",
    "406 in answer to queue.declare: the channel is closed",
    "broker/test_limits.py::test_at_the_limit_a_queue_is_refused",
)
EXCHANGES = Limit(
    "exchanges_max",
    "--max-exchanges",
    Group.DEFINITIONS,
    Unit.COUNT,
    100_000,
    "exchanges, the server's own included",
    "they cost less than queues, but a hundred thousand of them is a mistake in every design",
    "406 in answer to exchange.declare: the channel is closed",
    "broker/test_limits.py::test_at_the_limit_an_exchange_is_refused",
)
BINDINGS = Limit(
    "bindings_max",
    "--max-bindings",
    Group.DEFINITIONS,
    Unit.COUNT,
    2_000_000,
    "bindings",
    "a binding takes 500 bytes: two million take 1 GB",
    "406 in answer to queue.bind or exchange.bind: the channel is closed",
    "broker/test_limits.py::test_at_the_limit_a_binding_is_refused",
)
CONSUMERS = Limit(
    "consumers_max",
    "--max-consumers",
    Group.DEFINITIONS,
    Unit.COUNT,
    1_000_000,
    "consumers",
    "a consumer takes 0.7 KB: a million take 0.7 GB, which else 50 connections could claim",
    "406 in answer to basic.consume: the channel is closed",
    "broker/test_limits.py::test_at_the_limit_a_consumer_is_refused",
)
DECLARATION = Limit(
    "declaration_bytes_max",
    "--max-declaration-size",
    Group.DEFINITIONS,
    Unit.BYTES,
    16 * KIB,
    "a declaration, a binding or a consumer, with its names and arguments",
    "names have 255 bytes and real arguments some hundred; once read, arguments take up to forty"
    " times their bytes, and they stay",
    "406: the channel is closed",
    "peers/amqp091/test_dispatch.py::test_a_declaration_has_a_limit",
    least=KIB,
    most=MIB,
)

LOG_RATE = Limit(
    "log_lines_per_second_max",
    "--max-log-rate",
    Group.LOG,
    Unit.COUNT,
    10,
    "lines of one kind in a second",
    "ten show what is going on. Ten a second for a day are 130 MB, which a disk has and a log"
    " rotation takes care of; a flood of failing clients would write that in a minute",
    "nothing; the log says how many more there were",
    "cli/test_log_rate.py::test_of_one_kind_so_many_lines_are_written_in_a_second",
)

SETTABLE = (
    CONNECTIONS,
    CONNECTIONS_PER_ADDRESS,
    CHANNELS,
    CHANNELS_PER_CONNECTION,
    CONSUMERS_PER_CHANNEL,
    FRAME,
    HEARTBEAT,
    HANDSHAKE,
    STOP,
    MESSAGE,
    UNFINISHED,
    TRANSACTION,
    UNACKED_PER_CHANNEL,
    QUEUES,
    EXCHANGES,
    BINDINGS,
    CONSUMERS,
    DECLARATION,
    LOG_RATE,
)
