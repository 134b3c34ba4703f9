"""batch check, run, resume, status."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from sealwright.cli.misuse import UnreadableFile
from sealwright.cli.output import Output
from sealwright.cli.progress import Progress, Stand, spelled_seconds
from tests.support.row_files import NAMES, WESTERN_NAMES
from tests.support.wallet import WalletKey

from .conftest import Terminal, interrupt

_SCHEMA: Final = ("--schema", "did:adi:schema:university-degree-v1")
_KEYS: Final[list[str]] = [WalletKey().did for _ in range(40)]
_HEADER: Final = ["holderDid", "degree.type", "degree.name", "degree.graduationYear"]


class _Stream(io.StringIO):
    """What a command writes to; somebody may sit there, and press Ctrl-C when they read a word."""

    def __init__(self, *, is_terminal: bool = False, interrupted_by: str | None = None) -> None:
        super().__init__()
        self._is_terminal = is_terminal
        self._word = interrupted_by

    def isatty(self) -> bool:
        return self._is_terminal

    def write(self, text: str) -> int:
        if self._word is not None and self._word in text:
            self._word = None
            raise KeyboardInterrupt
        return super().write(text)


def _people(path: Path, names: tuple[str, ...] = NAMES, *, year: str = "2025", encoding: str = "utf-8") -> str:
    rows = [[did, "BachelorDegree", name, "2025"] for did, name in zip(_KEYS, names, strict=False)]
    rows[1][3] = year
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([_HEADER, *rows])
    return str(path)


def _rows_of(path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(Path(path).read_text("utf-8-sig"), newline="")))


def test_a_file_is_issued_and_its_results_stand_beside_it(
    demo: dict[str, Any], terminal: Terminal, tmp_path: Path
) -> None:
    said = terminal("batch", "run", _people(tmp_path / "in" / "people.csv"), *_SCHEMA)
    assert (said.code, said.err) == (0, "")
    answer = said.answer
    assert list(answer)[:7] == [
        *("batch_id", "status", "total", "issued", "failed", "transaction_hash", "results_file"),
    ]
    assert (answer["status"], answer["total"], answer["issued"], answer["failed"]) == ("anchored", 13, 13, 0)
    assert answer["transaction_hash"].startswith("0x")
    assert (answer["results_file"], answer["errors_file"]) == (str(tmp_path / "in" / "results.csv"), None)
    assert Path(answer["results_file"]).stat().st_mode & 0o777 == 0o600
    results = _rows_of(answer["results_file"])
    assert [(row["row"], row["holderDid"], row["status"]) for row in results] == [
        (str(number + 1), did, "issued") for number, did in enumerate(_KEYS[:13])
    ]
    for row, name in zip(results, NAMES, strict=True):
        if name in ("José Muñoz", "陳大文"):
            shown = terminal("credential", "show", row["credentialId"]).answer
            assert shown["credential"]["credentialSubject"]["degree"]["name"] == name
            assert shown["batch_id"] == answer["batch_id"]
    status = terminal("batch", "status", answer["batch_id"]).answer
    assert {name: status[name] for name in ("batch_id", "status", "total", "issued", "failed", "transaction_hash")} == {
        name: answer[name] for name in ("batch_id", "status", "total", "issued", "failed", "transaction_hash")
    }


def test_rows_that_fail_are_told_by_the_exit_code_and_can_be_mended(
    demo: dict[str, Any], terminal: Terminal, tmp_path: Path
) -> None:
    file = _people(tmp_path / "people.csv", WESTERN_NAMES, year="soon", encoding="cp1252")
    (tmp_path / "results.csv").write_text("of another batch")
    said = terminal("batch", "run", file, *_SCHEMA, "--issuer-did", "did:adi:issuer001")
    assert said.code == 8
    answer = said.answer
    assert (answer["issued"], answer["failed"]) == (5, 1)
    assert (tmp_path / "results.csv").read_text() == "of another batch"
    assert answer["results_file"] == str(tmp_path / f"results-{answer['batch_id']}.csv")
    (failed,) = [row for row in _rows_of(answer["results_file"]) if row["status"] == "failed"]
    assert (failed["row"], failed["code"], failed["credentialId"]) == ("2", "SCHEMA_VALIDATION_FAILED", "")
    errors = Path(answer["errors_file"])
    (wrong,) = _rows_of(str(errors))
    assert (wrong["error_column"], wrong["degree.name"]) == ("degree.graduationYear", WESTERN_NAMES[1])
    errors.write_bytes(errors.read_bytes().replace(b",soon,", b",2025,"))
    again = terminal("batch", "run", str(errors), *_SCHEMA, "--results", str(tmp_path / "again.csv"))
    assert (again.code, again.answer["issued"], again.answer["results_file"]) == (0, 1, str(tmp_path / "again.csv"))


def test_a_check_issues_nothing_and_keeps_nothing(demo: dict[str, Any], terminal: Terminal, tmp_path: Path) -> None:
    file = _people(tmp_path / "people.csv", year="soon")
    said = terminal("batch", "check", file, *_SCHEMA)
    assert said.code == 8
    answer = said.answer
    assert {name: answer[name] for name in ("batch_id", "status", "total", "issued", "failed", "results_file")} == {
        "batch_id": None,
        "status": "checked",
        "total": 13,
        "issued": 0,
        "failed": 1,
        "results_file": None,
    }
    assert answer["errors"] == [
        {
            "row": 1,
            "column": "degree.graduationYear",
            "code": "SCHEMA_VALIDATION_FAILED",
            "detail": "must be an integer",
        }
    ]
    assert (answer["encoding"], answer["separator"], answer["samples"][0]) == ("utf-8", ",", NAMES[0])
    assert [row["error_row"] for row in _rows_of(answer["errors_file"])] == ["2"]
    events = terminal("audit", "export", "--out", str(tmp_path / "audit.ndjson"))
    assert events.code == 0
    assert "batch." not in (tmp_path / "audit.ndjson").read_text()
    plain = terminal("batch", "check", file, *_SCHEMA, json_output=False)
    assert "row 2  degree.graduationYear  SCHEMA_VALIDATION_FAILED  must be an integer" in plain.out
    assert "13 rows: 12 can be issued, 1 cannot." in plain.out
    assert "Read as utf-8, commas: José Muñoz" in plain.err


def test_lines_of_json_come_from_standard_input(
    demo: dict[str, Any], terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"holderDid": did, "claims": {"degree": {"type": "BachelorDegree"}}} for did in _KEYS[:3]]
    content = "\n".join(json.dumps(row) for row in rows).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    said = terminal("batch", "run", "-", *_SCHEMA, "--expires", "2035-01-01T00:00:00Z")
    assert (said.code, said.answer["issued"], said.answer["results_file"]) == (0, 3, "results.csv")
    first = _rows_of(str(tmp_path / "results.csv"))[0]["credentialId"]
    assert terminal("credential", "show", first).answer["expires_at"] == "2035-01-01T00:00:00Z"


def test_columns_dates_and_duplicates_are_said_by_options(
    demo: dict[str, Any], terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    a, b = _KEYS[:2]
    file.write_text(f"who;kind;expirationDate\n{a};B;03/04/2035\n{b};B;\n{a};B;\n")
    options = (*_SCHEMA, "--map", "who=/holderDid", "--map", "kind=/claims/degree/type", "--on-duplicate", "skip")
    unclear = terminal("batch", "run", str(file), *options)
    assert (unclear.code, unclear.problem["code"]) == (6, "INVALID_DATE")
    assert "--dates dmy" in unclear.problem["detail"]
    said = terminal("batch", "run", str(file), *options, "--dates", "dmy")
    assert (said.code, said.answer["issued"], said.answer["total"]) == (0, 2, 2)
    first = _rows_of(said.answer["results_file"])[0]["credentialId"]
    assert terminal("credential", "show", first).answer["expires_at"] == "2035-04-03T23:59:59Z"


@pytest.mark.parametrize(
    ("content", "code", "options"),
    [
        (b"name,degree.type\nx,B\n", "MISSING_FIELD", ()),
        (b"holderDid,degree.type\ndid:adi:nobody,B\n", "HOLDER_NOT_FOUND", ()),
        (b"holderDid,degree.type\nJos\xe9,B\n", "INVALID_UNICODE", ("--encoding", "utf-8")),
        (b'holderDid,degree.type\n"x,B\n', "INVALID_VALUE", ()),
        (b"holderDid\nx\n", "INVALID_VALUE", ("--encoding", "ebcdic")),
        (b"", "INVALID_BODY", ()),
    ],
    ids=[
        "no column of holders",
        "no row that can be issued",
        "another encoding",
        "an open quotation mark",
        "an unknown encoding",
        "nothing",
    ],
)
def test_a_file_that_cannot_be_issued_begins_nothing(
    demo: dict[str, Any], terminal: Terminal, tmp_path: Path, content: bytes, code: str, options: tuple[str, ...]
) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(content)
    said = terminal("batch", "run", str(file), *_SCHEMA, *options)
    assert (said.code, said.problem["code"]) == (6, code)
    assert not (tmp_path / "results.csv").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("run", "nowhere.csv", *_SCHEMA), 2),
        (("run", "people.csv"), 2),
        (("run", "people.csv", *_SCHEMA, "--type", "dpw_certified"), 2),
        (("run", "people.csv", *_SCHEMA, "--map", "who"), 2),
        (("run", "people.csv", *_SCHEMA, "--dates", "ymd"), 2),
        (("run", "people.csv", *_SCHEMA, "--on-duplicate", "weep"), 2),
        (("run", "people.csv", "--schema", "did:adi:schema:none-v1", "--issuer-did", "did:adi:issuer001"), 4),
        (("run", "people.csv", "--type", "none"), 4),
        (("run", "people.csv", *_SCHEMA, "--issuer-did", "did:adi:none"), 4),
        (("run", "people.csv", *_SCHEMA, "--expires", "2001-01-01T00:00:00Z"), 6),
        (("run", "people.csv", *_SCHEMA, "--expires", "tomorrow"), 6),
        (("run", "people.csv", *_SCHEMA, "--proof-type", "ecdsa-sd-2023"), 5),
        (("run", "people.csv", *_SCHEMA, "--proof-type", "Sealed2020"), 6),
        (("status", "bat_none"), 4),
        (("resume", "bat_none"), 4),
    ],
)
def test_refusals_have_their_exit_codes(
    demo: dict[str, Any], terminal: Terminal, tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    _people(tmp_path / "people.csv")
    assert terminal("batch", *words).code == code


def test_ctrl_c_stops_cleanly_and_resume_goes_on(
    demo: dict[str, Any], terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _people(tmp_path / "people.csv")
    with monkeypatch.context() as patched:
        stderr = _Stream(interrupted_by="Issuing")
        patched.setattr(sys, "stderr", stderr)
        assert terminal("batch", "run", file, *_SCHEMA, json_output=False).code == 130
    told = stderr.getvalue()
    assert "Stopped: 0 issued, 0 failed, 13 left." in told
    command = told[told.index("sealwright batch resume ") :].split()
    assert terminal("batch", "status", command[-1]).answer["status"] == "paused"
    said = terminal(*command[1:])
    assert (said.code, said.answer["status"], said.answer["issued"]) == (0, "anchored", 13)
    assert len(_rows_of(str(tmp_path / "results.csv"))) == 13
    over = terminal(*command[1:], "--results", str(tmp_path / "again.csv"))
    assert (over.code, over.answer["issued"]) == (0, 13)


def test_ctrl_c_while_the_file_is_read_leaves_nothing_to_resume(
    demo: dict[str, Any], terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _people(tmp_path / "people.csv")
    with monkeypatch.context() as patched:
        stderr = _Stream(interrupted_by="Checking")
        patched.setattr(sys, "stderr", stderr)
        assert terminal("batch", "run", file, *_SCHEMA, json_output=False).code == 130
    assert "nothing was issued" in stderr.getvalue()
    assert "resume" not in stderr.getvalue()


def test_an_interrupted_batch_is_named_whatever_is_printed(
    demo: dict[str, Any], terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _people(tmp_path / "people.csv")
    with monkeypatch.context() as patched:
        patched.setattr("sealwright.cli.batch_running._Worker.start", interrupt)
        stopped = terminal("batch", "run", file, *_SCHEMA)
        told = terminal("batch", "run", file, *_SCHEMA, json_output=False).err
    assert (stopped.code, stopped.err) == (130, "")
    assert (stopped.answer["status"], stopped.answer["issued"], stopped.answer["results_file"]) == ("paused", 0, None)
    # Before anything is issued: whatever else ends the process leaves it no time to tell.
    assert told.index("Batch bat_") < told.index("Issuing")
    assert terminal("batch", "resume", stopped.answer["batch_id"]).answer["issued"] == 13


# -- where results go ------------------------------------------------------------------------------


def test_a_table_that_is_being_mended_is_not_written_over(
    demo: dict[str, Any], terminal: Terminal, tmp_path: Path
) -> None:
    _people(tmp_path / "people.csv", year="soon")
    for name in ("errors.csv", "errors-check.csv"):
        mended = Path(_people(tmp_path / name, year="soon"))
        content = mended.read_bytes()
        answer = terminal("batch", "check", str(mended), *_SCHEMA).answer
        assert answer["failed"] == 1
        assert mended.read_bytes() == content
    assert answer["errors_file"] == str(tmp_path / "errors-check-2.csv")


def test_results_and_faulty_rows_have_a_file_each(demo: dict[str, Any], terminal: Terminal, tmp_path: Path) -> None:
    file = _people(tmp_path / "people.csv", year="soon")
    answer = terminal("batch", "run", file, *_SCHEMA, "--results", str(tmp_path / "errors.csv")).answer
    assert answer["results_file"] == str(tmp_path / "errors.csv")
    assert answer["errors_file"] == str(tmp_path / f"errors-{answer['batch_id']}.csv")
    assert len(_rows_of(answer["results_file"])) == 13
    assert len(_rows_of(answer["errors_file"])) == 1


@pytest.mark.parametrize("place", ["nowhere/results.csv", "folder", "-"])
def test_nothing_is_issued_while_its_results_have_no_place(
    demo: dict[str, Any], terminal: Terminal, tmp_path: Path, place: str
) -> None:
    (tmp_path / "folder").mkdir()
    said = terminal("batch", "run", _people(tmp_path / "people.csv"), *_SCHEMA, "--results", place)
    assert (said.code, said.problem["code"]) == (2, "USAGE")
    assert terminal("audit", "export", "--out", str(tmp_path / "audit.ndjson")).code == 0
    assert "batch." not in (tmp_path / "audit.ndjson").read_text()


def test_a_file_that_is_not_there_is_what_is_told(demo: dict[str, Any], terminal: Terminal) -> None:
    for command in ("check", "run"):
        said = terminal("batch", command, "nowhere/people.csv", *_SCHEMA)
        assert said.problem["detail"].startswith("nowhere/people.csv cannot be read")


def test_results_that_cannot_be_written_in_the_end_leave_the_way_to_them(
    demo: dict[str, Any], terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(name: str, parts: object) -> int:
        raise UnreadableFile(f"{name} cannot be written: No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("sealwright.cli.batch_running.write_output", full)
        said = terminal("batch", "run", _people(tmp_path / "people.csv"), *_SCHEMA)
    assert said.code == 2
    detail = said.problem["detail"]
    assert "The batch is anchored" in detail
    command = detail[detail.index("sealwright batch resume ") :].split()
    assert terminal(*command[1:-1], str(tmp_path / "later.csv")).answer["issued"] == 13
    assert len(_rows_of(str(tmp_path / "later.csv"))) == 13


def test_results_on_standard_output_stand_there_alone(demo: dict[str, Any], terminal: Terminal, tmp_path: Path) -> None:
    said = terminal("batch", "run", _people(tmp_path / "people.csv"), *_SCHEMA, "--results", "-", json_output=False)
    assert said.code == 0
    assert [row["status"] for row in csv.DictReader(io.StringIO(said.out))] == ["issued"] * 13
    assert "batch_id" in said.err


def test_a_closed_standard_input_is_a_file_that_cannot_be_read(
    demo: dict[str, Any], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    for words in (("batch", "check", "-", *_SCHEMA), ("issue", "-")):
        said = terminal(*words)
        assert (said.code, said.problem["code"]) == (2, "USAGE")


# -- progress --------------------------------------------------------------------------------------


def test_without_a_terminal_each_twentieth_part_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = _Stream()
    monkeypatch.setattr(sys, "stderr", stderr)
    progress = Progress(Output(), "Issuing")
    for done in range(0, 2_001, 7):
        progress.tell(Stand(done, 3, total=2_000))
    progress.end(Stand(2_000, 3, total=2_000))
    lines = stderr.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == [f"{percent}%" for percent in range(0, 101, 5)]
    assert "2,000 of 2,000 rows" in lines[-1]
    assert "3 failed" in lines[-1]
    assert "left" not in lines[-1]


def test_at_a_terminal_one_bar_is_drawn_over_and_over(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = _Stream(is_terminal=True)
    monkeypatch.setattr(sys, "stderr", stderr)
    progress = Progress(Output(), "Issuing", began_with=500)
    progress.tell(Stand(1_000, 0, total=2_000))
    progress.tell(Stand(1_001, 0, total=2_000))
    progress.end(Stand(2_000, 0, total=2_000))
    first, last = stderr.getvalue().split("\r")[1:]
    assert "[############............] Issuing  50% 1,000 of 2,000 rows" in first
    assert " left" in first
    assert "[########################] Issuing 100% 2,000 of 2,000 rows" in last
    assert last.endswith("\n")


def test_programs_and_the_quiet_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = _Stream(is_terminal=True)
    monkeypatch.setattr(sys, "stderr", stderr)
    for output in (Output(json=True), Output(quiet=True)):
        progress = Progress(output, "Issuing")
        progress.tell(Stand(1, 0, total=2))
        progress.end(Stand(2, 0, total=2))
    assert stderr.getvalue() == ""


def test_a_file_of_unknown_size_shows_a_count_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = _Stream(is_terminal=True)
    monkeypatch.setattr(sys, "stderr", stderr)
    Progress(Output(), "Checking").tell(Stand(1_024, 1))
    assert "Checking 1,024 rows" in stderr.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (89, "89 s"), (90, "2 min"), (5_000, "83 min"), (7_500, "2 h 5 min")]
)
def test_times_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert spelled_seconds(seconds) == text
