"""Terms in canonical N-Quads: escapes, doubles, and what an IRI may hold."""

from __future__ import annotations

import pytest

from sealwright.vc.canon.terms import ABSOLUTE_IRI, XSD_STRING, canonical_double, escape, line, literal
from sealwright.vc.errors import InvalidCharacter

SHORT = {0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}


@pytest.mark.parametrize("code", [*range(0x20), 0x7F, 0x22, 0x5C], ids=hex)
def test_every_control_character_is_escaped(code: int) -> None:
    expected = SHORT.get(code, f"\\u{code:04X}")
    assert escape(f"a{chr(code)}b") == f"a{expected}b"


@pytest.mark.parametrize(
    "code", [0x20, 0x2F, 0x80, 0x85, 0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFD, 0xE000, 0x10FFFF], ids=hex
)
def test_other_characters_stand_as_they_are(code: int) -> None:
    assert escape(f"a{chr(code)}b") == f"a{chr(code)}b"


@pytest.mark.parametrize("text", ["\ufffe", "a\uffffb", '"\ufffe"'])
def test_characters_on_which_implementations_disagree_are_refused(text: str) -> None:
    with pytest.raises(InvalidCharacter):
        escape(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.8, "3.8E0"),
        (0.5, "5.0E-1"),
        (-0.1, "-1.0E-1"),
        (0.1 + 0.2, "3.0E-1"),
        (100.25, "1.0025E2"),
        (1e21, "1.0E21"),
        (1.7976931348623157e308, "1.797693134862316E308"),
        (5e-324, "4.940656458412465E-324"),
        (1e-7, "1.0E-7"),
        (123456789.125, "1.23456789125E8"),
        (10.0, "1.0E1"),
        (0.0, "0.0E0"),
    ],
)
def test_canonical_double(value: float, text: str) -> None:
    assert canonical_double(value) == text


def test_literal_leaves_out_the_datatype_of_strings_only() -> None:
    assert literal("a") == literal("a", XSD_STRING) == '"a"'
    assert literal("a", "urn:d") == '"a"^^<urn:d>'


def test_line_names_the_graph_only_if_there_is_one() -> None:
    assert line(("<urn:s>", "<urn:p>", "_:o", "")) == "<urn:s> <urn:p> _:o .\n"
    assert line(("<urn:s>", "<urn:p>", "_:o", "_:g")) == "<urn:s> <urn:p> _:o _:g .\n"


@pytest.mark.parametrize("iri", ["urn:", "did:adi:x", "HTTP://a/b?c#d", "a+b-c.d:é", "x:/%20"])
def test_absolute_iris_are_recognized(iri: str) -> None:
    assert ABSOLUTE_IRI.fullmatch(iri)


@pytest.mark.parametrize(
    "character", [*map(chr, range(0x21)), *'<>"{}|^`\\', "\x7f", "\x85", "\xa0", "\u2028", "\u3000"], ids=repr
)
def test_characters_that_could_end_a_term_are_not_part_of_an_iri(character: str) -> None:
    assert not ABSOLUTE_IRI.fullmatch(f"urn:a{character}b")
    assert not ABSOLUTE_IRI.fullmatch(f"urn:a{character}")


@pytest.mark.parametrize("iri", ["", "a", "/a", "#a", "1a:b", ":a", "_:b", "a b:c", "é:x"])
def test_relative_references_and_blank_nodes_are_no_absolute_iris(iri: str) -> None:
    assert not ABSOLUTE_IRI.fullmatch(iri)
