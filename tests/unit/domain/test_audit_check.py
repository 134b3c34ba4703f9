"""The stand-alone audit verifier finds what it promises to find."""

from __future__ import annotations

import ast
import json
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

from sealwright.domain import audit_check
from sealwright.domain.audit import AuditEntry, AuditHead, AuditRecord, seal
from sealwright.domain.audit_check import Finding, MalformedNote, VerifierKey
from sealwright.domain.people import Actor, ActorKind
from sealwright.vc.encoding.jcs import canonicalize_json

NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
SIGNING_KEY = SigningKey(bytes(range(32)))
KEY = VerifierKey("office.example/audit", bytes(SIGNING_KEY.verify_key))
OTHER_SIGNING_KEY = SigningKey(bytes(range(1, 33)))
OTHER_KEY = VerifierKey("office.example/audit", bytes(OTHER_SIGNING_KEY.verify_key))


def _entry(number: int) -> AuditEntry:
    return AuditEntry(
        actor=Actor(ActorKind.API_KEY, "key_a", "api_key"),
        action="credential.issued",
        object_type="credential",
        object_id=f"urn:uuid:00000000-0000-7000-8000-{number:012d}",
        at=NOON + timedelta(seconds=number // 2),
        after={"status": "valid"},
        data={"index": number, "revocable": True, "note": 'é\u2028\U0001f600\u0001"\\', "none": None},
        request_id=f"r{number}",
    )


def _trail(count: int, *, first_note: str | None = None) -> list[AuditRecord]:
    head = AuditHead(0, audit_check.GENESIS, None)
    records = []
    for number in range(1, count + 1):
        entry = _entry(number)
        if first_note is not None and number == 3:
            entry = replace(entry, data={"note": first_note})
        record = seal(entry, head)
        records.append(record)
        head = AuditHead(record.sequence, record.hash, record.at)
    return records


def _note(
    records: list[AuditRecord],
    size: int,
    *,
    key: SigningKey = SIGNING_KEY,
    name: VerifierKey = KEY,
    lists: tuple[tuple[str, int, str], ...] = (),
) -> bytes:
    head_hash = records[size - 1].hash if size else audit_check.GENESIS
    text = audit_check.build_note_text(
        origin="office.example/audit", size=size, head_hash=head_hash, at=NOON + timedelta(seconds=size), lists=lists
    )
    line = audit_check.signature_line(name.name, name.public_key, key.sign(text).signature)
    return audit_check.assemble_note(text, line)


def _export(records: list[AuditRecord], *notes: bytes, key: VerifierKey | None = KEY) -> list[bytes]:
    lines = [audit_check.key_line(key)] if key is not None else []
    lines += [audit_check.record_line(record) for record in records]
    return lines + [audit_check.checkpoint_line(note) for note in notes]


RECORDS = _trail(12)
NOTE = _note(RECORDS, 12)
EXPORT = _export(RECORDS, NOTE)


def test_sound_export_is_sound() -> None:
    verdict = audit_check.check_export(EXPORT)
    assert (verdict.finding, verdict.verified, verdict.exit_code) == (Finding.SOUND, True, 0)
    assert (verdict.records, verdict.first_bad, verdict.checkpoints) == (12, None, 1)
    assert verdict.head_hash == RECORDS[-1].hash


def test_sound_rows_of_a_database_are_sound() -> None:
    verdict = audit_check.check_rows(RECORDS, [_note(RECORDS, 5), NOTE], keys=[str(KEY)], head=(12, RECORDS[-1].hash))
    assert (verdict.verified, verdict.records, verdict.checkpoints) == (True, 12, 2)


def test_empty_trail_with_its_checkpoint_is_sound() -> None:
    verdict = audit_check.check_export(_export([], _note([], 0)))
    assert (verdict.verified, verdict.records, verdict.head_hash) == (True, 0, audit_check.GENESIS)


def test_rows_after_the_last_checkpoint_are_told() -> None:
    verdict = audit_check.check_rows(RECORDS, [_note(RECORDS, 10)], keys=[str(KEY)])
    assert verdict.verified is True
    assert "2 rows after the last checkpoint" in verdict.detail


def test_export_lines_carry_the_contract_members() -> None:
    members = json.loads(EXPORT[1])
    assert set(members) == {
        *("type", "sequence", "at", "actor", "action", "object", "before", "after", "data", "requestId"),
        *("prevHash", "hash"),
    }
    assert members["prevHash"] == "0" * 64
    body = {name: value for name, value in members.items() if name not in ("type", "prevHash", "hash")}
    assert members["hash"] == sha256(bytes(32) + canonicalize_json(body)).hexdigest()


def test_export_that_was_spelled_anew_is_still_sound() -> None:
    spelled = [json.dumps(json.loads(line), indent=None, sort_keys=True).encode() for line in EXPORT]
    assert audit_check.check_export(spelled).verified is True


@pytest.mark.parametrize("position", [1, 5, 12])
@pytest.mark.parametrize("member", ["at", "actor", "action", "object", "after", "data", "requestId"])
def test_changed_row_is_found_where_it_is(position: int, member: str) -> None:
    lines = list(EXPORT)
    members = json.loads(lines[position])
    members[member] = "2026-11-21T12:00:09Z" if member == "at" else "x"
    lines[position] = json.dumps(members).encode()
    verdict = audit_check.check_export(lines)
    assert (verdict.verified, verdict.exit_code, verdict.first_bad) == (False, 1, position)


@pytest.mark.parametrize("position", [1, 6, 11])
def test_removed_row_is_found_where_it_was(position: int) -> None:
    verdict = audit_check.check_export([line for index, line in enumerate(EXPORT) if index != position])
    assert (verdict.verified, verdict.first_bad) == (False, position)


def test_added_row_is_found() -> None:
    verdict = audit_check.check_export([*EXPORT[:5], EXPORT[4], *EXPORT[5:]])
    assert (verdict.verified, verdict.first_bad) == (False, 5)


def test_moved_rows_are_found() -> None:
    lines = list(EXPORT)
    lines[4], lines[5] = lines[5], lines[4]
    verdict = audit_check.check_export(lines)
    assert (verdict.verified, verdict.first_bad) == (False, 4)


@pytest.mark.parametrize("cut", [12, 13, 14])
def test_shortened_export_is_found(cut: int) -> None:
    verdict = audit_check.check_export(EXPORT[: cut - 1])
    assert verdict.verified is False
    assert verdict.first_bad == cut - 1


def test_shortened_rows_under_a_checkpoint_are_found() -> None:
    verdict = audit_check.check_export(_export(RECORDS[:9], NOTE))
    assert (verdict.verified, verdict.first_bad) == (False, 10)


def test_rewritten_history_is_found_by_its_checkpoint() -> None:
    forged = _trail(12, first_note="another story")
    verdict = audit_check.check_export(_export(forged, _note(RECORDS, 2), NOTE))
    assert (verdict.verified, verdict.first_bad) == (False, 12)
    assert "after position 2" in verdict.detail


def test_forked_history_with_checkpoints_of_its_own_is_found_from_outside() -> None:
    forged = _trail(12, first_note="another story")
    inside = _export(forged, _note(forged, 12))
    assert audit_check.check_export(inside).verified is True
    verdict = audit_check.check_export(inside, outside=[_note(RECORDS, 8)])
    assert (verdict.verified, verdict.first_bad) == (False, 8)


def test_history_behind_an_outside_checkpoint_is_shortened() -> None:
    verdict = audit_check.check_export(_export(RECORDS[:6], _note(RECORDS, 6)), outside=[NOTE])
    assert (verdict.verified, verdict.first_bad) == (False, 7)


def test_outside_checkpoint_by_an_unknown_key_leaves_it_open() -> None:
    stranger = _note(RECORDS, 8, key=OTHER_SIGNING_KEY, name=OTHER_KEY)
    verdict = audit_check.check_export(EXPORT, outside=[stranger])
    assert (verdict.verified, verdict.exit_code) == (None, 2)


@pytest.mark.parametrize("outside", [b"", b"no note", NOTE[:-1]])
def test_outside_checkpoint_that_cannot_be_read_leaves_it_open(outside: bytes) -> None:
    assert audit_check.check_export(EXPORT, outside=[outside]).exit_code == 2
    assert audit_check.check_rows(RECORDS, [], keys=[], outside=[outside]).exit_code == 2


def test_database_head_behind_its_rows_is_found() -> None:
    verdict = audit_check.check_rows(RECORDS[:10], [], keys=[], head=(12, RECORDS[-1].hash))
    assert (verdict.verified, verdict.first_bad) == (False, 11)


def test_column_that_tells_another_story_is_found() -> None:
    rows = list(RECORDS)
    rows[3] = replace(rows[3], action="credential.revoked")
    assert audit_check.check_rows(rows, [], keys=[]).first_bad == 4
    rows[3] = replace(RECORDS[3], at=NOON + timedelta(days=1))
    assert audit_check.check_rows(rows, [], keys=[]).first_bad == 4


def test_time_that_runs_backward_is_found() -> None:
    head = AuditHead(0, audit_check.GENESIS, None)
    first = seal(_entry(9), head)
    # Sealed without the head's time, as a program would that forgot the rule.
    second = seal(_entry(2), AuditHead(1, first.hash, None))
    verdict = audit_check.check_rows([first, second], [], keys=[])
    assert (verdict.verified, verdict.first_bad) == (False, 2)
    assert "backward" in verdict.detail


def test_checkpoint_signature_that_was_changed_is_found() -> None:
    forged = NOTE[:-6] + (b"AAAA" if NOTE[-6:-2] != b"AAAA" else b"BBBB") + NOTE[-2:]
    verdict = audit_check.check_export(_export(RECORDS, forged))
    assert verdict.verified is False


def test_checkpoint_by_a_key_that_is_not_believed_is_found() -> None:
    own_key = _export(RECORDS, _note(RECORDS, 12, key=OTHER_SIGNING_KEY, name=OTHER_KEY), key=OTHER_KEY)
    assert audit_check.check_export(own_key).verified is True
    assert audit_check.check_export(own_key, keys=[str(KEY)]).verified is False


def test_checkpoint_from_before_the_office_moved_is_still_known() -> None:
    moved = VerifierKey("new.example/audit", KEY.public_key)
    note = _note(RECORDS, 12)
    assert audit_check.check_rows(RECORDS, [note], keys=[str(moved)]).verified is True
    assert audit_check.check_rows(RECORDS, [note.replace(b"office", b"0ffice")], keys=[str(moved)]).verified is False


def test_checkpoints_without_any_key_could_not_be_checked() -> None:
    verdict = audit_check.check_export(_export(RECORDS, NOTE, key=None))
    assert (verdict.verified, verdict.exit_code, verdict.first_bad) == (None, 2, None)


def test_missing_signature_library_could_not_be_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nacl.signing", None)
    verdict = audit_check.check_export(EXPORT)
    assert (verdict.verified, verdict.exit_code) == (None, 2)


def test_status_list_that_moves_backward_is_found() -> None:
    early = _note(RECORDS, 4, lists=(("slt_a", 3, "a" * 64),))
    late = _note(RECORDS, 12, lists=(("slt_a", 2, "b" * 64),))
    verdict = audit_check.check_export(_export(RECORDS, early, late))
    assert (verdict.verified, verdict.first_bad) == (False, 12)


def test_status_list_with_two_contents_of_one_version_is_found() -> None:
    early = _note(RECORDS, 4, lists=(("slt_a", 3, "a" * 64),))
    late = _note(RECORDS, 12, lists=(("slt_a", 3, "b" * 64),))
    assert audit_check.check_export(_export(RECORDS, early, late)).verified is False


@pytest.mark.parametrize(
    "lines",
    [[], [b"hello"], [b'{"a":1}\n', b"[]\n"], [b"\x00\xff\n"] * 30, [b"[" * 100_000]],
    ids=["empty", "text", "other JSON", "binary", "deep"],
)
def test_file_that_is_no_export_could_not_be_checked(lines: list[bytes]) -> None:
    verdict = audit_check.check_export(lines)
    assert (verdict.verified, verdict.exit_code) == (None, 2)


def test_depth_is_judged_before_a_line_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    class Untouched:
        def decode(self, text: str) -> object:
            raise AssertionError("a deep line reached the decoder")

    monkeypatch.setattr(audit_check, "_DECODER", Untouched())
    monkeypatch.setattr(audit_check, "_STRICT_DECODER", Untouched())
    deep = b'{"a":' * 33 + b"1" + b"}" * 33
    assert audit_check.check_export([deep]).verified is None


def test_brackets_inside_texts_are_no_depth() -> None:
    assert audit_check._depth(b'{"a":"' + b"[" * 500 + b'","b":"\\"[1]}') <= 3


def test_texts_that_never_end_cost_no_more_than_their_length() -> None:
    begun = time.process_time()
    line = b"[]" * 33 + rb"\"" * 100_000
    assert audit_check.check_export([line]).verified is None
    assert time.process_time() - begun < 5.0


def test_damaged_first_line_of_an_export_is_a_fault() -> None:
    verdict = audit_check.check_export([b"#" + EXPORT[0], *EXPORT[1:]])
    assert (verdict.verified, verdict.first_bad) == (False, 1)


@pytest.mark.parametrize(
    "broken",
    [
        EXPORT[3].replace(b'"requestId"', b'"extra":1,"requestId"'),
        EXPORT[3].replace(b'{"type"', b'{"action":"did.created","type"'),
        EXPORT[3].replace(b'"sequence":3', b'"sequence":3.0'),
        EXPORT[3].replace(b'"sequence":3', b'"sequence":true'),
        EXPORT[3].replace(b'"index":3', b'"index":NaN'),
        b"\xef\xbb\xbf" + EXPORT[3],
        EXPORT[3][:-4],
        b"\n",
        b" " * ((1 << 20) + 1) + EXPORT[3],
        b'{"type":"mystery"}\n',
        b'{"type":"checkpoint","note":5}\n',
        b'{"type":"key","key":"x"}\n',
    ],
    ids=[
        *("unknown member", "member twice", "float", "truth value", "not a number", "byte-order mark"),
        *("cut off", "empty line", "too long", "unknown kind", "note of wrong type", "bad key"),
    ],
)
def test_line_that_no_export_has_is_a_fault(broken: bytes) -> None:
    verdict = audit_check.check_export([*EXPORT[:3], broken, *EXPORT[4:]])
    assert (verdict.verified, verdict.first_bad) == (False, 3)


def test_every_flipped_bit_of_a_row_is_noticed() -> None:
    line = EXPORT[2]
    for index in range(0, len(line) - 1, 7):
        broken = line[:index] + bytes([line[index] ^ 1]) + line[index + 1 :]
        if broken[index : index + 1] == b"\n":
            continue
        assert audit_check.check_export([*EXPORT[:2], broken, *EXPORT[3:]]).verified is False, index


def test_note_reads_back_as_it_was_built() -> None:
    lists = (("slt_b", 7, "b" * 64), ("slt_a", 1, "a" * 64))
    text = audit_check.build_note_text(
        origin="office.example/audit", size=5, head_hash="c" * 64, at=NOON, lists=lists, log=(9, "d" * 64)
    )
    assert text.decode() == (
        f"office.example/audit\n5\n{'c' * 64}\n2026-11-21T12:00:00Z\nlog 9 {'d' * 64}\n"
        f"list slt_a 1 {'a' * 64}\nlist slt_b 7 {'b' * 64}\n"
    )
    signature = SIGNING_KEY.sign(text).signature
    note = audit_check.parse_note(
        audit_check.assemble_note(text, audit_check.signature_line(KEY.name, KEY.public_key, signature))
    )
    assert (note.origin, note.size, note.head_hash, note.log) == ("office.example/audit", 5, "c" * 64, (9, "d" * 64))
    assert [entry.list_id for entry in note.lists] == ["slt_a", "slt_b"]
    assert note.text == text
    assert note.signatures == (audit_check.NoteSignature(KEY.name, KEY.key_hash, signature),)


def test_verifier_key_reads_back_as_it_was_spelled() -> None:
    # Computed by the rule of C2SP signed-note with other code: SHA-256(name, LF, 0x01, key), first four bytes.
    expected = sha256(b"office.example/audit\n\x01" + KEY.public_key).digest()[:4]
    assert str(KEY).startswith(f"office.example/audit+{expected.hex()}+")
    assert audit_check.parse_verifier_key(str(KEY)) == KEY


@pytest.mark.parametrize(
    "text",
    ["", "a+b", str(KEY).replace("+", "-"), str(KEY)[:-4] + "AAAA", str(KEY) + "=", "a b" + str(KEY)[20:]],
)
def test_verifier_key_that_does_not_fit_itself_is_refused(text: str) -> None:
    with pytest.raises(MalformedNote):
        audit_check.parse_verifier_key(text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"\n12\n", b"\n012\n"),
        (b"\n12\n", b"\n-1\n"),
        (b"2026-11-21", b"2026-13-21"),
        (b"12:00:12Z", b"12:00:12+00:00"),
        (b"\n-\n", b"\nlog 1\n"),
        (b"\n-\n", b"\n-\nlist slt_a 1 zz\n"),
        (b"\n-\n", b"\n-\nlist b 1 " + b"a" * 64 + b"\nlist a 1 " + b"a" * 64 + b"\n"),
        (b"office.example/audit\n1", b"\x07office\n1"),
        ("\n\n— ".encode(), "\n— ".encode()),
        ("— ".encode(), b"- "),
        (b"=\n", b"=!\n"),
    ],
)
def test_malformed_note_is_refused(before: bytes, after: bytes) -> None:
    assert before in NOTE
    with pytest.raises(MalformedNote):
        audit_check.parse_note(NOTE.replace(before, after, 1))


