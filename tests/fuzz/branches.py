"""Which inputs take a branch of the uncompiled sources that no shorter one takes."""

import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

Branch = tuple[str, int, int]  # of a file, from one line to another
PACKAGE = "/leveret/"


def branches(target: Callable[[bytes], None], data: bytes) -> set[Branch]:
    found: set[Branch] = set()

    def called(frame: FrameType, _event: str, _argument: Any) -> Any:
        path = frame.f_code.co_filename
        if PACKAGE not in path:
            return None
        before = 0

        def line(frame: FrameType, event: str, _argument: Any) -> Any:
            nonlocal before
            if event == "line":
                found.add((path, before, frame.f_lineno))
                before = frame.f_lineno
            return line

        return line

    sys.settrace(called)
    try:
        target(data)
    finally:
        sys.settrace(None)
    return found


def worth_keeping(target: Callable[[bytes], None], inputs: Iterable[bytes]) -> list[bytes]:
    seen: set[Branch] = set()
    kept: list[bytes] = []
    for data in sorted(inputs, key=lambda data: (len(data), data)):
        if new := branches(target, data) - seen:
            seen |= new
            kept.append(data)
    return kept


def main() -> None:
    """Leaves in the corpus of a target what is worth it of what is in these folders."""
    from pathlib import Path

    from tests.fuzz import corpus
    from tests.fuzz.targets import TARGETS

    name, *folders = sys.argv[1:]
    inputs = [path.read_bytes() for folder in folders for path in Path(folder).iterdir()]
    corpus.store(name, worth_keeping(TARGETS[name], {*inputs, *corpus.load(name)}))


if __name__ == "__main__":
    main()
