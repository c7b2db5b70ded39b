"""The program alone; that it finds what `re` finds, test_expression.py shows."""

import pytest

from leveret.broker.expression_program import (
    STEPS_MAX,
    Choice,
    InvalidExpression,
    Item,
    Opaque,
    Program,
    Repeat,
    Sequence,
)

A, B, END = Item("a", False), Item("b", False), Item("$", True)


@pytest.mark.parametrize(
    ("node", "matching", "others"),
    [
        (A, ["a", "xa"], ["b", ""]),
        (Sequence([A, B]), ["ab", "xaby"], ["ba"]),
        (Sequence([A, END]), ["ba"], ["ab"]),
        (Choice([A, Sequence([]), B]), ["a", "b", ""], []),
        (Sequence([Repeat(A, 2, 3), B]), ["aab", "aaab", "aaaab"], ["ab"]),
        (Sequence([Repeat(Repeat(A, 0, None), 0, None), B, END]), ["b", "aab"], ["aa"]),
        (Sequence([Choice([A, B]), Repeat(Choice([A, B]), 1, None), END]), ["ab", "bba"], ["a"]),
    ],
)
def test_a_node_becomes_steps(node, matching, others):
    program = Program(node, "")
    assert [name for name in (*matching, *others) if program.search(name)] == matching


def test_flags_are_for_each_step():
    assert Program(A, "(?i)").search("A")


def test_a_program_that_is_too_large_is_refused():
    with pytest.raises(InvalidExpression, match=f"more than {STEPS_MAX} steps"):
        Program(Repeat(A, STEPS_MAX, STEPS_MAX), "")


def test_what_only_python_can_do_is_refused():
    with pytest.raises(InvalidExpression, match="too many ways"):
        Program(Opaque("\\\\1", None), "")
