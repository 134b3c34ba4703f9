"""Shapes: what two documents must share to share a plan."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sealwright.vc.canon.shape import NoPlanError, ShapeReader
from tests.support import documents

READER = ShapeReader(documents.store())
DOCUMENT: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2", documents.URL],
    "type": ["VerifiableCredential"],
    "issuer": "did:adi:issuer",
    "credentialSubject": {
        "id": "did:adi:holder",
        "label": "x",
        "amount": 1.5,
        "flag": True,
        "tags": ["a", "b"],
        "parts": [{"label": "y"}, {"label": "z"}],
        "degree": {"type": "free", "thesis": {"type": "Thing", "title": "t"}},
    },
}


def changed(*path: Any, to: Any) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    node: Any = document
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = to
    return document


def key(document: dict[str, Any]) -> Any:
    return READER.read(document)[0]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("issuer",), "did:adi:other"),
        (("credentialSubject", "label"), "other"),
        (("credentialSubject", "amount"), -7.25),
        (("credentialSubject", "tags"), ["one"]),
        (("credentialSubject", "tags"), ["a"] * 50),
        (("credentialSubject", "degree", "type"), "other free text"),
    ],
    ids=repr,
)
def test_leaves_do_not_belong_to_the_shape(path: tuple[Any, ...], value: Any) -> None:
    assert key(changed(*path, to=value)) == key(DOCUMENT)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("type",), ["VerifiableCredential", "TestCredential"]),
        (("type",), "VerifiableCredential"),
        (("@context",), "https://www.w3.org/ns/credentials/v2"),
        (("issuer",), {"id": "did:adi:issuer"}),
        (("issuer",), ["did:adi:issuer"]),
        (("credentialSubject", "flag"), False),
        (("credentialSubject", "amount"), 2),
        (("credentialSubject", "amount"), 2.0),
        (("credentialSubject", "tags"), [1, 2]),
        (("credentialSubject", "parts"), [{"label": "y"}]),
        (("credentialSubject", "label"), True),
        (("credentialSubject", "more"), "x"),
        (("credentialSubject", "degree", "thesis", "type"), "Fast"),
    ],
    ids=repr,
)
def test_structure_kinds_and_types_belong_to_the_shape(path: tuple[Any, ...], value: Any) -> None:
    assert key(changed(*path, to=value)) != key(DOCUMENT)


def test_member_order_belongs_to_the_shape() -> None:
    assert key(dict(reversed(DOCUMENT.items()))) != key(DOCUMENT)


def test_one_and_true_are_told_apart() -> None:
    first, second = changed("credentialSubject", "flag", to=1), changed("credentialSubject", "flag", to=True)
    assert key(first) != key(second)


def test_boundaries_of_objects_cannot_be_moved() -> None:
    """The same names and kinds in another nesting are another shape."""
    flat = changed("credentialSubject", to={"part": {"label": "x"}, "note": "y"})
    deep = changed("credentialSubject", to={"part": {"label": "x", "note": "y"}})
    assert key(flat) != key(deep)


def test_a_value_cannot_pass_for_a_name() -> None:
    first = changed("credentialSubject", to={"type": "label", "note": "x"})
    second = changed("credentialSubject", to={"type": "note", "label": "x"})
    assert key(first) != key(second)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("credentialSubject", "label"), None),
        (("credentialSubject", "label"), []),
        (("credentialSubject", "label"), {}),
        (("credentialSubject", "label"), [["a"]]),
        (("credentialSubject", "amount"), 1e21),
        (("credentialSubject", "amount"), float("nan")),
        (("credentialSubject", "label"), b"bytes"),
        (("credentialSubject", "tags"), ["x"] * 1_001),
        (("credentialSubject", "parts"), [{"label": "x"}] * 300),
        (("type",), {"a": "b"}),
        (("type",), ["a", 1]),
        (("@context",), [{"a": "urn:a"}]),
        (("@context",), ["https://nowhere.example/"]),
        (("@context",), None),
        (("credentialSubject", "part"), {"@context": {"a": "urn:a"}}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_some_documents_have_no_shape(path: tuple[Any, ...], value: Any) -> None:
    with pytest.raises(NoPlanError):
        READER.read(changed(*path, to=value))


def test_deep_documents_have_no_shape() -> None:
    node: Any = {"label": "x"}
    for _ in range(20):
        node = {"part": node}
    with pytest.raises(NoPlanError):
        READER.read(changed("credentialSubject", to=node))


def test_profile_knows_values_and_prefixes_of_its_contexts() -> None:
    profile = READER.profile(DOCUMENT["@context"])
    assert {"type", "@type", "mode", "proofPurpose"} <= profile.valued
    assert "ex" in profile.prefixes
    assert "label" not in profile.prefixes
    assert "type" not in profile.below("degree", profile.valued)
    assert profile.is_plannable
    assert READER.profile(list(DOCUMENT["@context"])) is profile
    assert READER.profile(DOCUMENT["@context"][::-1]).digest != profile.digest
