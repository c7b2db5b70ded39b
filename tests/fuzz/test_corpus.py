"""What fuzzing has found worth keeping, on the build that is installed."""

import pytest

from tests.fuzz import corpus
from tests.fuzz.branches import worth_keeping
from tests.fuzz.targets import TARGETS

INPUTS_MAX = 200  # of a target: what takes no new branch is not kept


@pytest.mark.parametrize("name", TARGETS)
def test_all_that_was_kept_is_taken_soundly(name: str) -> None:
    kept = corpus.load(name)
    assert kept, f"make fuzz NAME={name}"
    for data in kept:
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_is_small(name: str) -> None:
    assert len(corpus.load(name)) <= INPUTS_MAX


def test_every_corpus_has_a_target() -> None:
    assert {path.stem for path in corpus.FOLDER.iterdir()} == set(TARGETS)


def test_an_input_that_takes_no_new_branch_is_not_kept() -> None:
    from leveret.cli.size import parse_size

    def target(data: bytes) -> None:
        try:
            parse_size(data.decode())
        except ValueError:
            pass

    assert worth_keeping(target, [b"12", b"34", b"x", b"yy"]) == [b"x", b"12"]
