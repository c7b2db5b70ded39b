import pytest

from leveret.broker import errors
from leveret.broker.errors import BrokerError


def test_an_error_says_its_text():
    error = errors.NotFound("no queue 'q' in vhost '/'")
    assert error.text == str(error) == "no queue 'q' in vhost '/'"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.NotFound, "not_found"),
        (errors.AccessRefused, "access_refused"),
        (errors.PreconditionFailed, "precondition_failed"),
        (errors.ResourceLocked, "resource_locked"),
        (errors.NotAllowed, "not_allowed"),
        (errors.CommandInvalid, "command_invalid"),
        (errors.MalformedResponse, "syntax_error"),
    ],
)
def test_each_error_has_the_kind_that_protocols_map_to_a_code(error, kind):
    assert issubclass(error, BrokerError)
    assert error("").kind == kind
