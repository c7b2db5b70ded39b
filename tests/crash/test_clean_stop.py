"""A broker that is told to stop knows afterwards what it had delivered."""

from pathlib import Path

import pytest

from tests.crash.ledger import Ledger
from tests.crash.rounds import check, run_until, terminate


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["one", "two", "three"])
def test_after_a_clean_stop_those_that_were_delivered_are_flagged(
    tmp_path: Path, seed: str
) -> None:
    ledger = Ledger()
    run_until(terminate, tmp_path, ledger, seed)
    assert check(tmp_path, ledger, was_clean=True) > 0
