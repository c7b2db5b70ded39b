"""What the engine raises."""

from leveret.engine.errors import InvariantError, PeerViolation


def test_a_violation_says_which_rule_and_where():
    error = PeerViolation("not_found", "no queue 'q'", 3, 60 << 16 | 40)
    assert (error.kind, error.text, error.channel, error.method) == (
        "not_found",
        "no queue 'q'",
        3,
        60 << 16 | 40,
    )
    assert str(error) == "no queue 'q'"


def test_a_violation_may_concern_the_whole_connection():
    error = PeerViolation("frame_error", "text")
    assert (error.channel, error.method) == (0, 0)


def test_a_bug_of_ours_is_not_the_peers_violation():
    assert not issubclass(InvariantError, PeerViolation)
    assert not issubclass(PeerViolation, InvariantError)
