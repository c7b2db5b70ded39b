"""The declared limits agree with themselves, and with what keeps them."""

import pytest

from leveret import limits
from leveret.engine.amqp091 import session
from leveret.limits import AUTOMATIC, SETTABLE, Limit


@pytest.mark.parametrize("limit", SETTABLE, ids=lambda limit: limit.flag)
def test_a_default_is_within_its_bounds(limit: Limit) -> None:
    assert limit.default == AUTOMATIC or limit.least <= limit.default <= limit.most
    assert limit.default != AUTOMATIC or limit.default_text or limit.least == 0


def test_each_limit_has_a_name_and_a_flag_of_its_own() -> None:
    assert len({limit.name for limit in SETTABLE}) == len({limit.flag for limit in SETTABLE})
    assert len({limit.flag for limit in SETTABLE}) == len(SETTABLE)
    declared = [value for value in vars(limits).values() if isinstance(value, Limit)]
    assert declared == list(SETTABLE)


@pytest.mark.parametrize(
    ("limit", "default"),
    [
        (limits.MESSAGE, session.MESSAGE_BYTES_MAX),
        (limits.UNFINISHED, session.UNFINISHED_BYTES_MAX),
        (limits.TRANSACTION, session.TRANSACTION_BYTES_MAX),
        (limits.UNACKED_PER_CHANNEL, session.UNACKED_MAX),
        (limits.FRAME, session.FRAME_MAX),
    ],
)
def test_the_engine_alone_has_the_same_defaults(limit: Limit, default: int) -> None:
    assert limit.default == default
