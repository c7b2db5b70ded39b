"""A server without sockets, and a client that is connected to it with channel 1 open."""

import pytest

from tests.peers.client_peer import ClientPeer, Server


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def client(server: Server) -> ClientPeer:
    return server.client()
