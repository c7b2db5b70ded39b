import pytest

from leveret.broker.arguments import freeze
from leveret.broker.errors import PreconditionFailed
from leveret.broker.exchanges.headers import Headers
from tests.broker.exchanges.messages import with_headers


@pytest.fixture
def headers():
    return Headers()


def reaches(headers, binding, arguments, message_headers):
    """Whether a message gets through a binding with these arguments."""
    bound = binding("q", arguments=freeze(arguments))
    headers.bind(bound)
    found = list(headers.destinations(with_headers(message_headers)))
    headers.unbind(bound)
    assert list(headers.destinations(with_headers(message_headers))) == []
    return found == ["q"]


@pytest.mark.parametrize("match", [{}, {"x-match": "all"}, {"x-match": "all-with-x"}])
def test_all_wants_each_of_the_arguments(headers, binding, match):
    wanted = {**match, "a": 1, "b": "x"}
    assert reaches(headers, binding, wanted, {"a": 1, "b": "x", "c": 0})
    assert not reaches(headers, binding, wanted, {"a": 1})
    assert not reaches(headers, binding, wanted, {"a": 1, "b": "y"})
    assert not reaches(headers, binding, wanted, {})


@pytest.mark.parametrize("match", ["any", "any-with-x"])
def test_any_wants_one_of_the_arguments(headers, binding, match):
    wanted = {"x-match": match, "a": 1, "b": "x"}
    assert reaches(headers, binding, wanted, {"a": 1})
    assert reaches(headers, binding, wanted, {"a": 2, "b": "x"})
    assert not reaches(headers, binding, wanted, {"a": 2, "b": "y"})
    assert not reaches(headers, binding, wanted, {})


@pytest.mark.parametrize(("match", "reached"), [("all", True), ("any", False)])
def test_arguments_that_begin_with_x_are_not_looked_at(headers, binding, match, reached):
    assert reaches(headers, binding, {"x-match": match, "x-a": 1}, {"x-a": 1}) == reached
    assert reaches(headers, binding, {"x-match": match, "x-a": 1}, {"x-a": 2}) == reached


@pytest.mark.parametrize("match", ["all-with-x", "any-with-x"])
def test_with_x_they_are(headers, binding, match):
    wanted = {"x-match": match, "x-a": 1}
    assert reaches(headers, binding, wanted, {"x-a": 1})
    assert not reaches(headers, binding, wanted, {"x-a": 2})


@pytest.mark.parametrize(
    ("match", "reached"),
    [("all", True), ("any", False), ("all-with-x", True), ("any-with-x", False)],
)
def test_no_arguments_are_all_had_and_none_of_them(headers, binding, match, reached):
    assert reaches(headers, binding, {"x-match": match}, {"a": 1}) == reached


def test_a_header_called_x_match_is_never_wanted(headers, binding):
    assert reaches(headers, binding, {"x-match": "all-with-x"}, {"x-match": "any"})
    assert not reaches(headers, binding, {"x-match": "any-with-x"}, {"x-match": "any-with-x"})


@pytest.mark.parametrize("value", [0, "", False, None, [], {}])
def test_a_void_argument_wants_the_name_only(headers, binding, value):
    assert reaches(headers, binding, {"a": None}, {"a": value})
    assert not reaches(headers, binding, {"a": None}, {"b": value})


@pytest.mark.parametrize(
    ("wanted", "value", "reached"),
    [
        (1, 1.0, True),
        (1.5, 1.5, True),
        (1, 2.0, False),
        (1, True, False),
        ("1", 1, False),
        ("a", b"a", True),
        (["a", 1], ["a", 1], True),
        ({"k": 1}, {"k": 2}, False),
        (1, None, False),
    ],
)
def test_values_are_compared_numbers_as_numbers(headers, binding, wanted, value, reached):
    assert reaches(headers, binding, {"a": wanted}, {"a": value}) == reached


@pytest.mark.parametrize(
    ("match", "text"),
    [
        ("some", 'value <<"some">>; expected all, any, all-with-x, or any-with-x'),
        (1, "type signedint (value 1); expected longstr"),
        (True, "type bool (value true); expected longstr"),
        (None, "type void (value undefined); expected longstr"),
        ("", "value <<>>; expected all, any, all-with-x, or any-with-x"),
        ([], "type array (value ()); expected longstr"),
    ],
)
def test_an_unknown_match_is_refused_and_not_bound(headers, binding, match, text):
    with pytest.raises(PreconditionFailed) as refusal:
        headers.bind(binding("q", arguments=freeze({"x-match": match})))
    assert refusal.value.text == f"Invalid x-match field {text}"
    assert list(headers.bindings()) == []


def test_each_binding_that_matches_counts(headers, binding):
    for queue, wanted in (("q1", {"a": 1}), ("q2", {"b": 1}), ("q3", {})):
        headers.bind(binding(queue, arguments=freeze(wanted)))
    assert list(headers.destinations(with_headers({"a": 1}))) == ["q1", "q3"]
    assert len(list(headers.bindings())) == 3
