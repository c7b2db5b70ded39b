"""Which clients are tested here, and which are not because nobody installed them."""

from pathlib import Path

import pytest

from tests.interop.optional_clients import ABSENT, CLIENTS


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_has_its_tests(client: str) -> None:
    if client in ABSENT:
        pytest.skip(f"{client} is not installed: pip install --group clients")
    assert all(list(Path(__file__).parent.glob(pattern)) for pattern in CLIENTS[client])
