import re
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leveret.broker.expression import (
    LENGTH_MAX,
    REPEATS_MAX,
    Reading,
    compiled,
    is_anchored,
    ways,
)
from leveret.broker.expression_program import InvalidExpression, Program


@pytest.mark.parametrize(
    ("expression", "matching", "others"),
    [
        ("", ["", "x"], []),
        ("^$", [""], ["x"]),
        (".*", ["", "amq.default"], []),
        ("a", ["a", "bab"], ["b"]),
        ("^amq\\.", ["amq.topic"], ["amqp", "my.amq."]),
        ("^(?!amq\\.).*", ["jobs"], ["amq.topic"]),
        ("^(amq\\.gen.*|jobs)$", ["amq.gen-1", "jobs"], ["jobs2"]),
        ("^[[:alpha:]]+$", ["jobs"], ["jobs2"]),
        ("^jobs\\z", ["jobs"], ["jobs2"]),
        ("^\\\\z", ["\\z"], ["z"]),
        ("^[^]a]$", ["b"], ["]", "a"]),
        ("^[[a]$", ["[", "a"], ["b"]),
        ("\\w", ["a"], ["ä"]),
        ("(?i)^JOBS$", ["jobs"], []),
        ("^(a)(?:b)(?P<c>c)\\1(?P=c)(?#d)$", ["abcac"], ["abcab"]),
        ("^x{2,3}?y*+$", ["xx", "xxxyy"], ["x"]),
        ("^(?:web|api)-(?:eu|us)-.*\\.v[0-9]+$", ["web-eu-jobs.v2"], ["web-jobs.v2"]),
    ],
)
def test_an_expression_finds_what_it_finds_with_rabbitmq(expression, matching, others):
    pattern = compiled(expression)
    assert [name for name in (*matching, *others) if pattern.search(name)] == matching


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("(", "missing ), unterminated subpattern at position 0"),
        ("*", "nothing to repeat at position 0"),
        ("x" * (LENGTH_MAX + 1), "longer than 1024 characters"),
        (f"^x{{{REPEATS_MAX + 1}}}", "more than 1000 repetitions"),
        ("^(?:(?:){100}){11}", "more than 1000 repetitions"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(expression, reason):
    with pytest.raises(InvalidExpression) as refusal:
        compiled(expression)
    assert str(refusal.value) == reason


AS = "a" * 255


@pytest.mark.parametrize(
    ("expression", "matching", "others"),
    [
        ("^(a+)+$", [AS], [AS + "b", ""]),
        ("^(a|a)*$", [AS, ""], [AS + "b"]),
        ("^(?:a*b?)*$", [AS + "b"], [AS + "c"]),
        ("(x+x+)+y", ["xxy", "axxxy"], ["x" * 255]),
        ("^" + "a?" * 25 + "a" * 25, [AS], ["a" * 24 + "b" * 200]),
        ("^" + "(a|a)" * 25 + "$", ["a" * 25], ["a" * 24, "a" * 26]),
        (".*a.*b.*c", ["xaybzc"], [AS + "b" * 255]),
        ("^(a{0,9}){1,9}$", ["a" * 81], ["a" * 82]),
        ("(?i)^([A-Z]+\\.)+[[:alpha:]]+$", ["web.jobs.Eu", "a.b"], ["web..jobs", "web.jobs."]),
        ("^(?!amq\\.)([a-z]+-)*\\w+\\b.*$", ["a-b-c", "amq"], ["amq.topic"]),
        ("(^(a|b)*c$|x.*y.*z)", ["abac", "1x2y3z4"], ["abacd", "xzy"]),
        ("(a|b)+(?<=b)$", ["aab"], ["aba"]),
    ],
)
def test_where_there_are_very_many_ways_all_are_tried_at_once(expression, matching, others):
    pattern = compiled(expression)
    assert isinstance(pattern, Program)
    assert [name for name in (*matching, *others) if pattern.search(name)] == matching


@pytest.mark.parametrize(
    "expression",
    [
        "(?=(a*)*)b",
        "^(?>(a|b)+)c",
        "^((a|b)+)++c",
        "^(x)?(?(1)(a+)+|b)$",
        "^(a+)+\\1$",
        "^(?i:a+)(b*)*$",
    ],
)
def test_what_could_take_for_ever_is_refused_where_only_python_can_do_it(expression):
    with pytest.raises(InvalidExpression, match="too many ways to match a name"):
        compiled(expression)


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("a", 1),
        ("^(a|b)c", 2),
        ("^[|(]c", 1),
        ("^\\|", 1),
        ("^a?", 2),
        ("^a*", 256),
        ("^(ab)+?", 256),
        ("^a{2,}", 256),
        ("^a{2}", 1),
        ("^a{,2}", 3),
        ("^a{2,5}", 4),
        ("^a{}b{x}", 1),
        ("^(a|b){2}", 4),
        ("^(a|b)(c|d|e)", 6),
        ("x|y|z", 3),
        (".*x.*", 256 * 256),
        ("(a+)+", inf),
        ("(a|b){33}", inf),
        ("(?=a*)b", 1),
        ("^(?#a+)b", 1),
        ("(a*)\\1", 256),
    ],
)
def test_ways_are_counted(expression, count):
    assert ways(Reading(expression, at=0).alternatives()) == count


@pytest.mark.parametrize(
    ("expression", "anchored"),
    [("^a", True), ("\\Aa", True), ("a", False), ("^a|b", False), ("", False), ("^", True)],
)
def test_an_expression_may_be_tied_down(expression, anchored):
    assert is_anchored(Reading(expression, at=0).alternatives()) == anchored


def test_what_is_nested_too_deeply_is_refused():
    with pytest.raises(InvalidExpression):
        compiled("(" * 500 + "a" + ")" * 500)


PARTS = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\w", "^", "$", "\\b", "(?=b)", "(?<!a)", ""]),
    lambda parts: st.one_of(
        st.lists(parts, min_size=2, max_size=3).map("".join),
        st.lists(parts, min_size=2, max_size=3).map(lambda each: f"(?:{'|'.join(each)})"),
        st.tuples(parts, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{,2}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


@pytest.mark.slow
@given(PARTS, st.text("abc.", max_size=6))
@settings(max_examples=200, deadline=None)
def test_all_ways_at_once_find_what_one_after_the_other_finds(expression, name):
    program = Program(Reading(expression, at=0).alternatives(), "")
    found = re.compile(expression, re.ASCII).search(name)
    assert (program.search(name) is None) == (found is None)


@pytest.mark.slow
@pytest.mark.parametrize("expression", [".*x", "^" + "a?" * 18 + "a" * 18 + "x", "^(a|b){18}x"])
def test_the_most_that_python_is_given_is_soon_over(expression):
    assert not compiled(expression).search(AS)
