"""What is printed, and files that are read and written."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import msgspec
import pytest

from sealwright.cli import files, options, output, rendering
from sealwright.cli.misuse import Misused, UnreadableFile


def test_raw_documents_are_printed_as_stored(capsys: pytest.CaptureFixture[str]) -> None:
    stored = b'{"b": 1,\n "a": "\\u00e9"}'
    output.Output(json=True).emit({"document": msgspec.Raw(stored)})
    assert capsys.readouterr().out == '{"document":' + stored.decode() + "}\n"


def test_table_is_aligned_and_free_of_control_characters() -> None:
    items = [{"a": "x", "b": True}, {"a": "longer\x1b[2J", "b": None}, {"a": ["p", "q"], "b": []}]
    assert output.table(items, ("a", "b")).splitlines() == [
        "a              b",
        "x              yes",
        "longer\\x1b[2J  -",
        "p, q           -",
    ]
    assert output.table([], ("a",)) == ""


@pytest.mark.parametrize("hostile", ["\x1b]0;x\x07", "a\nb", "\u202ex", "\u2028", "\x9b31m"])
def test_stored_text_does_not_steer_a_terminal(hostile: str) -> None:
    assert output.printable(hostile).isprintable()


def test_text_survives_a_terminal_that_knows_no_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    output.write_line(stream, "é")
    assert raw.getvalue() == "é\n".encode()


def test_quiet_and_json_say_nothing_beside_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    for silent in (output.Output(quiet=True), output.Output(json=True)):
        silent.say("hello")
    output.Output().say("hello")
    assert capsys.readouterr().err == "hello\n"


def test_names_are_spelled_in_snake_case_but_documents_are_not() -> None:
    raw = msgspec.Raw(b'{"credentialSubject":1}')
    spelled = rendering.snake_members({"credentialId": 1, "keys": [{"proofTypes": []}], "sha256": 2, "credential": raw})
    assert spelled == {"credential_id": 1, "keys": [{"proof_types": []}], "sha256": 2, "credential": raw}


def test_input_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 10)
    path = tmp_path / "x"
    path.write_bytes(b"x" * 10)
    assert files.read_input(str(path)) == b"x" * 10
    path.write_bytes(b"x" * 11)
    with pytest.raises(UnreadableFile):
        files.read_input(str(path))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"y" * 11)))
    with pytest.raises(UnreadableFile):
        files.read_input("-")
    with pytest.raises(UnreadableFile):
        files.read_input(str(tmp_path))


def test_output_file_is_private_and_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    assert files.write_output(str(path), [b"new", b"er"]) == 5
    assert path.read_bytes() == b"newer"
    assert path.stat().st_mode & 0o777 == 0o600

    def breaking() -> object:
        yield b"half"
        raise RuntimeError("broke off")

    with pytest.raises(RuntimeError):
        files.write_output(str(path), breaking())  # type: ignore[arg-type]
    assert path.read_bytes() == b"newer"
    assert os.listdir(tmp_path) == ["out"]


def test_values_of_strangers_do_not_steer_a_terminal() -> None:
    steering = "\x9b2J\u202e"
    for value in (steering, [steering], {"a": steering}, [{steering: 1}]):
        shown = output.table([{"value": value}], ("value",)) + output.spell({"value": value})
        assert not {"\x9b", "\u202e"} & set(shown)


def test_lists_with_commas_have_no_empty_part() -> None:
    assert options.commas("a, b") == ["a", "b"]
    assert options.commas(None) is None
    for text in ("", "a,", ",", "a,,b"):
        with pytest.raises(Misused):
            options.commas(text)


def test_question_is_asked_only_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    import typer

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked = []
    monkeypatch.setattr(typer, "confirm", lambda question, **_: asked.append(question))
    options.confirm(output.Output(), "sure?", yes=False)
    assert asked == []
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())
    options.confirm(output.Output(), "sure?", yes=True)
    options.confirm(output.Output(json=True), "sure?", yes=False)
    assert asked == []
    options.confirm(output.Output(), "sure?", yes=False)
    assert asked == ["sure?"]
