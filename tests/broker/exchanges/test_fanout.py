from leveret.broker.exchanges.fanout import Fanout
from tests.broker.exchanges.messages import keyed


def test_a_message_goes_everywhere_whatever_the_keys(binding):
    fanout = Fanout()
    fanout.bind(binding("q1", "a"))
    fanout.bind(binding("q2", "b"))
    assert list(fanout.destinations(keyed("c"))) == ["q1", "q2"]


def test_unbinding_one_key_leaves_the_other(binding):
    fanout = Fanout()
    fanout.bind(binding("q1", "a"))
    fanout.bind(binding("q1", "b"))
    fanout.unbind(binding("q1", "a"))
    assert list(fanout.destinations(keyed(""))) == ["q1"]
    assert list(fanout.bindings()) == [binding("q1", "b")]
