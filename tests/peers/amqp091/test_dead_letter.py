from leveret.broker.dead_letters import Death, Ending, Story
from leveret.engine.dead_letters import DeadMessage
from leveret.peers.amqp091.dead_letter import read, write
from leveret.wire.amqp091.properties import BasicProperties, decode_properties, encode_properties

DEATH = Death("q", "expired", 2, 1_700_000_000, "e", ("k", "copy"), "50")
STORY = Story(
    (DEATH, DEATH._replace(reason="rejected")),
    Ending("p", "maxlen", "f"),
    Ending("q", "expired", "e"),
)
PROPERTIES = BasicProperties(
    headers={"mine": [1, 2.5], "CC": ["copy"], "x-death": "a lie"},
    expiration="60",
    message_id="m",
    priority=3,
)


def dead(properties, *, has_died):
    return DeadMessage(b"e", b"k", properties, b"body", 3, 0, has_died)


def test_what_is_written_is_read_again():
    written = write(encode_properties(PROPERTIES), STORY, without_copies=False)
    letter = read(dead(written, has_died=True))
    assert letter.story == STORY
    assert letter.message.routing_keys == ("k", "copy")
    assert letter.expiration is None
    assert write(written, STORY, without_copies=False) == written


def test_the_rest_of_the_message_stays_and_its_expiration_goes():
    written = decode_properties(write(encode_properties(PROPERTIES), STORY, without_copies=False))
    assert (written.message_id, written.priority, written.expiration) == ("m", 3, None)
    headers = written.headers or {}
    assert (headers["mine"], headers["CC"]) == ([1, 2.5], ["copy"])
    assert len(headers["x-death"]) == 2
    assert headers["x-first-death-queue"] == "p"
    assert headers["x-last-death-reason"] == "expired"


def test_other_routing_keys_go_where_the_queue_gives_one():
    written = write(encode_properties(PROPERTIES), STORY, without_copies=True)
    assert "CC" not in decode_properties(written).headers


def test_properties_without_headers_get_some():
    written = write(b"\0\0", STORY, without_copies=False)
    assert read(dead(written, has_died=True)).story == STORY


def test_what_the_broker_has_not_written_is_not_read():
    lie = write(encode_properties(PROPERTIES), STORY, without_copies=False)
    assert read(dead(lie, has_died=False)).story is None


def test_the_expiration_that_it_had_is_told():
    assert read(dead(encode_properties(PROPERTIES), has_died=False)).expiration == "60"
