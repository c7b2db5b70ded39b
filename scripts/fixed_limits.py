"""The limits that are nobody's to set, for scripts/limits_page.py.

`place` is the constant: its number, and the comment or docstring beside it, which is the reason,
are read from there. tests/test_limits_page.py finds constants that look like limits and are
missing here and in inner_limits.py.
"""

from typing import NamedTuple


class Fixed(NamedTuple):
    """A peer can meet it. `told`: what it sees then. `why`: why there is no option."""

    place: str
    what: str
    unit: str
    told: str
    why: str
    test: str


SPECIFIED = "the specification's, or every client's"
RABBITMQ = "RabbitMQ's, which clients know"

MET = (
    Fixed(
        "broker/queue_settings.DELIVERY_LIMIT",
        "failures of a message of a quorum queue that is declared without `x-delivery-limit`",
        "failures",
        "the message is dropped, or goes to the dead letters",
        RABBITMQ,
        "interop/test_pika_quorum.py::test_without_an_argument_a_message_may_fail_twenty_times",
    ),
    Fixed(
        "peers/amqp091/consumer_timeout.CONSUMER_TIMEOUT_MS",
        "how long a consumer of a quorum queue may keep a message where nobody says otherwise",
        "ms",
        "406, and the channel is closed",
        RABBITMQ,
        "peers/amqp091/test_consumer_timeout.py::test_the_consumer_says_how_long_or_the_queue_or_nobody",
    ),
    Fixed(
        "peers/amqp091/connection.INITIAL_FRAME_MAX",
        "a frame before connection.tune-ok",
        "bytes",
        "501, and nothing more is heard",
        RABBITMQ,
        "peers/amqp091/test_connection_methods.py::test_before_the_tune_frames_are_small",
    ),
    Fixed(
        "peers/amqp091/connection_methods.FRAME_MAX_MIN",
        "the least `frame_max` that a client may answer",
        "bytes",
        "530",
        SPECIFIED,
        "interop/test_wire_handshake.py::test_limits_that_were_not_offered_are_refused",
    ),
    Fixed(
        "peers/amqp091/connection_methods.CHANNEL_MAX_MIN",
        "the least `channel_max` that a client may answer",
        "channels",
        "530",
        SPECIFIED,
        "interop/test_wire_handshake.py::test_limits_that_were_not_offered_are_refused",
    ),
    Fixed(
        "wire/amqp091/tables.SHORTSTR_BYTES_MAX",
        "a name: of an exchange, a queue, a routing key, a consumer tag, a field",
        "bytes",
        "its length has one byte: there is no way to send a longer one",
        SPECIFIED,
        "wire/amqp091/test_tables.py::test_a_name_may_be_empty_or_of_255_bytes",
    ),
    Fixed(
        "wire/amqp091/tables.TABLE_DEPTH_MAX",
        "tables and arrays within the arguments of a method",
        "levels",
        "502: the connection is closed",
        "no program has use for more",
        "wire/amqp091/test_tables.py::test_nesting_has_a_limit",
    ),
    Fixed(
        "engine/amqp091/properties.TABLE_DEPTH_MAX",
        "tables and arrays within a message's headers",
        "levels",
        "502: the connection is closed",
        "no program has use for more",
        "engine/amqp091/test_properties.py::test_tables_and_arrays_nest_64_deep",
    ),
    Fixed(
        "wire/amqp091/reply_codes.REPLY_TEXT_BYTES_MAX",
        "the text of an error",
        "bytes",
        "a longer one is cut, and ends in dots",
        SPECIFIED,
        "wire/amqp091/test_reply_codes.py::"
        "test_a_longer_one_is_cut_between_characters_and_ends_in_dots",
    ),
    Fixed(
        "broker/consumer_arguments.PRIORITY_MAX",
        "a consumer's `x-priority`, either side of 0",
        "",
        "nothing: what is beyond counts as this",
        "an order needs no more",
        "broker/test_consumer_arguments.py::test_a_priority_is_any_whole_number",
    ),
    Fixed(
        "broker/argument_checks.MILLISECONDS_MAX",
        "`x-expires` and `x-message-ttl`",
        "",
        "406 in answer to queue.declare",
        RABBITMQ,
        "broker/test_queue_arguments.py::test_what_an_argument_may_not_be",
    ),
    Fixed(
        "broker/queue_arguments.PRIORITY_MAX",
        "`x-max-priority`",
        "",
        "406 in answer to queue.declare",
        SPECIFIED,
        "broker/test_queue_arguments.py::test_what_an_argument_may_not_be",
    ),
    Fixed(
        "broker/exchanges/consistent_hash.BUCKETS_MAX",
        "the weights of an `x-consistent-hash` exchange, added up",
        "",
        "406 in answer to queue.bind",
        "smaller weights in the same ratio do the same",
        "broker/exchanges/test_consistent_hash.py::"
        "test_a_key_that_is_no_weight_is_refused_and_not_bound",
    ),
    Fixed(
        "broker/exchanges/recent_history.LENGTH_MAX",
        "`x-recent-history-length`",
        "messages",
        "406 in answer to exchange.declare",
        "what needs more is a queue",
        "broker/exchanges/test_recent_history.py::test_a_length_has_a_limit",
    ),
    Fixed(
        "broker/exchanges/recent_history.BYTES_MAX",
        "the messages that an `x-recent-history` exchange remembers",
        "bytes",
        "nothing: the oldest are forgotten",
        "what needs more is a queue",
        "broker/exchanges/test_recent_history.py::test_what_is_remembered_has_a_limit_in_bytes_too",
    ),
    Fixed(
        "peers/timing.CLOSE_MS",
        "for the answer to the broker's connection.close",
        "ms",
        "the socket is closed",
        "no working client meets it",
        "peers/amqp091/test_connection.py::test_our_close_is_given_ten_seconds_for_its_answer",
    ),
    Fixed(
        "peers/timing.LINGER_MS",
        "that a refused login, or a frame that was none, keeps its connection",
        "ms",
        "the socket is closed",
        "who works never meets it; RabbitMQ has three seconds",
        "peers/amqp091/test_connection_methods.py::"
        "test_any_other_refused_client_waits_a_second_for_the_end",
    ),
    Fixed(
        "server/config.LINGER_MS",
        "for a client to read the last words and close its end, when its connection is over",
        "ms",
        "the socket is closed",
        "nobody waits for it",
        "server/test_connection.py::"
        "test_who_does_not_close_its_end_is_cut_off_after_the_linger_time",
    ),
    Fixed(
        "server/admission.REFUSED_MAX",
        "connections too many that are on their way to being told so",
        "connections",
        "the socket is closed as soon as it is accepted",
        "they are a courtesy",
        "server/test_admission.py::test_a_few_are_told_and_more_find_no_room",
    ),
    Fixed(
        "server/admission.SHARE_OF_ADDRESS",
        "parts of --max-connections, of which one address may not have the last",
        "",
        "530, as for --max-connections-per-address",
        "that option says it in numbers",
        "server/test_admission.py::test_without_a_word_an_address_may_have_nine_tenths",
    ),
    Fixed(
        "server/server.KEEPALIVE_IDLE_S",
        "of silence before the kernel asks whether a client is still there",
        "s",
        "nothing, where it is: its kernel answers",
        "with heartbeats it is not needed; without, nobody cares for seconds",
        "server/test_server.py::test_who_has_gone_without_a_word_is_asked_for_by_the_kernel",
    ),
    Fixed(
        "server/server.KEEPALIVE_PROBE_S",
        "between such questions",
        "s",
        "as above",
        "as above",
        "server/test_server.py::test_who_has_gone_without_a_word_is_asked_for_by_the_kernel",
    ),
    Fixed(
        "server/server.KEEPALIVE_PROBES_MAX",
        "such questions without an answer",
        "",
        "the connection is lost",
        "as above",
        "server/test_server.py::test_who_has_gone_without_a_word_is_asked_for_by_the_kernel",
    ),
    Fixed(
        "server/listener.BACKLOG",
        "connections that wait to be accepted, at each address",
        "connections",
        "its kernel tries again",
        "the system has a limit of its own (`net.core.somaxconn`)",
        "server/test_listener.py::test_listens_where_it_is_told_and_hands_on_what_it_accepts",
    ),
    Fixed(
        "cli/files.FILES_RESERVED",
        "open files that are not for connections",
        "files",
        "530, or the closed socket, as for --max-connections",
        "raise `ulimit -n` instead",
        "cli/test_files.py::test_some_files_are_kept_for_others_than_connections",
    ),
)

