"""What a request may have, and what becomes of it."""

import pytest

from leveret.broker.commands.command import (
    Answer,
    Argument,
    Column,
    Command,
    Kind,
    Listing,
    WrongUsage,
    perform,
    show,
    shown_arguments,
    unknown,
)

NAME = Argument("name", "whose")
OPTIONS = (
    Argument("is_loud", "or not", Kind.FLAG, False, option="--loud"),
    Argument("times", "how often", Kind.COUNT, 1, option="--times"),
    Argument("table", "more", Kind.TABLE, {}, option="--table"),
    Argument("short", "like a queue's", Kind.NAME, "", option="--short"),
    Argument("words", "some", Kind.WORDS, (), option="--words"),
    Argument("tone", "which", default=None, option="--tone", choices=("high", "low")),
)
LENGTH = Column("length", "how long", len)
TEXT = Column("text", "all of it", str)


def greet(node, **arguments):
    return {"of": node, **arguments}


def words(node, *, name):
    for word in name.split():
        yield None
        yield word


COMMANDS = {
    "greet": Command("greet", "say hello", greet, (NAME, *OPTIONS)),
    "words": Command("words", "of a name", words, (NAME,), (LENGTH, TEXT), ("text",)),
    "later": Command("later", "do it", lambda node: Answer(lambda: 5)),
}


def refused(name, arguments=(), columns=()):
    with pytest.raises(WrongUsage) as refusal:
        perform(COMMANDS, "node", name, dict(arguments), columns)
    return refusal.value.text


def test_a_command_gets_the_node_and_all_its_arguments():
    command, answer = perform(COMMANDS, "node", "greet", {"name": "x", "times": 2})
    assert command is COMMANDS["greet"]
    assert answer.value() == {
        **{"of": "node", "name": "x", "times": 2, "short": "", "words": ()},
        **{"is_loud": False, "table": {}, "tone": None},
    }
    assert answer.chore is None


def test_what_it_makes_itself_is_its_answer():
    assert perform(COMMANDS, "node", "later", {})[1].value() == 5


def test_a_listing_has_the_columns_that_were_asked_for():
    _, listing = perform(COMMANDS, "node", "words", {"name": "to and"}, ["text", "length"])
    assert isinstance(listing, Listing)
    assert listing.columns == ("text", "length")
    assert list(listing.rows) == [None, ["to", 2], None, ["and", 3]]


def test_a_listing_without_columns_has_those_that_are_shown():
    assert perform(COMMANDS, "node", "words", {"name": "to"})[1].columns == ("text",)


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("greet", {"name": "\ud800"}, "name of greet is text"),
        ("greet", {"name": "x", "short": "x" * 256}, "short of greet is a text of up to 255 bytes"),
        ("greet", {"name": "x", "short": "ä" * 128}, "short of greet is a text of up to 255 bytes"),
        ("greet", {"name": "x", "words": ["\ud800"]}, "words of greet is an array of texts"),
        ("great", {}, "unknown command 'great': did you mean greet?"),
        ("x", {}, "unknown command 'x': there are: greet, words, later"),
        ("greet", {}, "greet needs name: whose"),
        ("greet", {"nam": 1}, "unknown argument of greet 'nam': did you mean name?"),
        ("greet", {"name": None}, "name of greet is text"),
        ("greet", {"name": 5}, "name of greet is text"),
        ("greet", {"name": "x", "is_loud": 1}, "is_loud of greet is true or false"),
        ("greet", {"name": "x", "times": True}, "times of greet is a whole number"),
        ("greet", {"name": "x", "table": []}, "table of greet is an object"),
        ("greet", {"name": "x", "tone": "hi"}, "unknown tone 'hi': did you mean high?"),
        ("later", {"name": "x"}, "unknown argument of later 'name': there are none"),
    ],
)
def test_what_makes_no_sense_is_refused(name, arguments, text):
    assert refused(name, arguments) == text


def test_a_name_has_255_bytes_whatever_they_are():
    for name in ("ä" * 127 + "x", b"\xff".decode("utf-8", "surrogateescape")):
        arguments = {"name": "x", "short": name}
        assert perform(COMMANDS, "node", "greet", arguments)[1].value()["short"] == name


def test_an_argument_that_may_be_missing_may_be_null():
    answer = perform(COMMANDS, "node", "greet", {"name": "x", "tone": None})[1]
    assert answer.value()["tone"] is None


def test_unknown_columns_are_refused_and_so_are_those_of_what_lists_nothing():
    assert refused("words", {"name": "x"}, ["lenght"]) == (
        "unknown column of words 'lenght': did you mean length?"
    )
    assert refused("later", {}, ["text"]) == "later has no columns"


def test_the_log_has_what_is_short_and_no_secret():
    command = Command("x", "", greet, (NAME, *OPTIONS, Argument("password", "", Kind.SECRET)))
    given = {"name": "a b", "password": "secret", "table": {}, "times": 5, "is_loud": True}
    assert shown_arguments(command, given) == "name='a b' is_loud=True times=5"


def test_what_only_asks_is_not_told():
    assert [command.is_told for command in COMMANDS.values()] == [True, False, True]
    assert not COMMANDS["later"]._replace(asks=True).is_told


def test_one_row_is_shown_whole():
    assert show((LENGTH, TEXT), "four") == {"length": 4, "text": "four"}


def test_the_nearest_word_is_named():
    assert unknown("bird", "gose", ["goat", "goose"]).text.endswith("did you mean goose?")
