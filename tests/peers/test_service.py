"""What is kept in memory only is kept at once."""

from leveret.peers.service import InMemory


def test_what_is_in_memory_need_not_be_waited_for():
    def done(now, tick):
        raise AssertionError("nobody is waited for, so nobody is called")

    assert InMemory().when_durable(done)
