"""A broker that is killed at any moment has what it said that it has, when it is started again.

LEVERET_CRASHES says how many times it is killed. A series of ten is on one data directory: what
came through one crash must come through the next ones. Every other one has small segments.
"""

import contextlib
import random
import subprocess
import sys
from pathlib import Path
from subprocess import DEVNULL

import pytest

from tests.crash.ledger import Ledger
from tests.crash.rounds import CRASHES, check, kill, make_directory, run_until

SERIES = 10
START_SECONDS = (0.1, 0.5)  # from the imports on, until it may be listening


def kill_while_starting(directory: Path, seconds: float) -> None:
    command = [sys.executable, "-m", "leveret", "serve", "--data-dir", str(directory)]
    with subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0"], stdout=DEVNULL, stderr=DEVNULL
    ) as process:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("series", range(-(-CRASHES // SERIES)))
def test_what_was_confirmed_outlives_a_kill(tmp_path: Path, series: int) -> None:
    if series % 2:
        make_directory(tmp_path)
    ledger = Ledger()
    chance = random.Random(series)
    for index in range(min(SERIES, CRASHES - series * SERIES)):
        run_until(kill, tmp_path, ledger, f"{series}.{index}")
        if chance.random() < 0.3:
            kill_while_starting(tmp_path, chance.uniform(*START_SECONDS))
        check(tmp_path, ledger)
