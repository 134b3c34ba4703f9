"""How files are written: the same names out of every encoding, and a clear word where one does not hold."""

from __future__ import annotations

import codecs

import pytest

from sealwright.domain.batch_errors import UnreadableRows
from sealwright.services.row_encoding import HEAD_BYTES, decoded, found_encoding, named_encoding
from tests.support.row_files import NAMES, WESTERN_NAMES, blocks, holder, read, table

_HEADER = ["holderDid", "name", "degree.type"]
_MARKED = {
    "utf-8": ("utf-8", b""),
    "utf-8-sig": ("utf-8", codecs.BOM_UTF8),
    "utf-16 little-endian, marked": ("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16 big-endian, marked": ("utf-16-be", codecs.BOM_UTF16_BE),
    "utf-16-le": ("utf-16-le", b""),
    "utf-16-be": ("utf-16-be", b""),
}


def _table(names: tuple[str, ...]) -> str:
    return table([_HEADER, *([holder(number), name, "Bachelor"] for number, name in enumerate(names))])


@pytest.mark.parametrize("block", [1, 7, 4096])
@pytest.mark.parametrize("kind", _MARKED)
def test_names_survive_every_encoding_byte_for_byte(kind: str, block: int) -> None:
    encoding, mark = _MARKED[kind]
    finding, rows = read(mark + _table(NAMES).encode(encoding), block=block)
    plain = read(_table(NAMES))[1]
    assert [row.content for row in rows] == [row.content for row in plain]
    assert finding.encoding == (kind if kind in ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be") else "utf-16")
    assert finding.samples[0] == NAMES[0]


def test_names_survive_windows_1252() -> None:
    content = _table(WESTERN_NAMES)
    finding, rows = read(content.encode("cp1252"))
    assert finding.encoding == "windows-1252"
    assert finding.samples == WESTERN_NAMES
    assert [row.content for row in rows] == [row.content for row in read(content)[1]]


@pytest.mark.parametrize("name", ["windows-1252", "CP1252", "latin-1", "ISO-8859-1"])
def test_names_in_windows_1252_survive_under_each_of_its_names(name: str) -> None:
    rows = read(_table(WESTERN_NAMES).encode("cp1252"), encoding=name)[1]
    assert [row.content for row in rows] == [row.content for row in read(_table(WESTERN_NAMES))[1]]


def test_a_named_encoding_goes_before_what_is_found() -> None:
    # Two letters of Windows-1252 that happen to be one of UTF-8.
    content = _table(("Ã©",)).encode("cp1252")
    assert b"\xc3\xa9" in content
    assert read(content)[0].encoding == "utf-8"
    finding, rows = read(content, encoding="windows-1252")
    assert finding.encoding == "windows-1252"
    assert "Ã©".encode() in rows[0].content


def test_an_unknown_encoding_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnreadableRows, match=r"utf-8, .*windows-1252") as refused:
        named_encoding("ebcdic")
    assert refused.value.faults[0].code == "INVALID_VALUE"


def test_a_later_byte_that_does_not_fit_names_its_line_and_the_choice() -> None:
    rows = [[holder(number), "Ada", "B"] for number in range(20_000)]
    head = table([_HEADER, *rows]).encode()
    assert len(head) > HEAD_BYTES
    content = head + table([["did:adi:x", "José", "B"], ["did:adi:y", "Eva", "B"]]).encode("cp1252")
    with pytest.raises(UnreadableRows, match="Line 20002 is not written in utf-8") as refused:
        read(content, limits=_many(), block=65_536)
    assert refused.value.faults[0].code == "INVALID_UNICODE"
    assert refused.value.extra == {"line": 20_002, "encodings": ["windows-1252", "utf-16"]}
    assert len(read(content, limits=_many(), encoding="windows-1252")[1]) == 20_002


def test_a_named_encoding_that_does_not_fit_names_the_line() -> None:
    with pytest.raises(UnreadableRows, match="Line 3 ") as refused:
        read(_table(("Eva", "José")).encode("cp1252"), encoding="utf-8")
    assert refused.value.extra["line"] == 3


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00\x00" + "holderDid".encode("utf-32-le"),
        b"holderDid,name\n\x81\x8d\x8f,x\n",
        codecs.BOM_UTF16_LE + b"\x00\xd8,\x00",
    ],
    ids=["UTF-32", "bytes that no encoding here has", "a lone surrogate in UTF-16"],
)
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableRows) as refused:
        read(content)
    assert refused.value.faults[0].code == "INVALID_UNICODE"


def test_a_head_cut_inside_a_letter_is_still_utf_8() -> None:
    text = ("é" * 100 + "\n").encode()
    for end in range(150, 160):
        assert found_encoding(text[:end], is_whole=False) == "utf-8"
    assert found_encoding(text[:151], is_whole=True) == "windows-1252"


def test_some_zero_bytes_do_not_make_utf_16() -> None:
    assert found_encoding(b"holderDid,name\ndid:adi:x,a\x00b\n", is_whole=True) == "utf-8"


def test_decoding_takes_a_mark_off_once() -> None:
    text = "".join(decoded(blocks(codecs.BOM_UTF8 + "a\ufeffb".encode(), 1), "utf-8"))
    assert text == "a\ufeffb"


def _many() -> object:
    from sealwright.services.row_reading import ReadingLimits

    return ReadingLimits(rows=100_000, file_bytes=64 << 20)


def test_utf16_without_a_mark_is_little_endian_where_somebody_names_it() -> None:
    assert "".join(decoded([b"", "Muñoz".encode("utf-16-le")], "utf-16")) == "Muñoz"
