from __future__ import annotations

from pathlib import Path

import pytest

from tests.log.directories import record, write_log


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A log with a claim, two batches, and a clean stop."""
    write_log(tmp_path, [record(1, 40), record(2, 32)], [record(1, 400)])
    return tmp_path
