import pytest

from leveret.broker.errors import PreconditionFailed
from leveret.broker.queue_arguments import (
    CHECKS,
    COMPARED,
    NOT_OF_QUORUM,
    OF_OTHER_TYPES,
    check,
    check_kind,
    check_named,
    compared,
)

RESOURCE = "queue 'q' in vhost '/'"


def refusal_of(arguments):
    with pytest.raises(PreconditionFailed) as refusal:
        check(arguments, resource=RESOURCE)
    return refusal.value.text


@pytest.mark.parametrize(
    "arguments",
    [{}, {"x-queue-type": "classic"}, {"x-queue-type": b"classic"}, {"x-queue-type": "quorum"}],
)
def test_classic_and_quorum_queues_are_supported(arguments):
    check(arguments, resource=RESOURCE)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"stream", "\"unsupported queue type 'stream'\""),
        (5, "{unacceptable_type,signedint}"),
    ],
)
def test_other_types_of_queue_are_refused_and_never_silently_replaced(value, reason):
    text = refusal_of({"x-queue-type": value})
    assert text == f"invalid arg 'x-queue-type' for {RESOURCE}: {reason}"


GOOD = [
    *(("x-expires", value) for value in (1, 2**32 - 1)),
    *(("x-message-ttl", value) for value in (0, 2**32 - 1)),
    *((name, value) for name in ("x-max-length", "x-max-length-bytes") for value in (0, 2**40)),
    *(("x-max-priority", value) for value in (0, 255)),
    *(("x-overflow", value) for value in ("drop-head", "reject-publish", "reject-publish-dlx")),
    *(("x-queue-leader-locator", value) for value in ("client-local", "balanced")),
    *(("x-single-active-consumer", value) for value in (True, False)),
    ("x-queue-mode", "anything"),
    ("x-queue-version", 2),
    ("x-dead-letter-exchange", ""),
    ("x-unknown", object()),
]


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_what_an_argument_may_be(name, value):
    check({name: value}, resource=RESOURCE)


NO_WHOLE_NUMBER = '"expected integer, got longstr"'
BAD = [
    ("x-expires", 0, "{value_zero,0}"),
    ("x-expires", -1, "{value_negative,-1}"),
    ("x-expires", 2**32, f"{{value_too_large,{2**32}}}"),
    ("x-message-ttl", -1, "{value_negative,-1}"),
    ("x-message-ttl", 2**32, f"{{value_too_large,{2**32}}}"),
    ("x-max-priority", 256, "{max_value_exceeded,256}"),
    *((name, "5", NO_WHOLE_NUMBER) for name in ("x-expires", "x-message-ttl", "x-max-priority")),
    *((name, "5", NO_WHOLE_NUMBER) for name in ("x-max-length", "x-max-length-bytes")),
    *((name, -1, "{value_negative,-1}") for name in ("x-max-length", "x-max-length-bytes")),
    ("x-overflow", "spill", "invalid_overflow"),
    ("x-overflow", 5, "{unacceptable_type,signedint}"),
    ("x-queue-leader-locator", "here", "invalid_queue_locator_arg"),
    ("x-queue-version", 1, "\"unsupported queue version '1'\""),
    ("x-queue-version", "2", NO_WHOLE_NUMBER),
    ("x-queue-version", -2, "{value_negative,-2}"),
    ("x-single-active-consumer", "true", "{unacceptable_type,longstr}"),
    ("x-dead-letter-routing-key", 5, "{unacceptable_type,signedint}"),
    ("x-dead-letter-routing-key", "key", "routing_key_but_no_dlx_defined"),
]


@pytest.mark.parametrize(("name", "value", "reason"), BAD)
def test_what_an_argument_may_not_be(name, value, reason):
    assert refusal_of({name: value}) == f"invalid arg '{name}' for {RESOURCE}: {reason}"


def test_every_check_is_tried_with_what_it_takes_and_what_it_refuses():
    assert CHECKS.keys() - {name for name, *_ in BAD} == {"x-queue-type"}
    assert CHECKS.keys() - {name for name, _ in GOOD} <= {
        "x-queue-type",
        "x-dead-letter-routing-key",
    }


def test_dead_letters_may_have_a_routing_key_where_they_have_an_exchange():
    check({"x-dead-letter-exchange": "x", "x-dead-letter-routing-key": "k"}, resource=RESOURCE)
    text = refusal_of({"x-dead-letter-exchange": 5})
    assert text == f"invalid type 'signedint' for arg 'x-dead-letter-exchange' in {RESOURCE}"


@pytest.mark.parametrize("name", OF_OTHER_TYPES)
def test_what_only_other_types_understand_is_refused(name):
    assert name not in COMPARED
    expected = f"invalid arg '{name}' for {RESOURCE} of queue type rabbit_classic_queue"
    assert refusal_of({name: 1}) == expected


QUORUM = {"x-queue-type": "quorum"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("x-delivery-limit", value) for value in (-1, 0, 20)),
        ("x-consumer-timeout", 60_000),
        ("x-dead-letter-strategy", "at-most-once"),
        ("x-quorum-initial-group-size", 3),
        ("x-overflow", "reject-publish"),
        ("x-message-ttl", 5),
    ],
)
def test_what_an_argument_of_a_quorum_queue_may_be(name, value):
    check({**QUORUM, name: value}, resource=RESOURCE)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("x-delivery-limit", "5", NO_WHOLE_NUMBER),
        ("x-consumer-timeout", -1, "{value_negative,-1}"),
        ("x-dead-letter-strategy", "at-least-once", "unsupported_dead_letter_strategy"),
        ("x-quorum-initial-group-size", 0, "{value_zero,0}"),
        ("x-overflow", "reject-publish-dlx", "invalid_overflow"),
    ],
)
def test_what_an_argument_of_a_quorum_queue_may_not_be(name, value, reason):
    text = refusal_of({**QUORUM, name: value})
    assert text == f"invalid arg '{name}' for {RESOURCE}: {reason}"


@pytest.mark.parametrize("name", NOT_OF_QUORUM)
def test_what_only_other_types_know_a_quorum_queue_refuses(name):
    value = 2 if name in ("x-queue-version", "x-max-priority") else "x"
    text = refusal_of({**QUORUM, name: value})
    assert text == f"invalid arg '{name}' for {RESOURCE} of queue type rabbit_quorum_queue"


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"auto_delete": True}, "auto-delete"),
        ({"exclusive": True}, "exclusive-owner"),
        ({"durable": False}, "non-durable"),
    ],
)
def test_a_quorum_queue_is_durable_and_everybodys(options, what):
    given = {"durable": True, "exclusive": False, "auto_delete": False, **options}
    check_kind({}, **given, resource=RESOURCE)
    with pytest.raises(PreconditionFailed) as refusal:
        check_kind(QUORUM, **given, resource=RESOURCE)
    assert refusal.value.text == f"invalid property '{what}' for {RESOURCE}"


def test_a_quorum_queue_has_a_name():
    check_named("", {})
    check_named("q", QUORUM)
    with pytest.raises(PreconditionFailed) as refusal:
        check_named("", QUORUM)
    text = "Cannot declare a server-named queue for type rabbit_quorum_queue"
    assert refusal.value.text == text


def test_each_type_compares_what_it_knows():
    assert "x-delivery-limit" not in compared({})
    assert "x-delivery-limit" in compared(QUORUM)
