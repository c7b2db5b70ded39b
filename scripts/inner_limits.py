"""Limits that keep turns short and memory small, for scripts/limits_page.py: no peer meets them.

`place` is as in fixed_limits.py, which has those that a peer can meet.
"""

from typing import NamedTuple


class Inner(NamedTuple):
    """It bounds work or memory; no peer is refused anything."""

    place: str
    what: str
    unit: str
    test: str


PACE = (
    Inner(
        "engine/agenda.CALLS_PER_TURN",
        "queues looked after in a turn because something in them is due",
        "queues",
        "engine/test_agenda.py::test_one_turn_has_no_time_for_more_than_a_thousand",
    ),
    Inner(
        "engine/agenda.LETTERS_PER_TURN",
        "dead messages moved in a turn",
        "messages",
        "engine/test_queue_rules.py::test_a_turn_has_time_for_a_few_and_the_rest_follows",
    ),
    Inner(
        "engine/queue_rules.DROPS_PER_TURN",
        "messages that one queue drops in a turn",
        "messages",
        "engine/test_queue_rules.py::test_what_one_queue_drops_in_one_turn_is_limited",
    ),
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
        "server/control.RETRY_S",
        "before operators are accepted again, when files were used up",
        "s",
        "server/test_control.py::test_out_of_descriptors_it_pauses_and_goes_on",
    ),
    Inner(
        "server/control_session.ROWS_PER_SLICE",
        "rows made for an operator's listing, before others have their turn",
        "rows",
        "server/test_control_session.py::test_the_loop_goes_on_between_slices",
    ),
    Inner(
        "server/control_session.OUTPUT_BYTES",
        "rows that an operator has not taken, before more are made",
        "bytes",
        "server/test_control_session.py::test_who_does_not_read_has_no_more_rows_made_and_is_cut_off",
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
    Inner(
        "engine/spill.WRITING_BYTES_MAX",
        "messages being written to disk, for want of memory",
        "bytes",
        "engine/test_spill.py::test_so_much_is_written_at_a_time",
    ),
    Inner(
        "engine/spill.LOOK_MAX",
        "stretches of memory looked at in a turn for some to write to disk",
        "MiB",
        "engine/test_spill.py::test_so_many_are_looked_at_in_a_turn",
    ),
    Inner(
        "engine/guests.LOG_BYTES_MAX",
        "durable messages that stay in memory, and no more than an eighth of `--memory-limit`; twice as much where that is about to be delivered; the log has them all",
        "bytes",
        "engine/test_guests.py::test_so_much_stays_and_the_oldest_leave_first",
    ),
    Inner(
        "engine/guests.GUEST_BYTES_MAX",
        "durable messages that have come back into memory for consumers, and no more than an eighth of `--memory-limit`; twice as much at the most",
        "bytes",
        "engine/test_guests.py::test_guests_are_no_more_than_may_be_but_those_that_are_near",
    ),
    Inner(
        "engine/forward.GATHERED_MAX",
        "old messages that are gathered at a time to be copied forward",
        "messages",
        "engine/test_forward.py::test_so_much_is_gathered_at_a_time",
    ),
    Inner(
        "server/copying.PAUSE_MS",
        "between two batches of old messages that are copied forward",
        "ms",
        "server/test_copying.py::test_what_lives_of_complete_chunks_is_copied_and_the_log_is_trimmed",
    ),
    Inner(
        "server/copying.HURRY_MS",
        "the same where much more is dead than may be",
        "ms",
        "server/test_copying.py::test_what_lives_of_complete_chunks_is_copied_and_the_log_is_trimmed",
    ),
    Inner(
        "engine/guests.LOOK_MAX",
        "stretches of memory looked at in a turn for durable messages that may leave",
        "MiB",
        "engine/test_guests.py::test_so_many_are_looked_at_in_a_turn",
    ),
    Inner(
        "engine/recall.READING_BYTES_MAX",
        "messages being read back",
        "bytes",
        "engine/test_recall.py::test_so_much_is_read_at_a_time_and_the_others_wait",
    ),
    Inner(
        "engine/recall.AHEAD_BYTES_MAX",
        "messages in memory again before consumers need them, of all queues",
        "bytes",
        "engine/test_recall.py::test_many_queues_look_less_far",
    ),
    Inner(
        "engine/recall.WINDOW_BYTES_MAX",
        "the same, of one queue",
        "bytes",
        "engine/test_recall.py::test_one_queue_alone_looks_far_ahead",
    ),
    Inner(
        "engine/recall.WINDOW_BYTES_MIN",
        "the same, of one queue among very many",
        "bytes",
        "engine/test_recall.py::test_many_queues_look_less_far",
    ),
    Inner(
        "engine/recall.LOOK_AHEAD_MAX",
        "places of a queue looked at for that at once",
        "messages",
        "engine/test_recall.py::test_one_queue_alone_looks_far_ahead",
    ),
    Inner(
        "engine/recall.RUNS_MAX",
        "stretches of messages planned to be read in a turn",
        "stretches",
        "engine/test_recall.py::test_so_much_is_read_at_a_time_and_the_others_wait",
    ),
    Inner(
        "log/spill_store.RETRY_S",
        "before messages or parts of queues are written to disk again, where that had no room",
        "s",
        "log/test_spill_store.py::test_a_disk_with_little_room_is_left_alone_and_tried_again_later",
    ),
    Inner(
        "server/turn.HALVED_MS",
        "the halved share of a turn after a backlog was last delivered from",
        "ms",
        "server/test_turn.py::test_it_stays_halved_for_a_moment_while_consumers_acknowledge",
    ),
    Inner(
        "server/turn.ALARM_MS",
        "what a deadline may be late, so that many are met together",
        "ms",
        "server/test_turn.py::test_deadlines_that_are_close_together_are_met_together",
    ),
    Inner(
        "server/durability.COMPANY_MS",
        "acknowledgements wait for company on their way to the log",
        "ms",
        "server/test_durability.py::test_acknowledgements_wait_for_company_and_not_for_ever",
    ),
    Inner(
        "server/trimming.CHECKPOINT_BYTES",
        "the log between two sets of all definitions",
        "bytes",
        "server/test_trimming.py::test_what_nothing_refers_to_is_forgotten_up_to_the_newest_definitions",
    ),
    Inner(
        "server/trimming.TRIM_BYTES",
        "the log between two looks at what may be forgotten",
        "bytes",
        "server/test_trimming.py::test_what_nothing_refers_to_is_forgotten_up_to_the_newest_definitions",
    ),
)

