"""libFuzzer on one target: python -m tests.fuzz.guided NAME OPTION... FOLDER...

A process of its own, because libFuzzer ends it, and because the sources are instrumented while
they are imported.
"""

import sys

import atheris


def main() -> None:
    name, *arguments = sys.argv[1:]
    with atheris.instrument_imports(include=["leveret"], enable_loader_override=False):
        from tests.fuzz.targets import TARGETS
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
