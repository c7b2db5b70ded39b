"""The house rules that a machine can check. Each message says why.

The table of layers below is the architecture: ARCHITECTURE.md explains it, this file enforces it.
Nothing here imports Leveret, so the rules hold for a checkout in which nothing is built.
"""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PACKAGE = "leveret"
ROOT = REPOSITORY / "src" / PACKAGE

MAY_IMPORT: dict[str, set[str]] = {  # layer: the layers below it, and no other
    "__init__": set(),
    "_cython_compat": set(),
    "limits": set(),
    "engine": {"_cython_compat"},
    "wire": {"engine"},  # of the engine, the buffer only
    "broker": {"limits", "engine"},
    "peers": {"limits", "engine", "wire", "broker"},
    "log": {"_cython_compat", "engine"},
    "client": {"engine", "wire"},
    "bench": {"_cython_compat", "engine", "wire", "client"},
    "server": {"limits", "engine", "wire", "broker", "peers", "log"},
    "management": {"broker"},
    "testing": {"engine", "wire", "broker", "peers", "log", "client", "server"},
    "pytest_plugin": {"testing"},
    "cli": {
        *("limits", "engine", "wire", "broker", "peers", "log", "client"),
        *("bench", "server", "management", "testing"),
    },
    "__main__": {"cli"},
}
SANS_IO = {"limits", "engine", "wire", "broker", "peers"}
NOT_IN_SANS_IO = {
    *("asyncio", "concurrent", "multiprocessing", "subprocess", "threading", "signal"),
    *("select", "selectors", "socket", "ssl"),
    *("os", "pathlib", "shutil", "tempfile", "logging"),
    *("random", "secrets", "time", "uuid"),
    "importlib",  # would hide any of these
}
NOT_CALLED_IN_SANS_IO = {"open", "print", "input", "hash", "__import__"}  # hash() has a random seed

ENGINE_CIMPORTS = ("cython", "libc.stdint", "libc.string", "cpython", "leveret.engine")
MAY_CIMPORT: dict[str, tuple[str, ...]] = {  # compiled folder: what of C it may see
    "engine": ENGINE_CIMPORTS,
    "log/native": (
        *(*ENGINE_CIMPORTS, "leveret.log.native"),
        *("libc.errno", "libc.stdio", "posix.fcntl", "posix.signal", "posix.unistd"),
    ),
    "bench/frames": (*ENGINE_CIMPORTS, "libc", "posix", "leveret.bench"),
}
RAW_MEMORY = "engine/buffer"  # the only module of the engine with pointers in it
POINTER_IN_PY = re.compile(r"libc\.string|\bcython\.(address|array|pointer|p_\w+)\b")
POINTER_IN_PXD = re.compile(r"libc\.string|\bcdef\b.*\w\s*\*\s*\w")
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
    "engine/moves": "its tests are those of what moves: records, guests, and the shard's commands",
    "engine/nearness": "its tests are those of what leaves memory: spill and guests",
    "engine/reading": "what recall asks for: its tests are those of recall",
    "engine/spread": "how recall reads the log: its tests are those of guests",
    "engine/probe": "is itself the tests' view of engine/buffer",
    "broker/exchanges/__init__": "every test of an exchange goes through its table",
    "wire/amqp091/errors": "raised in the tests of every module beside it",
}

FOREIGN = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|tmp/(?:wt|plan|venv))\b|\.\./shared")
EXCUSE = re.compile(
    r"#\s*(?P<what>noqa|type:\s*ignore|pragma:\s*no cover)"
    r"(?P<codes>:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|\[[\w, -]+\])?(?P<reason>.*)"
)

FILES = sorted(ROOT.rglob("*.py"))
DECLARATIONS = sorted(ROOT.rglob("*.pxd"))
SOURCES = FILES + DECLARATIONS
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
    if path.suffix
    in {"", ".py", ".pxd", ".md", ".toml", ".in", ".go", ".java", ".js", ".rs", ".xml"}
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


