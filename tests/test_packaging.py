"""What a user installs: complete, of one version, and built only from what is in the repository."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

import leveret
from leveret.engine.buffer import COMPILED

REPOSITORY = Path(__file__).parents[1]


def installed_files() -> list[PurePosixPath]:
    return [PurePosixPath(path) for path in importlib.metadata.files("leveret") or ()]


def test_the_version_is_that_of_the_package() -> None:
    assert importlib.metadata.version("leveret") == leveret.__version__


def test_the_metadata_names_licence_and_oldest_python() -> None:
    metadata = importlib.metadata.metadata("leveret")
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-File"] == "LICENSE"


def test_few_others_are_installed_with_it() -> None:
    """docs/decisions/0005-libraries.md has them, and why."""
    assert importlib.metadata.requires("leveret") == ["platformdirs<5,>=4"]


def test_the_command_is_installed() -> None:
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="leveret")
    assert callable(command.load())


def test_typed_and_with_its_sources_for_tracebacks() -> None:
    files = {path.as_posix() for path in installed_files()}
    assert "leveret/py.typed" in files
    assert "leveret/engine/buffer.py" in files


def test_no_file_of_the_build_is_installed() -> None:
    assert not [path for path in installed_files() if path.suffix in {".c", ".pxd", ".pyx", ".o"}]


def test_the_engine_is_compiled_whole_or_not_at_all() -> None:
    engine = [path for path in installed_files() if path.parts[:2] == ("leveret", "engine")]
    modules = {
        path.with_suffix("") for path in engine if path.suffix == ".py" and path.stem != "__init__"
    }
    libraries = {path.parent / path.name.split(".")[0] for path in engine if path.suffix == ".so"}
    assert libraries == (modules if COMPILED else set())


def build(kind: str, repository: Path, folder: Path) -> Path:
    """The `wheel` or `sdist` of a repository, by the same calls that pip makes."""
    call = f"import sys; from setuptools import build_meta; build_meta.build_{kind}(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", call, str(folder)],
        cwd=repository,
        env=os.environ | {"LEVERET_PURE": "1"},
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("leveret-*.*")
    return built


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of what is committed, or about to be."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a git checkout: nothing says what belongs to the repository")
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=REPOSITORY, text=True)
    for name in listed.split("\0"):
        if name and (REPOSITORY / name).exists():
            (tmp_path / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, tmp_path / "copy" / name)
    return tmp_path / "copy"


@pytest.mark.slow
def test_the_source_distribution_holds_the_whole_repository(
    repository: Path, tmp_path: Path
) -> None:
    expected = {p.relative_to(repository).as_posix() for p in repository.rglob("*") if p.is_file()}
    with tarfile.open(build("sdist", repository, tmp_path)) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    assert not expected - packed


@pytest.mark.slow
def test_a_module_that_is_gone_is_not_in_the_next_wheel(repository: Path, tmp_path: Path) -> None:
    module = repository / "src/leveret/engine/gone.py"
    for folder, is_there in ((tmp_path / "before", True), (tmp_path / "after", False)):
        module.touch() if is_there else module.unlink()
        folder.mkdir()
        names = zipfile.ZipFile(build("wheel", repository, folder)).namelist()
        assert ("leveret/engine/gone.py" in names) == is_there
