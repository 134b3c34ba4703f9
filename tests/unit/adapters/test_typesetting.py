"""Papers and badges: text is text in every script, never a box, and what leaves is a checkable file."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest
import typst

from sealwright.adapters import typesetting
from sealwright.adapters.typesetting import TypstTypesetter
from sealwright.services.download_ports import BadgeFace, Paper, PaperFile
from sealwright.web.panel.qr import qr_version
from tests.support.screens import codes_in

AT = datetime(2026, 11, 20, 14, 5, 9, tzinfo=UTC)
DOCUMENT = '{"id": "urn:uuid:1", "credentialSubject": {"name": "Muñoz 陳大文"}}'.encode()
# No font has these: a code point that is no character, and one of private use.
NOWHERE = "\U0010fffe"
PAPER = Paper(
    language="en",
    title="Department of Public Works certification",
    issuer="Harbor Works Office",
    holder_word="Held by",
    holder="María Muñoz",
    facts=(("Qualification", "street repair"), ("Credential id", "urn:uuid:f47ac10b-58cc-4372-a567-0e02b2c3d479")),
    address="https://credentials.example.org/v/ABCDEFGHIJKLMNOPQRSTUVWX23",
    scan_word="Scan this code.",
    notes=("The credential is inside.",),
    unprintable="Some letters stand as code points.",
    tone=2,
    at=AT,
    file=PaperFile("credential.json", "application/ld+json", DOCUMENT, "The signed credential"),
)


@pytest.fixture(scope="module")
def typesetter() -> TypstTypesetter:
    return TypstTypesetter()


def text_of(pdf: bytes) -> str:
    return " ".join("\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages).split())


def test_paper_is_tagged_titled_small_and_the_same_each_time(typesetter: TypstTypesetter) -> None:
    made = typesetter.pdf(PAPER)
    assert made == typesetter.pdf(PAPER)
    assert len(made) <= 100_000
    read = pypdf.PdfReader(io.BytesIO(made))
    root = read.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert read.metadata is not None
    assert read.metadata.title == PAPER.title
    assert read.metadata.author == PAPER.issuer
    assert read.metadata.creation_date == AT
    assert b"/FontFile" in made or "/FontFile" in str(read.resolved_objects)


def test_paper_carries_the_document_byte_for_byte(typesetter: TypstTypesetter) -> None:
    read = pypdf.PdfReader(io.BytesIO(typesetter.pdf(PAPER)))
    assert read.attachments == {"credential.json": [DOCUMENT]}


@pytest.mark.parametrize("name", ["María Muñoz", "Nguyễn Thị Minh Khai", "Łukasz Żółć", "Ελένη", "Ольга"])
def test_names_can_be_selected(typesetter: TypstTypesetter, name: str) -> None:
    text = text_of(typesetter.pdf(replace(PAPER, holder=name)))
    assert name in text
    assert "U+" not in text
    assert PAPER.unprintable not in text


@pytest.mark.parametrize("name", ["陳大文", "محمد بن سلمان", "דוד לוי", "สมชาย", "क्षत्रिय", "👩‍👩‍👧"])
def test_names_in_every_script_are_shown_or_said_not_to_be(typesetter: TypstTypesetter, name: str) -> None:
    """Which fonts a machine has decides which of the two; the exporter vouches that nothing else is on the paper."""
    text = text_of(typesetter.pdf(replace(PAPER, holder=name)))
    assert ("U+" in text) == (PAPER.unprintable in text)
    if "U+" in text:
        assert all(f"U+{ord(letter):04X}" in text for letter in name.replace(" ", "")[:1])


def test_letters_that_no_font_has_are_told_by_code_point(typesetter: TypstTypesetter) -> None:
    text = text_of(typesetter.pdf(replace(PAPER, holder=f"Ana {NOWHERE}{NOWHERE} Muñoz")))
    assert "Ana [U+10FFFE U+10FFFE] Muñoz" in text
    assert PAPER.unprintable in text


@pytest.mark.parametrize(
    "hostile",
    [
        '#emph[x] #read("/etc/passwd")',
        "$ x^2 $ *bold* _it_ `raw` @ref <label>",
        "= Heading // no remark /* none */",
        "\\u{41} ~ -- --- ...",
        "<script>alert(1)</script>",
        '#import "@preview/x:0.1.0"',
    ],
)
def test_what_looks_like_markup_is_text(typesetter: TypstTypesetter, hostile: str) -> None:
    made = typesetter.pdf(replace(PAPER, holder=hostile, facts=((hostile, hostile),), title=hostile))
    squeezed = text_of(made).replace(" ", "")
    assert squeezed.count(hostile.replace(" ", "")) >= 3


def test_control_and_turning_characters_leave_the_line_as_it_reads(typesetter: TypstTypesetter) -> None:
    text = text_of(typesetter.pdf(replace(PAPER, holder="Eve\x07\n\u202enimda\u202c")))
    assert "Eve nimda" in text


def test_the_code_on_paper_leads_to_the_public_page() -> None:
    """The same form, drawn as a printer would; a reader that is not our encoder."""
    form = Path(typesetting.__file__).parent / "papers" / "certificate.typ"
    inputs = {"paper": json.dumps(typesetting._members(PAPER, frozenset())), "file": "{}"}
    drawn = typst.Compiler().compile(input=form.read_bytes(), sys_inputs=inputs, format="png", ppi=100.0)
    assert isinstance(drawn, bytes)
    assert codes_in(drawn, most_rows=360) == [PAPER.address]
    assert qr_version(PAPER.address) <= 5


def test_long_words_and_many_facts_go_on(typesetter: TypstTypesetter) -> None:
    facts = tuple((f"Fact {number}", "word " * 20) for number in range(30))
    made = typesetter.pdf(replace(PAPER, holder=f"did:jwk:{'e' * 400}", facts=facts))
    assert len(pypdf.PdfReader(io.BytesIO(made)).pages) > 1
    assert "Fact 29" in text_of(made)


def test_badge_is_a_square_png_of_few_bytes(typesetter: TypstTypesetter) -> None:
    face = BadgeFace("Department of Public Works certification", "Harbor Works Office", 4)
    made = typesetter.badge(face)
    assert made == typesetter.badge(face)
    assert made.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(made[16:20], "big") == int.from_bytes(made[20:24], "big") == 600
    assert len(made) < 150_000
    assert made != typesetter.badge(replace(face, tone=1))


@pytest.mark.parametrize(
    "label", [NOWHERE, "陳大文", "Donaudampfschifffahrtsgesellschaftskapitänspatent " * 4, "\u200b"]
)
def test_badges_of_any_label_are_drawn(typesetter: TypstTypesetter, label: str) -> None:
    made = typesetter.badge(BadgeFace(label, "Ä", 6))
    assert made.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(made[16:20], "big") == int.from_bytes(made[20:24], "big") == 600
    assert made != typesetter.badge(BadgeFace("Another", "Ä", 6))


def test_fonts_of_the_package_alone_suffice_for_latin_names() -> None:
    bare = TypstTypesetter(has_system_fonts=False)
    assert "Nguyễn Thị Minh Khai" in text_of(bare.pdf(replace(PAPER, holder="Nguyễn Thị Minh Khai")))
    told = text_of(bare.pdf(replace(PAPER, holder="陳大文")))
    assert "[U+9673 U+5927 U+6587]" in told
    assert PAPER.unprintable in told
