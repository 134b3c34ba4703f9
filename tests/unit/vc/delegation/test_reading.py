"""Reading the terms of a delegation from claims and documents: what statements hold alike is read alike, no more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sealwright.vc.delegation.reading import read_terms, terms_of_claims, terms_of_document
from sealwright.vc.errors import MalformedDocument

ENDS = datetime(2027, 1, 1, tzinfo=UTC)
CLAIMS = {"delegator": "did:adi:a", "delegate": "did:adi:b", "scope": ["read", "write"], "maxDepth": 2}


def document(**members: Any) -> dict[str, Any]:
    made = {
        "id": "urn:uuid:1",
        "type": ["VerifiableCredential", "AgentDelegationCredential"],
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2027-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:adi:b", **CLAIMS},
    }
    return {name: value for name, value in {**made, **members}.items() if value is not None}


def test_claims_become_terms() -> None:
    limits = {"maxSpendPerDay": 5}
    terms = terms_of_claims({**CLAIMS, "constraints": limits, "parent": "urn:uuid:0", "else": 1}, expires=ENDS)
    assert (terms.delegator, terms.delegate, terms.scope) == ("did:adi:a", "did:adi:b", ("read", "write"))
    assert (terms.constraints, terms.max_depth, terms.parent, terms.expires) == (limits, 2, "urn:uuid:0", ENDS)
    bare = terms_of_claims(CLAIMS, expires=None)
    assert (bare.constraints, bare.parent, bare.credential_id, bare.expires) == ({}, None, None, None)


def test_one_text_is_a_scope_of_one_and_a_whole_fraction_a_depth() -> None:
    terms = terms_of_claims({**CLAIMS, "scope": "read", "maxDepth": 2.0}, expires=ENDS)
    assert (terms.scope, terms.max_depth) == (("read",), 2)


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"delegator": None}, ["/delegator"]),
        ({"delegate": ["did:adi:b"]}, ["/delegate"]),
        ({"delegate": ""}, ["/delegate"]),
        ({"scope": []}, ["/scope"]),
        ({"scope": [["read"]]}, ["/scope"]),
        ({"scope": {"@value": "read"}}, ["/scope"]),
        ({"scope": ["read", 5]}, ["/scope"]),
        ({"scope": None}, ["/scope"]),
        ({"constraints": [{"maxSpendPerDay": 5}]}, ["/constraints"]),
        ({"constraints": None}, ["/constraints"]),
        ({"maxDepth": True}, ["/maxDepth"]),
        ({"maxDepth": "2"}, ["/maxDepth"]),
        ({"maxDepth": 1.5}, ["/maxDepth"]),
        ({"maxDepth": float("inf")}, ["/maxDepth"]),
        ({"maxDepth": float("nan")}, ["/maxDepth"]),
        ({"maxDepth": None}, ["/maxDepth"]),
        ({"parent": None}, ["/parent"]),
        ({"parent": ["urn:uuid:0"]}, ["/parent"]),
        ({"parent": "", "maxDepth": [], "delegator": 5}, ["/delegator", "/parent", "/maxDepth"]),
    ],
)
def test_claims_of_another_form_are_refused_with_every_fault(changes: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(MalformedDocument) as refused:
        terms_of_claims({**CLAIMS, **changes}, expires=ENDS)
    assert [fault.pointer for fault in refused.value.faults] == pointers
    assert {fault.code for fault in refused.value.faults} <= {"INVALID_TYPE", "MISSING_FIELD"}


def test_a_document_gives_its_id_and_the_strictest_of_its_dates() -> None:
    terms = read_terms(document())
    assert (terms.credential_id, terms.expires) == ("urn:uuid:1", ENDS)
    assert terms.valid_from == datetime(2026, 1, 1, tzinfo=UTC)
    both = read_terms(document(expirationDate="2026-06-01T00:00:00Z", issuanceDate="2026-02-01T00:00:00+01:00"))
    assert both.expires == datetime(2026, 6, 1, tzinfo=UTC)
    assert both.valid_from == datetime(2026, 1, 31, 23, tzinfo=UTC)
    endless = read_terms(document(validUntil=None, validFrom=None, id=None))
    assert (endless.expires, endless.valid_from, endless.credential_id) == (None, None, None)


def test_an_array_of_one_subject_is_that_subject() -> None:
    assert read_terms(document(credentialSubject=[{"id": "did:adi:b", **CLAIMS}])) == read_terms(document())


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"type": ["VerifiableCredential"]}, "/type"),
        ({"type": ["VerifiableCredential", "agentDelegationCredential"]}, "/type"),
        ({"type": None}, "/type"),
        ({"credentialSubject": None}, "/credentialSubject"),
        ({"credentialSubject": []}, "/credentialSubject"),
        ({"credentialSubject": [CLAIMS, CLAIMS]}, "/credentialSubject"),
        ({"credentialSubject": ["did:adi:b"]}, "/credentialSubject/0"),
        ({"credentialSubject": [{**CLAIMS, "maxDepth": "1"}]}, "/credentialSubject/0/maxDepth"),
        ({"credentialSubject": {**CLAIMS, "scope": 5}}, "/credentialSubject/scope"),
        ({"validUntil": "tomorrow"}, "/validUntil"),
        ({"expirationDate": 5}, "/expirationDate"),
        ({"issuanceDate": "2026-01-01T00:00:00"}, "/issuanceDate"),
    ],
)
def test_documents_of_another_form_are_refused(members: dict[str, Any], pointer: str) -> None:
    with pytest.raises(MalformedDocument) as refused:
        read_terms(document(**members))
    assert refused.value.pointer == pointer


def test_under_a_name_of_its_context_a_delegation_is_read_by_who_knows_it_for_one() -> None:
    assert terms_of_document(document(type=["VerifiableCredential", "Mandate"])) == read_terms(document())
