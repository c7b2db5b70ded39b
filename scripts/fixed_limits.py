"""The limits that are nobody's to set, for scripts/limits_page.py.

`place` is the constant: its number, and the comment or docstring beside it, which is the reason,
are read from there. tests/test_limits_page.py finds constants that look like limits and are
missing here.
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


class Inner(NamedTuple):
    """It bounds work or memory; no peer is refused anything."""

    place: str
    what: str
    unit: str
    test: str


SPECIFIED = "the specification's, or every client's"
RABBITMQ = "RabbitMQ's, which clients know"

MET = (
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

PACE = (
    Inner(
        "peers/pace.SHARE",
        "methods of a client, before others have their turn; a message that is looked into, or whose route is not known yet, counts half",
        "halves of a method",
        "peers/test_pace.py::test_a_flood_of_methods_is_answered_share_by_share",
    ),
    Inner(
        "server/listener.ACCEPTS_MAX",
        "connections accepted in a turn",
        "connections",
        "server/test_listener.py::test_a_turn_accepts_so_many_and_the_next_goes_on",
    ),
    Inner(
        "server/listener.RETRY_S",
        "before accepting again, when files or memory for sockets were used up",
        "s",
        "server/test_listener.py::test_out_of_descriptors_it_pauses_says_so_once_and_goes_on",
    ),
    Inner(
        "server/selector.READY_MAX",
        "sockets served in a turn",
        "sockets",
        "server/test_selector.py::test_more_ready_sockets_than_one_turn_serves_are_all_served",
    ),
    Inner(
        "server/turn.DUE_MAX",
        "deadlines served in a turn",
        "deadlines",
        "server/test_turn.py::test_more_deadlines_at_once_than_a_turn_serves_are_all_served",
    ),
    Inner(
        "server/connection.DROP_BYTES",
        "read at once of what nobody wants any more",
        "bytes",
        "server/test_connection.py::test_the_last_words_arrive_though_the_other_side_goes_on_sending",
    ),
    Inner(
        "engine/amqp091/connection.RECEIVE_BYTES",
        "read from a connection in a turn",
        "bytes",
        "engine/amqp091/test_connection.py::test_an_idle_connection_receives_into_the_shards_one_buffer",
    ),
    Inner(
        "engine/amqp091/connection.RECEIVE_BYTES_MAX",
        "the same, of large messages",
        "bytes",
        "engine/amqp091/test_connection.py::test_reads_grow_while_they_bring_few_messages",
    ),
    Inner(
        "engine/amqp091/connection.MESSAGES_PER_READ_MIN",
        "messages in a full read, below which reads grow",
        "messages",
        "engine/amqp091/test_connection.py::test_reads_grow_while_they_bring_few_messages",
    ),
    Inner(
        "engine/amqp091/connection.MESSAGES_PER_READ_MAX",
        "messages in a full read, above which reads shrink again",
        "messages",
        "engine/amqp091/test_connection.py::test_reads_shrink_while_they_bring_many_messages",
    ),
    Inner(
        "engine/amqp091/connection.WHOLE_BODY_FRAME_MAX",
        "a body frame that is waited for until it is complete",
        "bytes",
        "engine/amqp091/test_connection.py::test_a_frame_ends_where_it_said",
    ),
    Inner(
        "engine/queue.MESSAGES_PER_TURN",
        "deliveries of a queue in a turn",
        "messages",
        "engine/test_queue.py::test_a_turn_has_a_budget_and_the_rest_waits_for_the_next",
    ),
    Inner(
        "engine/chores.AT_ONCE_MAX",
        "what the commands of a turn may settle, drop or give back at once",
        "messages",
        "engine/test_chores.py::test_all_that_is_done_at_once_in_a_turn_has_one_limit",
    ),
    Inner(
        "engine/chores.PER_TURN_MAX",
        "what is done in a turn of the work that earlier commands have left",
        "messages",
        "engine/test_chores.py::test_of_a_large_one_a_part_is_done_at_once_and_then_slices",
    ),
    Inner(
        "engine/chores.SLICE",
        "the same, of one command's",
        "messages",
        "engine/test_chores.py::test_after_a_turn_of_much_at_once_little_more_is_done",
    ),
    Inner(
        "engine/output.FULL_BYTES",
        "unsent output of a connection, above which its consumers are passed over",
        "bytes",
        "engine/test_output.py::test_an_output_is_full_at_one_turns_worth",
    ),
    Inner(
        "server/clock.CHECK_MS",
        "between two looks at the wall clock",
        "ms",
        "server/test_clock.py::test_drift_between_two_checks_does_not_show",
    ),
    Inner(
        "server/clock.JUMP_MS",
        "that the wall clock may be ahead and still be caught up with little by little",
        "ms",
        "server/test_clock.py::test_a_minute_ahead_is_still_slewed",
    ),
    Inner(
        "engine/shard.DELIVERIES_PER_TURN",
        "messages delivered in a turn by all queues",
        "messages",
        "engine/test_shard.py::test_all_queues_together_deliver_so_much_in_a_turn",
    ),
    Inner(
        "engine/shard.DELIVERED_BYTES_PER_TURN",
        "the same in bytes of their bodies",
        "bytes",
        "engine/test_shard.py::test_all_queues_together_deliver_so_many_bytes_in_a_turn",
    ),
    Inner(
        "engine/shard.HALVINGS_MAX",
        "how often the budget of those who flood is halved",
        "times",
        "engine/test_shard.py::test_a_queue_whose_consumers_do_not_keep_up_halves_what_may_be_published",
    ),
    Inner(
        "server/turn.FLOOD_BYTES_PER_TURN",
        "read in a turn from all who flood",
        "bytes",
        "server/test_turn.py::test_those_who_flood_share_a_budget_of_bytes_and_who_was_not_read_is_first_next",
    ),
    Inner(
        "server/turn.FLOOD_WORK_PER_TURN",
        "places in queues that all who flood may fill in a turn",
        "places",
        "server/test_turn.py::test_those_who_flood_share_a_budget_of_work",
    ),
    Inner(
        "server/blocking.TOLD_PER_TURN",
        "connections that are told in a turn that they are blocked, or let go",
        "connections",
        "server/test_blocking.py::test_thousands_are_told_and_let_go_in_many_turns",
    ),
    Inner(
        "server/blocking.STEP_MS",
        "between two rounds of looking after who is blocked",
        "ms",
        "server/test_blocking.py::test_who_holds_deliveries_is_read_a_little_in_each_step",
    ),
    Inner(
        "server/blocking.TRICKLE_BYTES_MIN",
        "read at least of one who is blocked and holds deliveries",
        "bytes",
        "server/test_blocking.py::test_those_who_trickle_share_a_budget",
    ),
    Inner(
        "server/blocking.TRICKLE_BYTES_MAX",
        "read at most of one who is blocked and holds deliveries",
        "bytes",
        "server/test_blocking.py::test_those_who_trickle_share_a_budget",
    ),
    Inner(
        "server/blocking.PROBE_MS",
        "between two questions whether who is blocked is still there",
        "ms",
        "server/test_blocking.py::test_each_is_asked_once_a_second_whether_it_is_there",
    ),
    Inner(
        "server/probe.SILENT_MS",
        "without any answer of its system, after which who is blocked counts as gone",
        "ms",
        "server/test_probe.py::test_who_was_asked_and_says_nothing_for_long_is_silent",
    ),
    Inner(
        "server/probe.PROBES_MIN",
        "unanswered probes of a closed window, after which it may be gone",
        "probes",
        "server/test_probe.py::test_who_was_asked_and_says_nothing_for_long_is_silent",
    ),
    Inner(
        "server/connection.LET_THROUGH_MAX",
        "read of who is blocked and says goodbye",
        "bytes",
        "engine/amqp091/test_held.py::test_a_close_is_seen_behind_what_was_received_in_part",
    ),
    Inner(
        "server/blocking.MEASURE_MS",
        "between two looks at the memory that the system says is in use",
        "ms",
        "server/test_blocking.py::test_what_the_system_says_counts_and_is_asked_for_at_a_slow_pace",
    ),
    Inner(
        "server/blocking.MEASURE_TIGHT_MS",
        "the same, where half of the memory is in use",
        "ms",
        "server/test_blocking.py::test_what_the_system_says_counts_and_is_asked_for_at_a_slow_pace",
    ),
    Inner(
        "server/blocking.TRIM_MS",
        "between two demands that the C library give memory back",
        "ms",
        "server/test_blocking.py::test_what_an_allocator_keeps_is_demanded_back_but_not_all_the_time",
    ),
)

KEPT = (
    Inner(
        "engine/route.ROUTES_MAX",
        "routes that a virtual host remembers",
        "routes",
        "engine/test_route.py::test_a_cache_keeps_no_more_than_it_may_and_the_newest_is_among_them",
    ),
    Inner(
        "engine/route.ROUTE_TARGETS_MAX",
        "the queues of all these routes, added up",
        "queues",
        "engine/test_route.py::test_the_queues_of_all_routes_together_have_a_limit",
    ),
    Inner(
        "engine/route.ROW_NAMES_MAX",
        "names that are kept in their row",
        "bytes",
        "engine/test_route.py::test_names_of_any_length_are_told_apart_by_each_byte",
    ),
    Inner(
        "engine/amqp091/channel.PERMITTED_MAX",
        "exchanges of which a channel remembers that it may publish there",
        "exchanges",
        "engine/amqp091/test_channel.py::test_each_channel_is_asked_for_itself_whether_it_may_publish",
    ),
    Inner(
        "engine/records.SHARED_RECORD_BYTES_MAX",
        "a message that shares its stretch of memory with others",
        "bytes",
        "engine/test_records.py::test_a_record_too_large_to_share_has_a_chunk_of_its_own",
    ),
    Inner(
        "engine/records.SPARE_CHUNKS_MAX",
        "stretches of memory for messages that are kept for the next",
        "MiB",
        "engine/test_records.py::test_no_more_than_sixteen_spare_chunks_are_kept",
    ),
    Inner(
        "engine/rounds.ENDED_ROUNDS_MAX",
        "priorities without consumers that a queue still looks at",
        "priorities",
        "engine/test_rounds.py::test_rounds_that_end_leave_nothing_behind",
    ),
    Inner(
        "engine/pages.SPARE_PAGES_MAX",
        "pages of queues that are kept for others",
        "pages",
        "engine/test_pages.py::test_the_pool_keeps_a_thousand_pages_and_no_more",
    ),
    Inner(
        "engine/memory.SPARE_SMALL_MAX",
        "buffers for bodies in parts that are kept for the next turn",
        "buffers",
        "engine/test_memory.py::test_the_pools_keep_some_of_each_size_and_nothing_made_to_measure",
    ),
    Inner(
        "engine/memory.SPARE_LARGE_MAX",
        "buffers for output that are kept for the next turn",
        "buffers",
        "engine/test_memory.py::test_the_pools_keep_some_of_each_size_and_nothing_made_to_measure",
    ),
    Inner(
        "engine/memory.ALLOCATED_BYTES_MIN",
        "memory that the system gets back at once",
        "bytes",
        "engine/test_memory.py::test_large_buffers_come_from_whoever_allocates",
    ),
    Inner(
        "engine/amqp091/content.POOLED_BYTES_MIN",
        "a half received body in a buffer of the pool",
        "bytes",
        "engine/amqp091/test_content.py::test_a_body_takes_memory_for_what_has_come_and_not_for_what_was_announced",
    ),
    Inner(
        "engine/rest.REST_BYTES_MIN",
        "memory for what a read left unfinished",
        "bytes",
        "engine/test_rest.py::test_where_memory_is_tight_none_is_wasted",
    ),
    Inner(
        "engine/shard.REST_BYTES_MAX",
        "what a read left unfinished, for which there is always room",
        "bytes",
        "engine/amqp091/test_connection.py::test_a_frame_larger_than_most_gets_a_larger_buffer_to_be_received_in",
    ),
    Inner(
        "engine/shard.RECEIVE_BYTES_MAX",
        "the buffer that all connections are read into",
        "bytes",
        "engine/amqp091/test_connection.py::test_an_idle_connection_receives_into_the_shards_one_buffer",
    ),
    Inner(
        "cli/log_rate.KINDS_MAX",
        "kinds of lines in the log that are counted each for itself",
        "kinds",
        "cli/test_log_rate.py::test_there_are_not_more_kinds_than_a_program_can_have",
    ),
)

NOT_LIMITS = {  # constants that look like limits: what they are
    "broker/equivalence.SIGNED_INT_MAX": "a number's type on the wire, for error texts",
    "cli/limit_options.DIGITS_MAX": "what is read as a number at all",
    "engine/amqp091/connection.FRAME_BYTES_MIN": "what a frame is made of",
    "engine/amqp091/session.MESSAGE_BYTES_MAX": "the default of an option",
    "engine/amqp091/session.UNFINISHED_BYTES_MAX": "the default of an option",
    "engine/amqp091/session.TRANSACTION_BYTES_MAX": "the default of an option",
    "engine/amqp091/session.UNACKED_MAX": "the default of an option",
    "engine/amqp091/session.FRAME_MAX": "the default of an option",
    "cli/memory_limit.MEMORY_BYTES_MIN": "the least that an option takes",
    "engine/queue.COUNT_MAX": "as good as no limit",
    "limits.COUNT_MAX": "as good as no limit",
    "server/address.PORT_MAX": "TCP's",
    "server/clock.NS_PER_MS": "a unit",
}
