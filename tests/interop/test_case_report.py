"""Each format of reports is read: what passed, what failed, and with which error."""

import pytest

from tests.interop.case_report import Case, read_go_events, read_json_lines, read_libtest

JSON_LINES = """\
{"name": "one", "passed": true, "error": ""}
{"name": "two", "passed": false, "error": "1 is not 2"}
"""
GO_EVENTS = """\
{"Action":"start"}
{"Action":"run","Test":"one"}
{"Action":"output","Test":"one","Output":""}
{"Action":"pass","Test":"one","Elapsed":0}
{"Action":"run","Test":"two"}
{"Action":"output","Test":"two","Output":"1 is "}
{"Action":"output","Test":"two","Output":"not 2"}
{"Action":"fail","Test":"two","Elapsed":0}
{"Action":"output","Output":"FAIL\\n"}
{"Action":"fail","Elapsed":0.002}
"""
LIBTEST = """\

running 2 tests
test one ... ok
test two ... FAILED

failures:

---- two stdout ----
1 is not 2
failures:
    two

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out
"""


@pytest.mark.parametrize(
    ("read", "output"),
    [(read_json_lines, JSON_LINES), (read_go_events, GO_EVENTS), (read_libtest, LIBTEST)],
)
def test_a_report_is_read(read, output: str) -> None:
    one, two = read(output)
    assert (one, two.name, two.passed) == (Case("one", True, ""), "two", False)
    assert two.error.strip() == "1 is not 2"