KEPT = (
    Inner(
        "engine/agenda.STALE_MAX",
        "entries of the agenda that nobody waits for any more, beside half of all",
        "entries",
        "engine/test_agenda.py::test_cancelled_appointments_do_not_pile_up",
    ),
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
        "engine/pages.FOLD_ABOVE",
        "pages of queues in memory before some go to files, of 512 messages each",
        "pages",
        "engine/test_pages.py::test_it_is_crowded_with_many_pages_if_there_is_somewhere_to_put_them",
    ),
    Inner(
        "engine/index.NEAR_PAGES_MAX",
        "pages of a queue that stay in memory if they have been there, for what is delivered next",
        "pages",
        "engine/test_index.py::test_pages_that_have_stayed_follow_one_by_one",
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
    Inner(
        "engine/recall.SPARE_BUFFERS_MAX",
        "buffers for reading messages back that are kept for the next",
        "buffers",
        "log/test_spill_store.py::test_what_was_taken_for_it_is_counted_and_given_back",
    ),
    Inner(
        "engine/recall.THIN_CHUNKS_MAX",
        "stretches of messages on disk of which little is wanted",
        "MiB",
        "engine/test_recall.py::test_stored_chunks_with_little_that_is_wanted_are_emptied",
    ),
    Inner(
        "log/spill_store.FREE_BYTES_MIN",
        "free space on the disk that messages do not take, for want of memory",
        "bytes",
        "log/test_spill_store.py::test_a_disk_with_little_room_is_left_alone_and_tried_again_later",
    ),
    Inner(
        "broker/exchanges/topic.ENDS_MAX",
        "places in a topic exchange's patterns of which it is remembered what is behind them",
        "places",
        "broker/exchanges/test_topic.py::test_what_searches_have_found_out_is_forgotten_when_it_is_too_much",
    ),
)
