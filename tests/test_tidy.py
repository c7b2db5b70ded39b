"""The house rules that a machine can check. Each message says why.

The table of layers below is the architecture: ARCHITECTURE.md explains it, this file enforces it.
Nothing here imports Leveret, so the rules hold for a checkout in which nothing is built.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGE = "leveret"
ROOT = REPOSITORY / "src" / PACKAGE

MAY_IMPORT: dict[str, set[str]] = {  # layer: the layers below it, and no other
    "__init__": set(),
    "_cython_compat": set(),
    "engine": {"_cython_compat"},
    "wire": {"engine"},  # of the engine, the buffer only
    "broker": {"engine"},
    "peers": {"engine", "wire", "broker"},
    "log": {"_cython_compat", "engine"},
    "client": {"engine", "wire"},
    "bench": {"_cython_compat", "engine", "wire", "client"},
    "server": {"engine", "wire", "broker", "peers", "log"},
    "management": {"broker"},
    "testing": {"engine", "wire", "broker", "peers", "log", "client", "server"},
    "pytest_plugin": {"testing"},
    "cli": {
        *("engine", "wire", "broker", "peers", "log", "client"),
        *("bench", "server", "management", "testing"),
    },
    "__main__": {"cli"},
}
SANS_IO = {"engine", "wire", "broker", "peers"}
NOT_IN_SANS_IO = {
    *("asyncio", "concurrent", "multiprocessing", "subprocess", "threading", "signal"),
    *("select", "selectors", "socket", "ssl"),
    *("os", "pathlib", "shutil", "tempfile", "logging"),
    *("random", "secrets", "time", "uuid"),
    "importlib",  # would hide any of these
}
NOT_CALLED_IN_SANS_IO = {"open", "print", "input", "hash", "__import__"}  # hash() has a random seed

ENGINE_CIMPORTS = ("cython", "libc.stdint", "libc.string", "cpython", "leveret.engine")
MAY_CIMPORT: dict[str, tuple[str, ...]] = {  # compiled layer: what of C it may see
    "engine": ENGINE_CIMPORTS,
    "log": (*ENGINE_CIMPORTS, "libc", "posix", "leveret.log"),
    "bench": (*ENGINE_CIMPORTS, "libc", "posix", "leveret.bench"),
}
RAW_MEMORY = "engine/buffer"  # the only module of the sans-IO layers with pointers in it
WITHOUT_PXD = {  # compiled module: why it declares no C types for others
    "engine/probe": "only tests call it, from Python",
}

LINES_PER_FILE = 600
LINES_PER_FUNCTION = 60  # docstring not counted
LINES_PER_MEASURED_FUNCTION = 120
MEASURED: dict[str, str] = {  # engine function: the benchmark where cutting it costs over 3 %
}
RATCHET: dict[str, int] = {  # what is too long already: its length, which may only go down
}
TESTED_ELSEWHERE: dict[str, str] = {  # sans-IO module without a test module of its own: why
    "engine/probe": "is itself the tests' view of engine/buffer",
    "peers/peer": "names methods and does nothing",
    "wire/amqp091/errors": "one exception, which every other module's tests expect",
}

FOREIGN = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|tmp/(?:wt|plan|venv))\b|\.\./shared")
EXCUSE = re.compile(
    r"#\s*(?P<what>noqa|type:\s*ignore|pragma:\s*no cover)"
    r"(?P<codes>:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|\[[\w, -]+\])?(?P<reason>.*)"
)

FILES = sorted(ROOT.rglob("*.py"))
DECLARATIONS = sorted(ROOT.rglob("*.pxd"))
FOLDERS = ("src", "tests", "docs", "examples", "benchmarks", "scripts", ".ci")
NOT_OURS = {"__pycache__", "node_modules"}


def everything() -> Iterator[Path]:
    """Each file of the repository, in a checkout and in an unpacked source distribution alike."""
    candidates = [REPOSITORY / ".gitignore", *REPOSITORY.glob("[!.]*")]
    for folder in FOLDERS:
        candidates += (REPOSITORY / folder).rglob("*")
    for path in sorted(candidates):
        parts = path.relative_to(REPOSITORY).parts
        if path.is_file() and not NOT_OURS.intersection(parts) and ".egg-info" not in str(path):
            yield path


TEXTS = [
    path
    for path in everything()
    if path.suffix in {"", ".py", ".pxd", ".md", ".toml", ".in", ".js"}
]
PYTHON = [path for path in TEXTS if path.suffix == ".py"]
PAGES = [path for path in TEXTS if path.suffix == ".md"]


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def module_of(path: Path) -> str:
    """`engine/amqp091/connection` for src/leveret/engine/amqp091/connection.py."""
    return path.relative_to(ROOT).with_suffix("").as_posix()


def layer_of(path: Path) -> str:
    return module_of(path).partition("/")[0]


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=name_of)


each_module = each(FILES)
each_sans_io_module = each([path for path in FILES if layer_of(path) in SANS_IO])
each_compiled_source = each([p for p in FILES + DECLARATIONS if layer_of(p) in MAY_CIMPORT])


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported_names(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write absolute imports, so that layers show"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def cimported_names(path: Path) -> Iterator[str]:
    if path.suffix == ".pxd":
        for line in path.read_text().splitlines():
            if found := re.match(r"\s*(?:from\s+(\S+)\s+)?cimport\s+(\S+)", line):
                yield found[1] or found[2]
    else:
        for name in imported_names(path):
            if name.startswith("cython.cimports."):
                yield name.removeprefix("cython.cimports.")


def is_within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


# Layers


def test_there_is_source() -> None:
    assert FILES, f"no source under {ROOT}"


@each_module
def test_imports_go_down_the_layers(path: Path) -> None:
    layer = layer_of(path)
    assert layer in MAY_IMPORT, f"{path}: which layer is this? Say in MAY_IMPORT what it may import"
    for name in imported_names(path):
        package, _, rest = name.removeprefix("cython.cimports.").partition(".")
        target = rest.partition(".")[0]
        is_layer = target in MAY_IMPORT or (ROOT / target).is_dir()
        if package != PACKAGE or not is_layer:
            continue
        assert target in MAY_IMPORT[layer] | {layer}, f"{path}: {layer} may not import {target}"
        if layer == "wire" and target == "engine":
            assert is_within(rest, ("engine.buffer",)), f"{path}: of the engine, wire sees buffer"


@each_sans_io_module
def test_sans_io_has_no_clock_no_dice_and_no_socket(path: Path) -> None:
    for name in imported_names(path):
        package = name.partition(".")[0]
        assert package not in NOT_IN_SANS_IO, (
            f"{path}: sans-IO, no {package}: take it as an argument"
        )
    for node in ast.walk(tree(path)):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), f"{path}: sans-IO, no await"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = node.func.id
            assert called not in NOT_CALLED_IN_SANS_IO, f"{path}:{node.lineno}: no {called}()"


@each_module
def test_state_hangs_on_objects_and_invariants_are_raised(path: Path) -> None:
    for node in ast.walk(tree(path)):
        where = f"{path}:{getattr(node, 'lineno', 0)}"
        assert not isinstance(node, ast.Global), f"{where}: two brokers in one process share it"
        assert not isinstance(node, ast.Assert), f"{where}: -O silences assert, raise instead"


# Compiled code


@pytest.mark.parametrize("suffix", [".pyx", ".pxi", ".so", ".c"])
def test_the_py_file_is_the_source_and_nothing_is_built_beside_it(suffix: str) -> None:
    assert not list(ROOT.rglob(f"*{suffix}"))


@each_module
def test_only_compiled_layers_use_cython(path: Path) -> None:
    uses_cython = any(is_within(name, ("cython", "Cython")) for name in imported_names(path))
    assert not uses_cython or layer_of(path) in MAY_CIMPORT, f"{path}: plain Python here"


@each_compiled_source
def test_compiled_code_sees_only_the_c_it_may(path: Path) -> None:
    layer = layer_of(path)
    for name in cimported_names(path):
        assert is_within(name, MAY_CIMPORT[layer]), f"{path}: {layer} may not cimport {name}"
        if layer in SANS_IO and is_within(name, ("libc.string",)):
            assert module_of(path) == RAW_MEMORY, f"{path}: raw memory is {RAW_MEMORY}'s alone"


@each([path for path in FILES + DECLARATIONS if layer_of(path) == "engine"])
def test_pointers_are_in_one_module(path: Path) -> None:
    if module_of(path) == RAW_MEMORY:
        return
    for number, line in enumerate(path.read_text().splitlines(), 1):
        code = line.partition("#")[0]
        is_pointer = re.search(r"cython\.(address|pointer|p_\w+|array)\b", code) or (
            path.suffix == ".pxd" and re.search(r"\bcdef\b.*\w\s*\*\s*\w", code)
        )
        assert not is_pointer, f"{path}:{number}: raw memory is {RAW_MEMORY}'s alone"


@each([path for path in FILES if layer_of(path) == "engine"])
def test_an_engine_module_has_its_declarations(path: Path) -> None:
    has = path.with_suffix(".pxd").exists() or path.name == "__init__.py"
    assert has != (module_of(path) in WITHOUT_PXD), f"{path}: a .pxd beside it, or WITHOUT_PXD"


@each(DECLARATIONS)
def test_declarations_have_their_module(path: Path) -> None:
    assert path.with_suffix(".py").exists(), f"{path}: declares nothing that exists"


# Length


def code_length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    has_docstring = ast.get_docstring(function) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function's `file::Class.function` and its length."""

    def visit(node: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
        for child in ast.iter_child_nodes(node):
            name = prefix
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{prefix}{child.name}"
                if not isinstance(child, ast.ClassDef):
                    yield f"{name_of(path)}::{name}", code_length(child)
                name += "."
            yield from visit(child, name)

    return visit(tree(path), "")


def length_of(entry: str) -> int:
    """The length now of a file or function, 0 if it is gone."""
    path = REPOSITORY / entry.partition("::")[0]
    if not path.exists():
        return 0
    if "::" not in entry:
        return path.read_text().count("\n")
    return dict(functions(path)).get(entry, 0)


@each([path for path in TEXTS if path.suffix in {".py", ".pxd"}])
def test_files_are_short(path: Path) -> None:
    name = name_of(path)
    lines = length_of(name)
    assert lines <= RATCHET.get(name, LINES_PER_FILE), f"{name}: {lines} lines, split it by noun"


@each(PYTHON)
def test_functions_are_short(path: Path) -> None:
    for where, lines in functions(path):
        wall = LINES_PER_MEASURED_FUNCTION if where in MEASURED else LINES_PER_FUNCTION
        assert lines <= RATCHET.get(where, wall), f"{where}: {lines} lines, name its parts"


def test_a_longer_engine_function_has_its_benchmark() -> None:
    for entry, benchmark in MEASURED.items():
        assert entry.startswith(f"src/{PACKAGE}/engine/"), f"{entry}: only the engine may"
        assert (REPOSITORY / benchmark).exists(), f"{entry}: where is {benchmark}?"
        assert length_of(entry) > LINES_PER_FUNCTION, f"{entry}: short enough, take it off"


def test_the_ratchet_only_turns_down() -> None:
    for entry, length in RATCHET.items():
        assert length_of(entry) == length, f"{entry}: write its new, smaller length here"


# Tests and words


@each([path for path in FILES if layer_of(path) in SANS_IO and path.name != "__init__.py"])
def test_a_sans_io_module_has_its_test_module(path: Path) -> None:
    module = Path(module_of(path))
    expected = Path("tests", module.parent, f"test_{module.name}.py")
    has = (REPOSITORY / expected).exists()
    assert has != (module.as_posix() in TESTED_ELSEWHERE), f"{expected}, or TESTED_ELSEWHERE"


@each(TEXTS)
def test_the_repository_speaks_of_leveret_only(path: Path) -> None:
    for number, line in enumerate(path.read_text().splitlines(), 1):
        assert not (found := FOREIGN.search(line)), f"{path}:{number}: {found} is not of this house"


@each(PYTHON)
def test_an_excuse_has_its_code_and_its_reason(path: Path) -> None:
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type == tokenize.COMMENT and (found := EXCUSE.search(token.string)):
            where = f"{path}:{token.start[0]}"
            assert found["codes"] or found["what"].startswith("pragma"), f"{where}: which rule?"
            assert len(found["reason"].split()) > 1, f"{where}: say why, on the same line"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each(PAGES)
def test_links_between_pages_resolve(path: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), f"{path}: {link} leads nowhere"
        assert not anchor or anchor in anchors(target), f"{path}: {link} has no such heading"


@each(PAGES)
def test_files_named_in_a_page_exist(path: Path) -> None:
    for name in re.findall(r"`((?:src|tests|docs|scripts)/[\w./-]+)`", path.read_text()):
        assert (REPOSITORY / name).exists(), f"{path}: {name} is not there"
