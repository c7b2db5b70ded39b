import pytest

from leveret.broker.exchanges.bag import added, each, removed


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_bag_holds_what_was_added_in_order(binding, count):
    bindings = [binding(f"q{number}") for number in range(count)]
    bag = None
    for one in bindings:
        bag = added(bag, one)
    assert list(each(bag)) == bindings


def test_what_was_removed_is_gone_and_the_rest_stays_in_order(binding):
    one, two, three = binding("q1"), binding("q2"), binding("q3")
    bag = removed(added(added(added(None, one), two), three), two)
    assert list(each(bag)) == [one, three]


def test_a_bag_of_one_is_that_one_whichever_way_it_came_about(binding):
    one, two = binding("q1"), binding("q2")
    assert added(None, one) is one
    assert removed(added(added(None, one), two), two) is one


def test_the_last_one_leaves_nothing(binding):
    one = binding("q1")
    assert removed(one, one) is None


def test_removing_what_is_not_there_is_a_bug_and_fails(binding):
    bag = added(added(None, binding("q1")), binding("q2"))
    with pytest.raises(KeyError):
        removed(bag, binding("q3"))