def compiled_folder_of(path: Path) -> str | None:
    """The folder of MAY_CIMPORT that it is in."""
    return next((name for name in MAY_CIMPORT if module_of(path).startswith(f"{name}/")), None)


SANS_IO_FILES = [path for path in FILES if layer_of(path) in SANS_IO]


def rule(paths: Iterable[Path]) -> Callable[[Callable[[Path], Iterator[str]]], Callable[[], None]]:
    """Makes a test of a function that yields its complaints about one file."""

    def make_test(complaints: Callable[[Path], Iterator[str]]) -> Callable[[], None]:
        def test() -> None:
            found = [
                f"{name_of(path)}{complaint}" for path in paths for complaint in complaints(path)
            ]
            assert not found, "\n".join(["", *found])

        return test

    return make_test


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported_names(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module}.{alias.name}" for alias in node.names)


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


@rule(FILES)
def test_imports_go_down_the_layers(path: Path) -> Iterator[str]:
    layer = layer_of(path)
    if layer not in MAY_IMPORT:
        yield ": which layer is this? Say in MAY_IMPORT what it may import"
        return
    for name in imported_names(path):
        if name.startswith("."):
            yield f": {name}: write absolute imports, so that layers show"
        package, _, rest = name.removeprefix("cython.cimports.").partition(".")
        target = rest.partition(".")[0]
        is_layer = target in MAY_IMPORT or (ROOT / target).is_dir()
        if package != PACKAGE or not target or not is_layer:
            continue  # of another package, or a name of leveret/__init__.py
        if target not in MAY_IMPORT[layer] | {layer}:
            yield f": {layer} may not import {target}"
        if layer == "wire" and target == "engine" and not is_within(rest, ("engine.buffer",)):
            yield f": {name}: of the engine, wire sees the buffer only"


@rule(SANS_IO_FILES)
def test_sans_io_has_no_clock_no_dice_and_no_socket(path: Path) -> Iterator[str]:
    for name in imported_names(path):
        if name.partition(".")[0] in NOT_IN_SANS_IO:
            yield f": {name}: sans-IO, take what it gives as an argument"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield f":{node.lineno}: sans-IO, nothing is awaited"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in NOT_CALLED_IN_SANS_IO:
                yield f":{node.lineno}: sans-IO, no {node.func.id}()"


@rule(FILES)
def test_state_hangs_on_objects(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Global):
            yield f":{node.lineno}: two brokers in one process would share it"


@rule(FILES)
def test_invariants_are_raised(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Assert):
            yield f":{node.lineno}: python -O silences assert"


# Compiled code


def test_the_py_file_is_the_source_and_nothing_is_built_beside_it() -> None:
    assert not [path for path in ROOT.rglob("*") if path.suffix in {".pyx", ".pxi", ".so", ".c"}]


@rule(FILES)
def test_only_compiled_folders_use_cython(path: Path) -> Iterator[str]:
    uses_cython = any(is_within(name, ("cython", "Cython")) for name in imported_names(path))
    if uses_cython and compiled_folder_of(path) is None:
        yield ": this folder is plain Python"


@rule(path for path in SOURCES if compiled_folder_of(path))
def test_compiled_code_sees_only_the_c_it_may(path: Path) -> Iterator[str]:
    folder = compiled_folder_of(path) or ""
    for name in cimported_names(path):
        if not is_within(name, MAY_CIMPORT[folder]):
            yield f": {folder} may not cimport {name}"


def test_every_compiled_folder_is_compiled() -> None:
    setup = (REPOSITORY / "setup.py").read_text()
    folders = re.findall(rf'"{PACKAGE}/([\w/]+)"', setup)
    assert sorted(folders) == sorted(MAY_CIMPORT)


@rule(path for path in SOURCES if layer_of(path) == "engine" and module_of(path) != RAW_MEMORY)
def test_raw_memory_is_in_one_module(path: Path) -> Iterator[str]:
    pattern = POINTER_IN_PXD if path.suffix == ".pxd" else POINTER_IN_PY
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if pattern.search(line.partition("#")[0]):
            yield f":{number}: pointers are {RAW_MEMORY}'s alone"


