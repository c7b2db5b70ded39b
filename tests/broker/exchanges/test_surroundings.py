from leveret.broker.exchanges.surroundings import Surroundings


def test_what_types_need_comes_by_name():
    surroundings = Surroundings(random=bytes, deliver=print, spend=abs)
    assert (surroundings.random, surroundings.deliver) == (bytes, print)
