"""What is kept in memory only is kept at once; what nobody wants to know is told to nobody."""

from leveret.peers.service import InMemory, NoJournal


def test_what_is_in_memory_need_not_be_waited_for():
    def done(now, tick):
        raise AssertionError("nobody is waited for, so nobody is called")

    assert InMemory().when_durable(done)


def test_where_nobody_wants_to_know_nothing_happens():
    NoJournal().warning("owner", "closed", "why")
    NoJournal().info("owner", "channel closed", "why")