@rule(path for path in FILES if layer_of(path) == "engine" and path.name != "__init__.py")
def test_an_engine_module_has_its_declarations(path: Path) -> Iterator[str]:
    if path.with_suffix(".pxd").exists() == (module_of(path) in WITHOUT_PXD):
        yield ": a .pxd beside it, or else an entry in WITHOUT_PXD"


@rule(DECLARATIONS)
def test_declarations_have_their_module(path: Path) -> Iterator[str]:
    if not path.with_suffix(".py").exists():
        yield ": declares nothing that exists"


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


@rule(path for path in TEXTS if path.suffix in {".py", ".pxd"})
def test_files_are_short(path: Path) -> Iterator[str]:
    lines = length_of(name_of(path))
    if lines > RATCHET.get(name_of(path), LINES_PER_FILE):
        yield f": {lines} lines, split it by noun"


@rule(PYTHON)
def test_functions_are_short(path: Path) -> Iterator[str]:
    for where, lines in functions(path):
        wall = LINES_PER_MEASURED_FUNCTION if where in MEASURED else LINES_PER_FUNCTION
        if lines > RATCHET.get(where, wall):
            yield f": {where} has {lines} lines, name its parts"


def test_a_longer_engine_function_has_its_benchmark() -> None:
    for entry, benchmark in MEASURED.items():
        assert entry.startswith(f"src/{PACKAGE}/engine/"), f"{entry}: only the engine may"
        assert (REPOSITORY / benchmark).exists(), f"{entry}: where is {benchmark}?"
        assert length_of(entry) > LINES_PER_FUNCTION, f"{entry}: short enough, take it off"


def test_the_ratchet_only_turns_down() -> None:
    for entry, length in RATCHET.items():
        assert length_of(entry) == length, f"{entry}: write its new, smaller length here"


# Tests and words


def does_something(path: Path) -> bool:
    """Whether a function in it has a body; a protocol's or a mere table has nothing to test."""
    return any(
        not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
        for statement in node.body
    )


@rule(path for path in SANS_IO_FILES if does_something(path))
def test_a_sans_io_module_has_its_test_module(path: Path) -> Iterator[str]:
    module = Path(module_of(path))
    expected = Path("tests", module.parent, f"test_{module.name}.py")
    if (REPOSITORY / expected).exists() == (module.as_posix() in TESTED_ELSEWHERE):
        yield f": {expected}, or else an entry in TESTED_ELSEWHERE"


def test_an_exception_is_for_a_module_that_exists() -> None:
    for module in (*TESTED_ELSEWHERE, *WITHOUT_PXD):
        assert (ROOT / f"{module}.py").exists(), f"{module}: take it off the list"


@rule(TEXTS)
def test_the_repository_speaks_of_leveret_only(path: Path) -> Iterator[str]:
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if found := FOREIGN.search(line):
            yield f":{number}: {found[0]} is not of this house"


@rule(PYTHON)
def test_an_excuse_has_its_code_and_its_reason(path: Path) -> Iterator[str]:
    if not EXCUSE.search(path.read_text()):
        return
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type == tokenize.COMMENT and (found := EXCUSE.search(token.string)):
            if not found["codes"] and not found["what"].startswith("pragma"):
                yield f":{token.start[0]}: say which rule"
            if len(found["reason"].split()) < 2:
                yield f":{token.start[0]}: say why, on the same line"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@rule(PAGES)
def test_links_between_pages_resolve(path: Path) -> Iterator[str]:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        if not target.exists():
            yield f": {link} leads nowhere"
        elif anchor and anchor not in anchors(target):
            yield f": {link} has no such heading"


@rule(PAGES)
def test_files_named_in_a_page_exist(path: Path) -> Iterator[str]:
    for name in re.findall(r"`((?:src|tests|docs|scripts)/[\w./-]+)`", path.read_text()):
        if not (REPOSITORY / name).exists():
            yield f": {name} is not there"
