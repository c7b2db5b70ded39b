import pytest

from leveret.broker.expression import (
    LENGTH_MAX,
    REPEATS_MAX,
    WAYS_MAX,
    InvalidExpression,
    Reading,
    compiled,
)


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


@pytest.mark.parametrize(
    "expression",
    [
        "^(a+)+$",
        "^(a|a)*$",
        "^(?:a*b?)*$",
        "(x+x+)+y",
        "^" + "a?" * 25 + "a" * 25,
        "^" + "(a|a)" * 25,
        ".*a.*b.*c",
        "^(a{0,20}){1,20}$",
        "^a|" * 2 + "b*b*b*",
        "(?=(a*)*)b",
        "^(?>(a|b)+)c",
        "^(x)?(?(1)(a+)+|b)$",
    ],
)
def test_what_could_take_for_ever_is_refused(expression):
    with pytest.raises(InvalidExpression, match="too many ways to match a name"):
        compiled(expression)


@pytest.mark.parametrize(
    ("expression", "ways"),
    [
        ("^a", 1),
        ("\\Aa", 1),
        ("a", 256),
        ("^a|b", 2 * 256),
        ("^(a|b)c", 2),
        ("^[|(]c", 1),
        ("^\\|", 1),
        ("^a?", 2),
        ("^a*", 256),
        ("^(ab)+", 256),
        ("^a{2,}", 256),
        ("^a{2}", 1),
        ("^a{2,5}", 4),
        ("^(a|b){2}", 4),
        ("^(a|b)(c|d|e)", 6),
        (".*x.*", WAYS_MAX),
    ],
)
def test_ways_are_counted(expression, ways):
    assert Reading(expression).ways() == ways


@pytest.mark.slow
@pytest.mark.parametrize("expression", [".*x.*y", "^" + "a?" * 24 + "a" * 24 + "x"])
def test_the_most_that_is_taken_is_soon_over(expression):
    assert not compiled(expression).search("a" * 255)
