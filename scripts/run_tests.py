"""Runs the whole suite against what is installed, and adds the runs up in its last line.

The tests run against an installed wheel, never against src/: first all of them against the
compiled one, then those without sockets once more against the uncompiled one, in an environment
that has no Cython. Whatever fails, the rest still runs.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
WITHOUT_SOCKETS = [
    "tests/engine",
    "tests/wire",
    "tests/broker",
    "tests/peers",
    "tests/log",
    "tests/simulation",
]
FAULTS = {"failures": "failed", "errors": "errors", "skipped": "skipped"}  # pytest's words for them


def run(build: str, python: str, arguments: list[str]) -> Counter[str]:
    """One run of pytest: how its tests ended, and whether it was in order as a whole."""
    print(f"\n== {build}, in {Path(python).parents[1].name}", flush=True)
    report = ROOT / "build" / f"tests-{build}.xml"
    report.parent.mkdir(exist_ok=True)
    report.unlink(missing_ok=True)
    command = [python, "-m", "pytest", f"--junit-xml={report}", *arguments]
    status = subprocess.run(command, cwd=ROOT, env=os.environ | {"LEVERET_TEST_BUILD": build})
    return read(report) + Counter(broken=int(status.returncode != 0))


def read(report: Path) -> Counter[str]:
    result: Counter[str] = Counter()
    for suite in ElementTree.parse(report).getroot() if report.exists() else ():
        faults = {word: int(suite.get(key, 0)) for key, word in FAULTS.items()}
        result.update(faults, passed=int(suite.get("tests", 0)) - sum(faults.values()))
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pure", metavar="PYTHON", help="has the uncompiled wheel and no Cython")
    options, arguments = parser.parse_known_args()
    start = time.monotonic()
    strict = os.environ.get("LEVERET_REQUIRE_COMPILED") == "1"
    total = run("compiled" if strict else "installed", sys.executable, arguments)
    if options.pure:
        total += run("pure", options.pure, [*WITHOUT_SOCKETS, *arguments])
    words = [f"{total[word]} {word}" for word in FAULTS.values() if total[word]]
    words.append(f"{total['passed']} passed")
    print(f"\n==== {', '.join(words)} in {time.monotonic() - start:.2f}s ====")
    return int(total["broken"] > 0)


if __name__ == "__main__":
    sys.exit(main())