NOT_LIMITS = {  # constants that look like limits: what they are
    "engine/amqp091/content.EXPIRATION_DIGITS_MAX": "what is read the short way",
    "engine/amqp091/content.EXPIRATION_MAX": "as good as for ever",
    "engine/dead_letters.DELIVERY_LIMIT": "a word that a client reads",
    "engine/queue_rules.COUNT_MAX": "as good as no limit",
    "peers/amqp091/consumer_timeout.NOTE_MS_MAX": "a pace of notes",
    "broker/equivalence.SIGNED_INT_MAX": "a number's type on the wire, for error texts",
    "cli/limit_options.DIGITS_MAX": "what is read as a number at all",
    "engine/amqp091/connection.FRAME_BYTES_MIN": "what a frame is made of",
    "engine/amqp091/session.MESSAGE_BYTES_MAX": "the default of an option",
    "engine/amqp091/session.UNFINISHED_BYTES_MAX": "the default of an option",
    "engine/amqp091/session.TRANSACTION_BYTES_MAX": "the default of an option",
    "engine/amqp091/session.UNACKED_MAX": "the default of an option",
    "engine/amqp091/session.FRAME_MAX": "the default of an option",
    "cli/memory_limit.MEMORY_BYTES_MIN": "the least that an option takes",
    "engine/recall.RECORD_BYTES_MIN": "a guess at a length, which is mended",
    "log/disk_log.COPY_BYTES_MAX": "what whoever copies records forward keeps to",
    "log/disk_log.COPY_STEP_MS": "a pace of the disk's",
    "log/disk_log.SEAL_AFTER_MS": "when a log that nobody writes to is sealed",
    "log/inspect.RECORD_BYTES_MIN": "what a record is made of",
    "log/native/io_thread.ZEROS_MAX": "what callers within the log keep to",
    "log/pool.RETRY_MS": "a pace of the disk's",
    "log/pool.SPARES_MAX": "a pace of the disk's",
    "log/pool.ZERO_STEP_MS": "a pace of the disk's",
    "log/port.BATCH_BYTES_MAX": "what a segment has room for",
    "log/port.PADDING_BYTES_MAX": "what a page is made of",
    "log/ranges.RANGES_AT_THE_DISK_MAX": "a pace of the disk's",
    "cli/serve.DURABLE_MESSAGE_BYTES_MAX": "the most that an option takes",
    "engine/journal.CHUNK_BYTES_MAX": "what the place of a message can name",
    "engine/replay.RECORD_BYTES_MIN": "what a record is made of",
    "engine/shard.COUNT_MAX": "as good as no limit",
    "engine/shard.INCARNATIONS_MAX": "what 32 bits can count",
    "engine/shard.QUEUES_MAX": "a number in a log that is no queue's",
    "server/config.DISK_FREE_BYTES_MIN": "the default of an option",
    "server/recovery.PROGRESS_MS": "between two lines of the log",
    "server/recovery.WAIT_S": "a pace of the disk's",
    "engine/queue.COUNT_MAX": "as good as no limit",
    "limits.COUNT_MAX": "as good as no limit",
    "server/address.PORT_MAX": "TCP's",
    "server/clock.NS_PER_MS": "a unit",
}
