import sys
from pathlib import Path

import pytest

from leveret.cli.data_directory import default_data_directory


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="each system has its own place")
def test_the_default_is_where_the_user_keeps_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert default_data_directory() == Path("/somewhere/leveret")
