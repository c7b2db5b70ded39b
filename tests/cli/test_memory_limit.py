"""How an operator writes an amount of memory."""

import pytest

from leveret.cli.memory_limit import default_memory_limit, parse_memory_limit

GIB = 1 << 30


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("256MB", 256 << 20),
        ("256 MiB", 256 << 20),
        ("256m", 256 << 20),
        ("2GB", 2 << 30),
        ("268435456", 256 << 20),
        ("65536k", 64 << 20),
        ("40%", 4 * GIB),
        ("100%", 10 * GIB),
        ("1T", 1 << 40),
    ],
)
def test_memory_comes_in_powers_of_two_or_as_a_part_of_the_machines(text, expected):
    assert parse_memory_limit(text, 10 * GIB) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not an amount of memory: write 256MB, 2GB or 40%"),
        ("much", "is not an amount of memory"),
        ("-1GB", "is not an amount of memory"),
        ("1.5GB", "is not an amount of memory"),
        ("0%", "from 1% to 100%"),
        ("101%", "from 1% to 100%"),
        ("63MB", "the broker needs 64MB at least"),
        ("0", "the broker needs 64MB at least"),
    ],
)
def test_what_cannot_be_is_refused_and_said_why(text, says):
    with pytest.raises(ValueError, match=says):
        parse_memory_limit(text, 10 * GIB)


@pytest.mark.parametrize(("machine", "expected"), [(10 * GIB, 4 * GIB), (100 << 20, 64 << 20)])
def test_who_says_nothing_means_two_fifths_of_the_machine_and_enough_to_run(machine, expected):
    assert default_memory_limit(machine) == expected
