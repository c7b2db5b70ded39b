import pytest

from leveret.broker.errors import PreconditionFailed
from leveret.broker.permission import (
    ALL,
    CONFIGURE,
    READ,
    WRITE,
    Permission,
    TopicPermission,
    rule_of,
    topic_rule_of,
)


def test_each_action_has_an_expression_of_its_own():
    rule = rule_of(Permission(configure="^mine-", write="s$", read="jobs"))
    assert rule.allows(CONFIGURE, "mine-1")
    assert not rule.allows(CONFIGURE, "not-mine-1")
    assert rule.allows(WRITE, "jobs")
    assert not rule.allows(WRITE, "mine-1")
    assert rule.allows(READ, "more jobs")


def test_an_empty_expression_matches_no_name():
    assert not any(rule_of(Permission("", "", "")).allows(action, "x") for action in (WRITE, READ))
    assert rule_of(ALL).allows(READ, "x")


def test_topic_expressions_stand_for_the_user_and_the_virtual_host():
    permission = TopicPermission(write="^{username}\\.{vhost}\\.", read="^open\\.")
    rule = topic_rule_of(permission, user="ann", virtual_host="v")
    assert rule.allows(WRITE, "ann.v.x")
    assert not rule.allows(WRITE, "bob.v.x")
    assert rule.allows(READ, "open.x")


def test_an_expression_that_cannot_be_used_is_named():
    with pytest.raises(PreconditionFailed) as refusal:
        rule_of(Permission(".*", "(", ".*"))
    assert refusal.value.text == (
        "invalid regular expression '(': missing ), unterminated subpattern at position 0"
    )