_MEMBERS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8)
_LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_MEMBERS, inner, max_size=4), max_leaves=12
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(_MEMBERS, _VALUES, max_size=6))
def test_sorted_compact_json_is_rfc_8785_for_what_rows_hold(members: dict[str, object]) -> None:
    assert audit_check.canonical_row(members) == canonicalize_json(members)


def test_every_character_is_escaped_as_rfc_8785_says() -> None:
    for start in range(0, 0x110000, 0x1000):
        text = "".join(chr(code) for code in range(start, start + 0x1000) if not 0xD800 <= code < 0xE000)
        assert audit_check.canonical_row({"t": text}) == canonicalize_json({"t": text})


def test_lone_surrogate_is_a_fault_and_no_crash() -> None:
    line = json.dumps({**json.loads(EXPORT[1]), "requestId": "\ud800"}).encode()
    verdict = audit_check.check_export([EXPORT[0], line, *EXPORT[2:]])
    assert (verdict.verified, verdict.first_bad) == (False, 1)


def test_verifier_file_imports_nothing_of_ours() -> None:
    tree = ast.parse(Path(audit_check.__file__).read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    roots = {name.partition(".")[0] for name in imported}
    assert roots - set(sys.stdlib_module_names) == {"nacl"}


@dataclass
class _Files:
    export: Path
    note: Path


@pytest.fixture
def files(tmp_path: Path) -> _Files:
    made = _Files(tmp_path / "export.ndjson", tmp_path / "note")
    made.export.write_bytes(b"".join(EXPORT))
    made.note.write_bytes(_note(RECORDS, 8))
    return made


def test_stranger_runs_the_file_alone(files: _Files, capsys: pytest.CaptureFixture[str]) -> None:
    options = [str(files.export), "--checkpoint", str(files.note), "--key", str(KEY)]
    assert audit_check.main(options) == 0
    assert json.loads(capsys.readouterr().out)["verified"] is True
    files.export.write_bytes(b"".join([*EXPORT[:4], *EXPORT[5:]]))
    assert audit_check.main(options) == 1
    assert json.loads(capsys.readouterr().out)["first_bad"] == 4
    assert audit_check.main([str(files.export) + "x"]) == 2
