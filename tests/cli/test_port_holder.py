import os
import socket
import sys
from pathlib import Path

import pytest

from leveret.cli.port_holder import find_port_holder

HEADER = "sl local_address rem_address st tx_queue tr tm->when retrnsmt uid timeout inode\n"
IDLE = "00000000:0000"
ROW = " 0: {local} {remote} {state} 0:0 00:0 0 0 0 {inode} 1\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc in which rabbit (process 812) listens on port 5672 and talks on 5673."""
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text(
        HEADER
        + ROW.format(local="0100007F:1629", remote="0100007F:9C40", state="01", inode=71)
        + ROW.format(local="00000000:1628", remote=IDLE, state="0A", inode=70)
    )
    for process, name, link in (("7", "init", "pipe:[70]"), ("812", "rabbit", "socket:[70]")):
        (tmp_path / process / "fd").mkdir(parents=True)
        (tmp_path / process / "fd" / "3").symlink_to(link)
        (tmp_path / process / "comm").write_text(f"{name}\n")
    (tmp_path / "99").mkdir()  # its descriptors are not for us to see
    return tmp_path


def test_the_process_that_listens_on_the_port_is_named(proc: Path) -> None:
    assert find_port_holder(5672, proc) == "rabbit (process 812)"


def test_one_that_only_talks_on_the_port_is_not(proc: Path) -> None:
    assert find_port_holder(5673, proc) == ""


def test_a_process_that_cannot_be_seen_is_nobody(proc: Path) -> None:
    (proc / "812" / "fd" / "3").unlink()
    assert find_port_holder(5672, proc) == ""


def test_without_proc_nobody_is_known(tmp_path: Path) -> None:
    assert find_port_holder(5672, tmp_path / "none") == ""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc/net/tcp")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_real_one_knows_this_process(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip("no IPv6 here")
    with sock:
        assert find_port_holder(sock.getsockname()[1]).endswith(f"(process {os.getpid()})")
