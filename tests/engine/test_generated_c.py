"""The hot functions, in the C that Cython made of them: no Python object is made or called there.

What a message costs is decided by one untyped variable. So each function that runs for every
message is held to a list of what it may call of Python: counting references, taking from lists
and appending to them, and whatever only runs when an error is raised.
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from leveret.engine.buffer import COMPILED

REPOSITORY = Path(__file__).parents[2]
SOURCE = REPOSITORY / "src" / "leveret" / "engine"
BUILT = REPOSITORY / "build" / "cython" / "src" / "leveret" / "engine"  # by setup.py

HOT = {
    "amqp091/connection": "Connection: walk frame method acknowledge look_up",
    "amqp091/lookahead": "lookahead: fetch_routes fetch_route",  # of the module, not of a class
    "amqp091/channel": "Channel: publish header body body_gathered store acknowledge settle_taken"
    " owe",
    "amqp091/holders": "Holders: at free",
    "amqp091/content": "Content: begin header keep_properties expect_body gather finish",
    "amqp091/properties": "Properties: walk walk_field",
    "amqp091/consumer": "ChannelConsumer: deliver write_parts",
    "amqp091/unacked": "Unacked: add skip has take take_oldest take_at",
    "amqp091/confirms": "Confirms: settled refused waits durable write write_runs write_run"
    " write_frame state set_state",
    "shard": "Shard: publish room enqueue count_targets touch",
    "queue": "Queue: accepts accepted enqueue deliver serve deliver_next deliver_head settle"
    " requeue unpark",
    "index": "Index: append seek_ready cursor_entry cursor_position take_unacked take_away"
    " remove requeue relocate",
    "pages": "Pages: find",
    "records": "Records: append add_target chunk_of release release_in room release_stored bring"
    " release_logged home_of",
    "recall": "Recall: continues extend revive_all revive invite length_of",
    "nearness": "Nearness: has_near log_has_near names_near is_near_in",
    "guests": "Guests: invite",
    "output": "Output: reserve is_full",
    "consumer": "Consumer: has_credit",
    "route": "RouteCache: look_up row_of home_of hash_of fetch is_far",
}
MAKES_A_BUFFER = {"PyLong_FromSsize_t", "__Pyx_PyObject_FastCall"}
MAY_CALL = {  # beyond what all may: what is rare, or was measured and found cheap
    "Connection.method": {  # any other method than those of each message
        *("PyLong_FromSsize_t", "__Pyx_PyLong_From_int", "__Pyx_PyObject_FastCallMethod"),
    },
    "Connection.frame": {  # a heartbeat with a payload, which is an error
        *("PyLong_FromSsize_t", "PyBytes_CheckExact", "__Pyx_PyObject_FastCallMethod"),
        "__Pyx_RaiseUnexpectedTypeError",
    },
    "Shard.publish": {  # a message that was refused, on its way to the dead ones
        *("PyLong_FromSsize_t", "PyBytes_CheckExact", "__Pyx_PyObject_FastCallMethod"),
        "__Pyx_RaiseUnexpectedTypeError",
    },
    "Holders.free": {  # a consumer that has gone
        *("PyLong_FromSsize_t", "__Pyx_SetItemInt", "__Pyx_PyDict_Pop_ignore"),
    },
    "Content.keep_properties": MAKES_A_BUFFER,  # larger ones than any before on this channel
    "Confirms.refused": MAKES_A_BUFFER,  # the first exception after a time without
    "Pages.find": {  # another page than the last time
        *("__Pyx_PyLong_From_unsigned_PY_LONG_LONG", "__Pyx_PyDict_GetItemDefault"),
    },
}
ALL_MAY_CALL = re.compile(
    r"(__Pyx_|Py_)(X?(INC|DEC)REF(_SET)?|CLEAR|X?GOTREF|X?GIVEREF|RefNanny\w+)"
    r"|__Pyx_(AddTraceback|TypeTest|GetItemInt_List|PyList_GET_SIZE|PyList_Append)"
    r"|PyErr_\w+"
)
CALL = re.compile(r"\b((?:Py|_Py|__Pyx_)\w+)\s*\(")
PLACE = re.compile(r'\s*/\* "[\w/]*leveret/engine/([\w/.]+)":(\d+)')


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the C of the sources as they are."""
    if not COMPILED:
        pytest.skip("the compiled run looks at the C")
    if all(is_newer(BUILT / f"{module}.c", module) for module in HOT):
        return BUILT
    build = pytest.importorskip("Cython.Build", reason="no C of these sources, and no Cython")
    folder = tmp_path_factory.mktemp("c")
    modules = [str((SOURCE / f"{module}.py").relative_to(REPOSITORY)) for module in HOT]
    directives = {  # as in setup.py
        "language_level": 3,
        "wraparound": False,
        "initializedcheck": False,
        "cdivision": True,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPOSITORY)
        build.cythonize(
            modules, build_dir=str(folder), include_path=["src"], compiler_directives=directives
        )
    return folder / "src" / "leveret" / "engine"


def is_newer(c: Path, module: str) -> bool:
    sources = SOURCE / f"{module}.py", SOURCE / f"{module}.pxd"
    return c.exists() and all(c.stat().st_mtime >= path.stat().st_mtime for path in sources)


def body_of(lines: list[str], class_name: str, function: str) -> list[str]:
    """The lines of the C function that is the method's body."""
    name = rf"__pyx_f_\w+_{len(class_name)}{class_name}_{function}\("
    for number, line in enumerate(lines):
        if re.match(rf"static [\w *]*{name}", line) and line.rstrip().endswith("{"):
            return lines[number + 1 : lines.index("}", number)]
    raise AssertionError(f"{class_name}.{function} is no C function")


def lines_that_raise(source: str) -> set[int]:
    return {
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Raise)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def python_calls(body: list[str], module: str) -> dict[int, set[str]]:
    """What it calls of Python's C API, by line of the source; raising aside."""
    raising = lines_that_raise((SOURCE / f"{module}.py").read_text())
    calls, line = defaultdict(set), 0
    for text in body:
        if place := PLACE.match(text):
            line = int(place[2])
        elif line not in raising:
            calls[line] |= {name for name in CALL.findall(text) if not ALL_MAY_CALL.fullmatch(name)}
    return calls


@pytest.mark.slow
@pytest.mark.parametrize("module", HOT)
def test_a_hot_function_calls_nothing_of_python(generated, module):
    class_name, _, functions = HOT[module].partition(": ")
    lines = (generated / f"{module}.c").read_text().splitlines()
    for function in functions.split():
        name = f"{class_name}.{function}"
        may = MAY_CALL.get(name, set())
        for line, calls in python_calls(body_of(lines, class_name, function), module).items():
            assert calls <= may, f"{module}.py:{line}, {name} calls {', '.join(calls - may)}"


def test_the_rules_see_what_they_should(generated):
    """A function that is known to call Python, where it is known to."""
    lines = (generated / "amqp091/channel.c").read_text().splitlines()
    calls = python_calls(body_of(lines, "Channel", "send_back"), "amqp091/channel")
    assert "__Pyx_PyObject_FastCallMethod" in set().union(*calls.values())
    with pytest.raises(AssertionError):
        body_of(lines, "Channel", "gone")
