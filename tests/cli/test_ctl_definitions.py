"""Files of definitions, in pieces."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from leveret.broker.commands.command import WrongUsage
from leveret.broker.definitions_import import SECTIONS
from leveret.cli import ctl_definitions
from leveret.cli.ctl_client import Refused
from leveret.cli.ctl_definitions import export_file, import_file, moved, parts, pieces


class FakeClient:
    """`refusals`: what is wrong, by the name of a queue."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.refusals: dict[str, str] = {}

    def ask(self, command: str, arguments: dict[str, Any]) -> object:
        if command == "status":
            return {"version": "1.2.3"}
        assert command == "import_definitions"
        self.asked.append(arguments)
        for index, queue in enumerate(arguments["document"].get("queues", [])):
            if (text := self.refusals.get(queue["name"])) is not None:
                raise Refused("precondition_failed", f"queues[{index}].{text}")
        return ["a note"]

    def rows(self, command: str, arguments: dict[str, Any], columns: object) -> list[list[Any]]:
        assert command == "export_definitions"
        self.asked.append(arguments)
        return [["users", {"name": "ann"}], ["queues", {"name": "q"}]]


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


def test_what_is_exported_is_a_document_that_nobody_else_can_read(
    client: FakeClient, tmp_path: Path
) -> None:
    path = tmp_path / "x.json"
    export_file(client, {"file": str(path)})
    assert path.stat().st_mode & 0o777 == 0o600
    document = json.loads(path.read_text())
    empty = {section: [] for section in SECTIONS}
    assert document == {
        **{"product_name": "Leveret", "product_version": "1.2.3"},
        **empty,
        **{"users": [{"name": "ann"}], "queues": [{"name": "q"}]},
    }


def test_of_one_virtual_host_it_says_which(
    client: FakeClient, capsys: pytest.CaptureFixture[str]
) -> None:
    export_file(client, {"vhost": "v"})
    assert json.loads(capsys.readouterr().out)["original_vhost_name"] == "v"
    assert client.asked == [{"vhost": "v"}]


def test_a_document_goes_in_pieces_of_one_section_in_order() -> None:
    document = {
        "rabbit_version": "3.4.0",
        "queues": list(range(250)),
        "users": ["ann"],
        "bindings": [],
    }
    found = list(pieces(document))
    assert [(start, len(piece.get("queues", []))) for start, piece in found] == [
        *((0, 0), (0, 100), (100, 100), (200, 50))
    ]
    assert found[0][1] == {"rabbit_version": "3.4.0", "users": ["ann"]}
    assert all(piece["rabbit_version"] == "3.4.0" for _, piece in found)


def test_what_is_not_known_is_asked_about_too() -> None:
    assert list(pieces({"birds": [1]})) == [(0, {"birds": [1]})]


def test_large_entries_go_in_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctl_definitions, "REQUEST_BYTES", 50)
    assert list(parts(["x" * 20, "x" * 20, "x" * 20, "x" * 90, "x"])) == [
        *(["x" * 20, "x" * 20], ["x" * 20], ["x" * 90], ["x"])
    ]


def test_notes_are_told_once(client: FakeClient, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"queues": [{"name": str(number)} for number in range(150)]}))
    assert import_file(client, {"file": str(path), "vhost": "v"}) == ["a note"]
    assert [arguments["vhost"] for arguments in client.asked] == ["v", "v"]


def test_what_is_wrong_is_told_with_its_place_in_the_file(
    client: FakeClient, tmp_path: Path
) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"queues": [{"name": str(number)} for number in range(150)]}))
    client.refusals["123"] = "arguments: no"
    with pytest.raises(Refused) as refusal:
        import_file(client, {"file": str(path)})
    assert str(refusal.value) == f"{path}: queues[123].arguments: no"
    assert moved("no place", 5) == "no place"


def test_a_document_may_come_from_standard_input(
    client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"users": [5]}'))
    import_file(client, {})
    assert client.asked == [{"document": {"users": [5]}}]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON: "),
        ("[]", "must be an object"),
        ('{"queues": {}, "users": {"a": 1}}', "users: must be a list"),
        ("[" * 100_000, "not JSON: "),
    ],
)
def test_what_is_no_document_is_told(
    client: FakeClient, tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(WrongUsage, match=told):
        import_file(client, {"file": str(path)})


def test_files_that_cannot_be_had_are_told(client: FakeClient, tmp_path: Path) -> None:
    path = str(tmp_path / "none" / "x")
    for use in (import_file, export_file):
        with pytest.raises(WrongUsage, match=f"{path}: No such file or directory"):
            use(client, {"file": path})
