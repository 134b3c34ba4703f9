"""Credential types: their names, and labels that must not pass for each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sealwright.domain.catalog import CredentialType, TypeUsage, look_alike_form
from sealwright.domain.errors import InvalidTypeValue

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make(value: str, **members: object) -> CredentialType:
    return CredentialType(value, "Label", "did:adi:schema:x-v1", "did:adi:x", NOW, NOW, **members)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["", "all", "Upper", "a-b", "a b", "ä", "x" * 65, "a\n"])
def test_values_have_one_form(value: str) -> None:
    with pytest.raises(InvalidTypeValue):
        make(value)
    assert make("dpw_certified_2").value == "dpw_certified_2"


@pytest.mark.parametrize(
    "twin",
    [
        "DPW certified",
        "ＤＰＷ ｃｅｒｔｉｆｉｅｄ",
        " dpw   certified ",
        "dpw\u00a0certified",
        "dpw сеrtіfіed",
        "dpw cεrtifιed",
        "dpw certiﬁed",
    ],
    ids=["case", "width", "blanks", "hard blank", "Cyrillic", "Greek", "ligature"],
)
def test_labels_that_look_alike_are_one(twin: str) -> None:
    assert look_alike_form(twin) == look_alike_form("dpw certified")


def test_labels_that_differ_to_the_eye_stay_apart() -> None:
    labels = ("Level 1", "Level 2", "Árbol", "Arbol", "陳大文", "Город", "Город 2", "certified dpw")
    assert len({look_alike_form(label) for label in labels}) == len(labels)


def test_grants_end_when_the_type_says_so() -> None:
    assert make("x").end_of_grant(NOW) is None
    assert make("x", validity_days=30).end_of_grant(NOW) == NOW + timedelta(days=30)
    assert make("x", labels={"es": "Etiqueta"}).label_in("es") == "Etiqueta"
    assert make("x").label_in("es") == "Label"
    assert not TypeUsage().is_used
    assert TypeUsage(scopes=1).is_used
