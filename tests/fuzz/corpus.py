"""The inputs worth keeping of each target: corpus/NAME.hex, one in a line, the shortest first."""

from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).with_name("corpus")


def load(name: str) -> list[bytes]:
    path = FOLDER / f"{name}.hex"
    return [bytes.fromhex(line) for line in path.read_text().split()] if path.exists() else []


def store(name: str, inputs: Iterable[bytes]) -> None:
    ordered = sorted(set(inputs) - {b""}, key=lambda data: (len(data), data))
    (FOLDER / f"{name}.hex").write_text("".join(f"{data.hex()}\n" for data in ordered))
