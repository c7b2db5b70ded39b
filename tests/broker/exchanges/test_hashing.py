from collections import Counter

from leveret.broker.exchanges.hashing import digest, jump

COUNT = 2000


def test_a_digest_is_the_same_everywhere():
    assert digest(("a",)) == 0xE6D7AC3887B10B57
    assert digest(("str", "é\udc80")) == 0xACED5B6D28FDF752


def test_different_values_have_different_digests():
    values = ["1", 1, ("1",), (1,), None, "", 1.0]
    assert len({digest(value) for value in values}) == len(values)


def test_buckets_are_chosen_about_as_often():
    chosen = Counter(jump(digest(number), 10) for number in range(COUNT))
    assert set(chosen) == set(range(10))
    assert all(150 < count < 250 for count in chosen.values())


def test_a_new_bucket_takes_its_share_and_nothing_else_moves():
    before = [jump(digest(number), 9) for number in range(COUNT)]
    after = [jump(digest(number), 10) for number in range(COUNT)]
    moved = [new for old, new in zip(before, after, strict=True) if old != new]
    assert set(moved) == {9}
    assert 150 < len(moved) < 250


def test_one_bucket_gets_all():
    assert {jump(digest(number), 1) for number in range(10)} == {0}
