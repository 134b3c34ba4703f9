"""JSON lines, read as strictly as bodies."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import pytest

from sealwright.domain.batch_errors import UnreadableRows
from sealwright.domain.errors import BatchTooLarge
from sealwright.services.row_reading import ReadingLimits, ReadingWish, RowForm, form_of, read_rows
from tests.support.row_files import NAMES, SHAPE, members, read

_GOOD = '{"holderDid":"did:adi:a","claims":{"name":"Žofia"},"expirationDate":"2030-01-01T00:00:00Z","email":"a@b.c"}'


def test_rows_come_out_as_they_were_written() -> None:
    for block in (1, 10, 1_000):
        finding, rows = read(f"\n{_GOOD}\r\n \n {_GOOD} ", RowForm.NDJSON, block=block)
        assert (finding.form, finding.encoding, finding.separator) == (RowForm.NDJSON, "utf-8", None)
        assert [(row.line, row.content, row.holder_did, row.faults) for row in rows] == [
            (2, _GOOD.encode(), "did:adi:a", ()),
            (4, _GOOD.encode(), "did:adi:a", ()),
        ]


@pytest.mark.parametrize(
    ("line", "code", "pointer"),
    [
        (b"{", "INVALID_JSON", ""),
        (b'{"holderDid":"a"} {}', "INVALID_JSON", ""),
        (b'{"claims":{"a":NaN}}', "INVALID_JSON", ""),
        (b'{"a":1,"a":2}', "DUPLICATE_KEY", "/a"),
        (b'{"a":"\xe9"}', "INVALID_UNICODE", ""),
        (b'{"a":"\\ud800"}', "INVALID_UNICODE", ""),
        (b'{"claims":{"n":9007199254740993}}', "NUMBER_OUT_OF_RANGE", "/claims/n"),
        (b'{"claims":' + b"[" * 40 + b"]" * 40 + b"}", "NESTING_TOO_DEEP", ""),
        (b"[]", "INVALID_BODY", ""),
        (b"null", "INVALID_BODY", ""),
    ],
)
def test_a_line_that_is_no_row_fails_alone_and_is_kept_to_be_seen(line: bytes, code: str, pointer: str) -> None:
    rows = read(b"\n".join([_GOOD.encode(), line, _GOOD.encode()]), RowForm.NDJSON)[1]
    assert [row.unreadable for row in rows] == [False, True, False]
    assert [(fault.code, fault.pointer) for fault in rows[1].faults] == [(code, pointer)]
    assert members(rows[1]) == {"unreadable": line.decode("utf-8", "replace")}


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ('{"claims":{}}', [("/holderDid", "MISSING_FIELD")]),
        ('{"holderDid":null,"claims":[]}', [("/holderDid", "INVALID_TYPE"), ("/claims", "INVALID_TYPE")]),
        ('{"holderDid":"a","claims":{},"id":"x","a/b":1}', [("/id", "UNKNOWN_FIELD"), ("/a~1b", "UNKNOWN_FIELD")]),
        ('{"holderDid":"a","claims":{},"expirationDate":"2030-01-01"}', [("/expirationDate", "INVALID_DATE")]),
        ('{"holderDid":"a","claims":{},"email":7}', [("/email", "INVALID_TYPE")]),
        ('{"holderDid":"a","claims":{},"email":"Eva <eva@b.c>"}', [("/email", "INVALID_VALUE")]),
    ],
)
def test_every_fault_of_form_is_told_at_once_and_the_row_is_kept(line: str, faults: list[tuple[str, str]]) -> None:
    row = read(line, RowForm.NDJSON)[1][0]
    assert [(fault.pointer, fault.code) for fault in row.faults] == faults
    assert (row.unreadable, row.content) == (False, line.encode())


def test_a_kept_line_has_at_most_a_kibibyte() -> None:
    row = read("{" + "é" * 2_000, RowForm.NDJSON)[1][0]
    assert members(row)["unreadable"] == "{" + "é" * 511


@pytest.mark.parametrize(
    ("mark", "encoding", "found"),
    [
        (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
        (b"", "utf-16-le", "utf-16-le"),
        (b"", "utf-16-be", "utf-16-be"),
    ],
)
def test_other_forms_of_unicode_are_found(mark: bytes, encoding: str, found: str) -> None:
    lines = [f'{{"holderDid":"did:adi:a","claims":{{"name":"{name}"}}}}' for name in NAMES]
    finding, rows = read(mark + "\n".join(lines).encode(encoding), RowForm.NDJSON, block=5)
    assert finding.encoding == found
    assert [row.content.decode() for row in rows] == lines


def test_windows_1252_is_read_only_where_somebody_says_so() -> None:
    line = '{"holderDid":"did:adi:a","claims":{"name":"José"}}'
    content = line.encode("cp1252")
    assert read(content, RowForm.NDJSON)[1][0].faults[0].code == "INVALID_UNICODE"
    assert read(content, RowForm.NDJSON, encoding="windows-1252")[1][0].content == line.encode()


def test_a_line_without_end_is_refused_early() -> None:
    sent = []

    def endless() -> Iterator[bytes]:
        yield _GOOD.encode() + b"\n"
        while len(sent) < 1_000:
            sent.append(1)
            yield b" " * 65_536

    limits = ReadingLimits(rows=10, file_bytes=1 << 40)
    with pytest.raises(UnreadableRows, match="line 2 is longer than 65,536 bytes") as refused:
        list(read_rows(endless(), ReadingWish(RowForm.NDJSON), SHAPE, limits).rows)
    assert refused.value.faults[0].code == "PAYLOAD_TOO_LARGE"
    assert len(sent) < 10


def test_too_many_rows_and_too_many_empty_lines_are_refused() -> None:
    limits = ReadingLimits(rows=3, file_bytes=1 << 20)
    with pytest.raises(BatchTooLarge, match="more than 3 rows"):
        read("\n".join([_GOOD] * 4), RowForm.NDJSON, limits=limits)
    with pytest.raises(BatchTooLarge, match="more than 3 empty lines"):
        read(_GOOD + "\n" * 6, RowForm.NDJSON, limits=limits)


def test_forms_are_told_by_their_media_types() -> None:
    assert form_of("Text/CSV; charset=utf-8") is RowForm.CSV
    assert form_of("application/x-ndjson") is RowForm.NDJSON
    with pytest.raises(UnreadableRows) as refused:
        form_of("application/json")
    assert refused.value.faults[0].code == "UNSUPPORTED_MEDIA_TYPE"
