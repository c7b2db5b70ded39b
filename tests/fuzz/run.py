"""Fuzzes one target, or all: python -m tests.fuzz.run NAME... [--seconds N] [--guided]

Guided, libFuzzer (atheris) watches which branches of the uncompiled sources an input takes, and
what takes new ones is kept in corpus/. Else inputs are made from numbers and from the corpus, as
fast as any build takes them. What is wrong ends the run, and its input is written to a file whose
name is printed: give it back with --input.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.fuzz import corpus
from tests.fuzz.targets import TARGETS

REPOSITORY = Path(__file__).parents[2]
BYTES_MAX = 400
SECONDS_MAX_PER_INPUT = 10


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.fuzz.run", description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="NAME", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=60, help="for each target")
    parser.add_argument("--guided", action="store_true", help="by coverage; needs atheris")
    parser.add_argument("--seed", type=int, default=time.time_ns() & 0xFFFFFFFF)
    parser.add_argument("--input", type=Path, help="run this one input")
    arguments = parser.parse_args()
    if unknown := set(arguments.targets) - set(TARGETS):
        parser.error(f"no target {', '.join(unknown)}: there are {', '.join(TARGETS)}")
    for name in arguments.targets or TARGETS:
        if arguments.input:
            TARGETS[name](arguments.input.read_bytes())
        elif arguments.guided:
            run_guided(name, arguments.seconds, arguments.seed)
        else:
            count = run_by_numbers(name, TARGETS[name], arguments.seconds, arguments.seed)
            print(f"{name}: {count} inputs, seed {arguments.seed}", flush=True)
    return 0


def run_guided(name: str, seconds: float, seed: int) -> None:
    """Adds to the corpus what takes new branches, and drops from it what no longer does.

    Raises CalledProcessError if an input was wrong.
    """
    with TemporaryDirectory() as found:
        for number, data in enumerate(corpus.load(name)):
            Path(found, str(number)).write_bytes(data)
        options = [
            *(f"-max_total_time={seconds:.0f}", f"-seed={seed}", f"-max_len={BYTES_MAX}"),
            *(f"-timeout={SECONDS_MAX_PER_INPUT}", f"-artifact_prefix={name}-"),
            *("-verbosity=0", "-print_final_stats=1"),
        ]
        run_uncompiled("tests.fuzz.guided", name, *options, found)
        run_uncompiled("tests.fuzz.branches", name, found)


def run_uncompiled(module: str, *arguments: str) -> None:
    path = f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}"
    environment = os.environ | {"PYTHONPATH": path}
    subprocess.run([sys.executable, "-m", module, *arguments], env=environment, check=True)


def run_by_numbers(name: str, target: Callable[[bytes], None], seconds: float, seed: int) -> int:
    """How many inputs there were."""
    until = time.monotonic() + seconds
    for count, data in enumerate(inputs(name, seed), 1):
        try:
            target(data)
        except BaseException:
            path = Path(f"{name}-{seed}-{count}")
            path.write_bytes(data)
            print(f"{name}: seed {seed}, input {count} is written to {path}", file=sys.stderr)
            raise
        if count % 64 == 0 and time.monotonic() > until:
            break
    return count


def inputs(name: str, seed: int) -> Iterator[bytes]:
    """Without end, and the same for the same seed and corpus."""
    random = Random(seed)
    kept = corpus.load(name)
    while True:
        if not kept or random.random() < 0.5:
            yield random.randbytes(random.randrange(1, BYTES_MAX))
            continue
        data = bytearray(random.choice(kept))
        for _ in range(random.randrange(1, 6)):
            change(random, data)
        yield bytes(data)


def change(random: Random, data: bytearray) -> None:
    at = random.randrange(len(data) + 1)
    kind = random.randrange(4)
    if kind == 0:
        data[at:at] = random.randbytes(random.randrange(1, 9))
    elif kind == 1:
        del data[at : at + random.randrange(1, 9)]
    elif at < len(data):
        data[at] = random.randrange(256) if kind == 2 else data[at] ^ 1 << random.randrange(8)


if __name__ == "__main__":
    sys.exit(main())
