"""Members that verifiers read have one name each, whatever contexts say."""

from __future__ import annotations

import pytest

from sealwright.vc.canon.spelling import is_disguised

CREDENTIALS = "https://www.w3.org/2018/credentials#"


@pytest.mark.parametrize(
    ("name", "iri"),
    [
        ("credentialStatus", f"{CREDENTIALS}credentialStatus"),
        ("expires", "https://w3id.org/security#expiration"),
        ("id", "@id"),
        ("@id", "@id"),
        ("@type", "@type"),
        ("@included", "@included"),
        ("name", "https://schema.org/name"),
        ("https://schema.org/name", "https://schema.org/name"),
        ("value", "@value"),
    ],
)
def test_names_by_which_a_reader_looks_or_that_nobody_looks_for(name: str, iri: str) -> None:
    assert not is_disguised(name, iri)


@pytest.mark.parametrize(
    ("name", "iri"),
    [
        (f"{CREDENTIALS}credentialStatus", f"{CREDENTIALS}credentialStatus"),
        ("cred:validUntil", f"{CREDENTIALS}validUntil"),
        ("expiration", "https://w3id.org/security#expiration"),
        ("type", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"),
        ("name", "@id"),
        ("type", "@id"),
        ("more", "@included"),
        ("https://w3id.org/security#challenge", "https://w3id.org/security#challenge"),
        ("sec:domain", "https://w3id.org/security#domain"),
    ],
)
def test_disguises(name: str, iri: str) -> None:
    assert is_disguised(name, iri)
