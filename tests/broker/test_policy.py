import pytest

from leveret.broker.errors import PreconditionFailed
from leveret.broker.policy import (
    KEPT,
    NO_POLICY,
    NOT_FOR_CLASSIC,
    OPERATORS,
    Policy,
    effective_arguments,
    least,
    merged,
)


def policy(definition, **options):
    return Policy(**{"name": "p", "pattern": "", "definition": definition, **options})


def text(policy, **options):
    with pytest.raises(PreconditionFailed) as refusal:
        policy.check(**options)
    return refusal.value.text


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("alternate-exchange", 1, "1 is not a valid alternate exchange name"),
        ("consumer-timeout", "x", "'x' is not a valid consumer timeout"),
        ("dead-letter-exchange", None, "None is not a valid dead letter exchange name"),
        ("dead-letter-routing-key", [], "[] is not a valid dead letter routing key"),
        ("delivery-limit", -2, "-2 is not a valid delivery limit"),
        ("expires", 0, "0 is not a valid queue expiry"),
        ("max-length", -1, "-1 is not a valid maximum length"),
        ("max-length-bytes", 1.5, "1.5 is not a valid maximum length in bytes"),
        ("message-ttl", True, "True is not a valid message TTL"),
        ("overflow", "spill", "'spill' is not a valid overflow value"),
    ],
)
def test_a_value_that_cannot_be_is_named(key, value, what):
    assert text(policy({key: value})) == f"Validation failed: {what}"


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (policy({}), "no policy provided"),
        (policy({"ha-mode": "all"}), "'ha-mode' are not recognised policy settings"),
        (
            policy({"expires": 1}, apply_to="topics"),
            "apply-to 'topics' unrecognised; should be one of: 'queues', 'classic_queues', "
            "'quorum_queues', 'streams', 'exchanges', 'all'",
        ),
        (
            policy({"expires": 1}, pattern="("),
            "invalid regular expression '(': missing ), unterminated subpattern at position 0",
        ),
    ],
)
def test_what_is_no_policy_is_refused(wrong, what):
    assert text(wrong) == f"Validation failed: {what}"


def test_operators_may_only_narrow():
    policy(dict.fromkeys(OPERATORS, 1)).check(operator=True)
    wrong = policy({"dead-letter-exchange": "e"})
    assert "'dead-letter-exchange' are not recognised" in text(wrong, operator=True)


def test_what_rabbitmq_knows_is_kept_and_told_of():
    kept = policy({key: "x" for key in KEPT} | {"expires": 1})
    kept.check()
    assert kept.without_effect() == list(KEPT)
    lenient = policy({"ha-mode": "all"})
    lenient.check(lenient=True)
    assert lenient.without_effect() == ["ha-mode"]


@pytest.mark.parametrize(
    ("apply_to", "classic", "quorum", "stream", "exchanges"),
    [
        ("all", True, True, True, True),
        ("queues", True, True, True, False),
        ("classic_queues", True, False, False, False),
        ("quorum_queues", False, True, False, False),
        ("streams", False, False, True, False),
        ("exchanges", False, False, False, True),
    ],
)
def test_a_policy_applies_to_what_it_says(apply_to, classic, quorum, stream, exchanges):
    each = policy({"expires": 1}, apply_to=apply_to)
    assert [each.applies_to_queues(type) for type in ("classic", "quorum", "stream")] == [
        classic,
        quorum,
        stream,
    ]
    assert each.applies_to_exchanges() == exchanges


@pytest.mark.parametrize("key", sorted(NOT_FOR_CLASSIC))
def test_what_classic_queues_cannot_do_keeps_a_policy_off_them(key):
    each = policy({key: 1, "max-length": 1})
    assert not each.applies_to_queues("classic")
    assert each.applies_to_queues("quorum")


def test_of_numbers_the_least_counts():
    assert least(None, 5) == least(5, None) == least(5, 7) == least(7, 5) == 5
    assert least(-1, 5) == 5
    assert least(-1, None) == -1


def test_an_operators_policy_comes_before_the_other_and_of_numbers_the_least():
    own = policy({"max-length": 5, "expires": 9, "overflow": "drop-head"})
    operators = policy(
        {"max-length": 7, "expires": 3, "message-ttl": 1, "target-group-size": 3}, name="o"
    )
    effective = merged(own, operators)
    assert effective.definition == {
        "max-length": 5,
        "expires": 3,
        "overflow": "drop-head",
        "message-ttl": 1,
        "target-group-size": 3,
    }
    assert (effective.policy, effective.operator_policy) == ("p", "o")
    assert merged(None, None) is NO_POLICY
    assert merged(own, None).definition == own.definition
    assert merged(None, operators).policy is None


DEFINITION = {
    "max-length": 5,
    "message-ttl": 5,
    "overflow": "reject-publish",
    "dead-letter-exchange": "policy",
    "dead-letter-routing-key": "policy",
    "alternate-exchange": "a",
    "queue-mode": "lazy",
}


def test_arguments_come_before_policies_but_for_the_least_of_numbers():
    arguments = {
        "x-max-length": 3,
        "x-message-ttl": 8,
        "x-overflow": "drop-head",
        "x-dead-letter-exchange": "own",
        "x-own": 1,
    }
    assert effective_arguments(arguments, DEFINITION) == {
        "x-max-length": 3,
        "x-message-ttl": 5,
        "x-overflow": "drop-head",
        "x-dead-letter-exchange": "own",
        "x-dead-letter-routing-key": "policy",
        "x-own": 1,
    }


def test_at_a_quorum_queue_the_policys_overflow_comes_first():
    arguments = {"x-queue-type": "quorum", "x-overflow": "drop-head"}
    effective = effective_arguments(arguments, {"overflow": "reject-publish"})
    assert effective["x-overflow"] == "reject-publish"
