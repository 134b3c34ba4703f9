"""Selecting a part of a document by JSON pointers."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from sealwright.vc.errors import DerivationInvalid
from sealwright.vc.proofs.selective.selection import MAX_POINTERS, resolve, select, split_pointer

DOCUMENT: dict[str, Any] = {
    "@context": ["https://example.com/c"],
    "id": "urn:uuid:1",
    "type": ["VerifiableCredential", "Other"],
    "issuer": {"id": "did:example:1", "name": "A"},
    "credentialSubject": {
        "id": "did:example:2",
        "degree": {"type": "Bachelor", "name": "Arts", "gpa": 3.8},
        "sails": [{"size": 1}, {"size": 2, "year": 2020}, {"size": 3}],
        "a/b": {"~c": 1},
        "lists": [[1, 2], [3]],
    },
}
DEGREE = DOCUMENT["credentialSubject"]["degree"]
HEAD = {name: DOCUMENT[name] for name in ("@context", "id", "type")}


@pytest.mark.parametrize(
    ("pointers", "subject"),
    [
        (["/credentialSubject/degree/name"], {"degree": {"type": "Bachelor", "name": "Arts"}}),
        (["/credentialSubject/degree", "/credentialSubject/degree/name"], {"degree": DEGREE}),
        (["/credentialSubject/sails/2/size", "/credentialSubject/sails/0"], {"sails": [{"size": 1}, {"size": 3}]}),
        (["/credentialSubject/sails/1/year"], {"sails": [{"year": 2020}]}),
        (["/credentialSubject/a~1b/~0c"], {"a/b": {"~c": 1}}),
        (["/credentialSubject/lists/0/1"], {"lists": [[2]]}),
        (["/credentialSubject/id"], {}),
        (["/credentialSubject/id", "/type/0", "/@context/0"], {}),
    ],
)  # fmt: skip
def test_what_is_chosen_is_taken_with_identity_and_type_around_it(pointers: list[str], subject: dict[str, Any]) -> None:
    before = deepcopy(DOCUMENT)
    assert select(DOCUMENT, pointers) == {**HEAD, "credentialSubject": {"id": "did:example:2", **subject}}
    assert before == DOCUMENT


def test_the_empty_pointer_takes_all_and_nothing_is_shared() -> None:
    chosen = select(DOCUMENT, [""])
    assert chosen == DOCUMENT
    chosen["credentialSubject"]["degree"]["gpa"] = 4  # type: ignore[index,call-overload]
    chosen["credentialSubject"]["sails"][1]["year"] = 1  # type: ignore[index,call-overload]
    assert DOCUMENT["credentialSubject"]["degree"]["gpa"] == 3.8
    assert DOCUMENT["credentialSubject"]["sails"][1]["year"] == 2020


def test_members_keep_the_order_of_the_document_whatever_is_asked_first() -> None:
    pointers = [
        "/credentialSubject/sails/0",
        "/credentialSubject/degree/gpa",
        "/issuer",
        "/credentialSubject/degree/name",
    ]
    chosen = select(DOCUMENT, pointers)
    assert list(chosen) == list(DOCUMENT)
    assert list(chosen["credentialSubject"]) == ["id", "degree", "sails"]  # type: ignore[arg-type]
    assert select(DOCUMENT, pointers[::-1]) == chosen


def test_a_blank_node_identifier_is_not_taken_as_an_identity() -> None:
    chosen = select({"@context": "c", "a": {"id": "_:b0", "b": 1, "c": 2}}, ["/a/b"])
    assert chosen == {"@context": "c", "a": {"b": 1}}


@pytest.mark.parametrize(
    "pointer",
    [
        "/none",
        "/credentialSubject/degree/none",
        "/credentialSubject/degree/name/0",
        "/credentialSubject/degree/name/length",
        "/credentialSubject/sails/3",
        "/credentialSubject/sails/-1",
        "/credentialSubject/sails/-",
        "/credentialSubject/sails/01",
        "/credentialSubject/sails/٢",
        "/credentialSubject/sails/9999999",
        "/credentialSubject/sails/size",
        "/type/2",
        "/@context/1",
        "credentialSubject",
        "/credentialSubject/~2",
        "/credentialSubject/~",
        "/",
        "/" * 40,
        "/" + "a" * 3_000,
    ],
)
def test_a_pointer_that_leads_nowhere_is_refused_even_beside_one_that_takes_all(pointer: str) -> None:
    for others in ([], ["/credentialSubject"], [""]):
        with pytest.raises(DerivationInvalid) as refusal:
            select(DOCUMENT, [*others, pointer])
        assert refusal.value.pointer is not None
    with pytest.raises(DerivationInvalid):
        resolve(DOCUMENT, pointer)


def test_no_pointer_and_too_many_are_refused() -> None:
    with pytest.raises(DerivationInvalid):
        select(DOCUMENT, [])
    with pytest.raises(DerivationInvalid):
        select(DOCUMENT, ["/issuer"] * (MAX_POINTERS + 1))


def test_resolve_finds_what_split_pointer_names() -> None:
    assert split_pointer("/a~1b/~01") == ("a/b", "~1")
    assert resolve(DOCUMENT, "/credentialSubject/sails/1/year") == 2020
    assert resolve(DOCUMENT, "") == DOCUMENT


def test_a_long_choice_is_read_as_a_short_one() -> None:
    pointers = [
        "/credentialSubject/degree/name",
        "/credentialSubject/sails/1",
        "/issuer",
        "/credentialSubject/sails/1/size",
    ]
    assert sum(map(len, pointers * 50)) > 1_024
    assert select(DOCUMENT, pointers * 50) == select(DOCUMENT, pointers)
    with pytest.raises(DerivationInvalid):
        select(DOCUMENT, [*pointers * 49, "/credentialSubject/sails/1/none"])
