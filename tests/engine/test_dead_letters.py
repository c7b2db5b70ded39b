from leveret.engine.dead_letters import DeadMessage, dead_message


def test_names_are_two_short_strings_and_the_protocols_top_bit_says_who_wrote_of_deaths():
    message = dead_message(b"\2ex\3key", b"\0\0", b"body", 5, 0x80)
    assert message == DeadMessage(b"ex", b"key", b"\0\0", b"body", 5, 0, True)
    assert dead_message(b"\0\0", b"\0\0", b"", 0, 3) == (b"", b"", b"\0\0", b"", 0, 3, False)
