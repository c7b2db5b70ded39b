import pytest

from leveret.broker.document import DocumentError, Entry


@pytest.fixture
def entry():
    values = {
        "text": "t",
        "flag": True,
        "number": 7,
        "table": {"a": 1},
        "none": None,
        "list": ["a", "b"],
        "words": "a, b,,c ",
        "empty": [],
        "mixed": ["a", 1],
        "objects": [{"x": "1"}, {"x": "2"}],
    }
    return Entry("here[0]", values)


def test_what_is_there_is_read(entry):
    assert (entry.text("text"), entry.flag("flag", False), entry.number("number", 0)) == (
        "t",
        True,
        7,
    )
    assert entry.table("table") == {"a": 1}
    assert entry.texts("list") == ("a", "b")
    assert entry.texts("words") == ("a", "b", "c")
    assert [each.text("x") for each in entry.entries("objects")] == ["1", "2"]


@pytest.mark.parametrize("key", ["none", "not there"])
def test_null_is_nothing(entry, key):
    assert entry.text(key, "default") == "default"
    assert entry.flag(key, True)
    assert entry.number(key, 3) == 3
    assert entry.table(key) == entry.table("empty") == {}
    assert entry.texts(key) == ()
    assert list(entry.entries(key)) == []


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (lambda e: e.text("number"), "here[0].number: must be a string, not a whole number"),
        (lambda e: e.text("none"), "here[0].none: must be a string, not null"),
        (lambda e: e.text("gone"), "here[0].gone: is missing"),
        (lambda e: e.flag("text", True), "here[0].text: must be true or false, not a string"),
        (lambda e: e.number("flag", 1), "here[0].flag: must be a whole number, not true or false"),
        (lambda e: e.table("list"), "here[0].list: must be an object, not a list"),
        (lambda e: e.texts("mixed"), "here[0].mixed: must be a list of strings"),
        (lambda e: e.texts("number"), "here[0].number: must be a list of strings"),
        (lambda e: list(e.entries("table")), "here[0].table: must be a list, not an object"),
        (lambda e: list(e.entries("list")), "here[0].list[0]: must be an object, not a string"),
        (lambda e: Entry("", []), "must be an object, not a list"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(entry, read, text):
    with pytest.raises(DocumentError) as error:
        read(entry)
    assert str(error.value) == text


def test_keys_that_nobody_asks_for_are_known(entry):
    for key in ("text", "none"):
        entry.text(key, "")
    entry.has("flag")
    assert "text" not in entry.unasked()
    assert {"flag", "table", "mixed"} <= set(entry.unasked())
