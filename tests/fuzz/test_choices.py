from tests.fuzz.choices import Choices


def test_the_same_bytes_decide_the_same():
    data = bytes(range(40))
    first, second = Choices(data), Choices(data)
    for choices in (first, second):
        choices.decided = [choices.below(7), choices.pick("abc"), choices.raw(5), choices.one_in(2)]
    assert first.decided == second.decided


def test_where_the_bytes_end_every_decision_is_the_plainest():
    choices = Choices(b"")
    assert (choices.byte(), choices.below(9), choices.pick("ab"), choices.raw(4)) == (
        0,
        0,
        "a",
        b"",
    )
    assert not choices.one_in(3)


def test_a_number_is_below_its_limit():
    choices = Choices(bytes(range(256)) * 4)
    assert all(choices.below(limit) < limit for limit in (1, 2, 255, 256, 257, 70_000))
