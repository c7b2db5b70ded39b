from leveret.broker.message import Message


def test_a_message_may_be_no_more_than_its_names():
    message = Message("e", ("key",))
    assert (message.headers, message.properties, message.body) == ({}, b"\0\0", b"")
    assert message.message_id is message.correlation_id is message.timestamp is None
