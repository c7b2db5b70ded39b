import pytest

from leveret import limits
from leveret.server.address import Address
from leveret.server.admission import REFUSED_MAX, Admission, NoRoom

HERE = Address("10.0.0.1", 1_000)
THERE = Address("10.0.0.2", 1_000)


def test_so_many_are_welcome_and_the_next_is_told_why_not() -> None:
    admission = Admission(3, 2)
    assert [admission.enter(HERE), admission.enter(HERE), admission.enter(THERE)] == [None] * 3
    refusal = admission.enter(Address("10.0.0.3", 1))
    assert refusal == "connection refused: node connection limit (3) is reached"
    assert (admission.welcome_count, admission.refused_count) == (3, 1)


def test_one_address_cannot_take_all_the_room() -> None:
    admission = Admission(10, limits.AUTOMATIC)
    assert [admission.enter(HERE) for _ in range(9)] == [None] * 9
    assert admission.enter(HERE) == "connection refused: address connection limit (9) is reached"
    assert admission.enter(THERE) is None


@pytest.mark.parametrize(("connections", "per_address"), [(1, 1), (9, 9), (10, 9), (1_000, 900)])
def test_without_a_word_an_address_may_have_nine_tenths(connections: int, per_address: int) -> None:
    assert Admission(connections, limits.AUTOMATIC).connections_per_address_max == per_address


def test_who_leaves_makes_room() -> None:
    admission = Admission(1, 1)
    for _ in range(3):
        assert admission.enter(HERE) is None
        assert admission.enter(HERE) is not None
        admission.leave(HERE, was_refused=True)
        admission.leave(HERE, was_refused=False)
    assert (admission.welcome_count, admission.refused_count) == (0, 0)
    assert admission.enter(THERE) is None


def test_a_few_are_told_and_more_find_no_room() -> None:
    admission = Admission(1, 1)
    admission.enter(HERE)
    for _ in range(REFUSED_MAX):
        assert admission.enter(THERE) is not None
    with pytest.raises(NoRoom, match="node connection limit"):
        admission.enter(THERE)
    assert admission.refused_count == REFUSED_MAX
    admission.leave(THERE, was_refused=True)
    assert admission.enter(THERE) is not None


def test_the_second_half_of_an_ipv6_address_makes_no_other_machine() -> None:
    admission = Admission(10, 2)
    assert admission.enter(Address("2001:db8:0:1::1", 1)) is None
    assert admission.enter(Address("2001:db8:0:1:ffff::2", 1)) is None
    assert admission.enter(Address("2001:db8:0:1::3", 1)) is not None
    assert admission.enter(Address("2001:db8:0:2::1", 1)) is None
