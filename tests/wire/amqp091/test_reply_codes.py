"""Codes, names, and the text of a reply."""

import pytest

from leveret.wire.amqp091.reply_codes import REPLY_CODES, reply_text


@pytest.mark.parametrize(
    ("kind", "reply"),
    [
        ("no_route", (312, "NO_ROUTE", False)),
        ("connection_forced", (320, "CONNECTION_FORCED", True)),
        ("access_refused", (403, "ACCESS_REFUSED", False)),
        ("not_found", (404, "NOT_FOUND", False)),
        ("resource_locked", (405, "RESOURCE_LOCKED", False)),
        ("precondition_failed", (406, "PRECONDITION_FAILED", False)),
        ("frame_error", (501, "FRAME_ERROR", True)),
        ("not_allowed", (530, "NOT_ALLOWED", True)),
        ("internal_error", (541, "INTERNAL_ERROR", True)),
    ],
)
def test_a_kind_has_its_code_name_and_reach(kind, reply):
    assert REPLY_CODES[kind] == reply


def test_exactly_the_codes_from_402_to_406_and_311_to_313_are_soft():
    soft = {reply.code for reply in REPLY_CODES.values() if not reply.is_hard}
    assert soft == {311, 312, 313, 403, 404, 405, 406}


def test_a_reply_text_is_name_and_text():
    assert reply_text("not_found", "no queue 'q' in vhost '/'") == (
        "NOT_FOUND - no queue 'q' in vhost '/'"
    )


def test_without_a_text_the_name_stands_alone():
    assert reply_text("internal_error", "") == "INTERNAL_ERROR"


def test_a_reply_text_of_255_bytes_is_whole():
    assert reply_text("not_found", "x" * 243) == "NOT_FOUND - " + "x" * 243


@pytest.mark.parametrize("text", ["x" * 244, "x" + "é" * 150, "é" * 150, "\udcff" * 300])
def test_a_longer_one_is_cut_between_characters_and_ends_in_dots(text):
    cut = reply_text("not_found", text)
    encoded = cut.encode("utf-8", "surrogateescape")
    assert len(encoded) in (254, 255)
    assert cut.endswith("...")
    assert f"NOT_FOUND - {text}".startswith(cut[:-3])
