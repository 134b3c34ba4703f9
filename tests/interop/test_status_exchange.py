"""Status lists exchanged with Digital Bazaar's implementation: a set bit is a refusal on both sides."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.vc.proofs.signing import with_suite_context
from sealwright.vc.status.bitstring import empty_bitstring, set_bits
from sealwright.vc.status.documents import StatusListKind, StatusListParts, build_status_list_credential
from tests.interop import documents
from tests.interop.ours import Issuer, Ours
from tests.interop.peer import DigitalBazaar

CREATED = "2026-01-01T00:00:00Z"
ISSUER = Issuer(bytes(range(7, 39)))
STRANGER = Issuer(bytes(range(8, 40)))
LENGTH_BITS = 131_072
INDEX = 73_120
LIST = "https://status.example/lists/1/revocation"
STATUS_2021 = "https://w3id.org/vc/status-list/2021/v1"
KINDS = {
    # their type, our credential's model, suite of credential and list
    "StatusList2021": ("1.1", "Ed25519Signature2020", "StatusList2021Entry"),
    "BitstringStatusList": ("2.0", "eddsa-rdfc-2022", "BitstringStatusListEntry"),
}


def credential(kind: str, purpose: str = "revocation") -> dict[str, Any]:
    """An unsigned credential with one status entry."""
    model, _, entry = KINDS[kind]
    document = documents.degree(model, ISSUER.did)
    if kind == "StatusList2021":
        document["@context"].append(STATUS_2021)
    document["credentialStatus"] = {
        "id": f"{LIST}#{INDEX}",
        "type": entry,
        "statusPurpose": purpose,
        "statusListIndex": str(INDEX),
        "statusListCredential": LIST,
    }
    return document


def our_list(ours: Ours, kind: str, indices: list[int], issuer: Issuer = ISSUER) -> dict[str, Any]:
    """A status list credential made and signed by us."""
    parts = StatusListParts(
        url=LIST,
        issuer=issuer.did,
        purpose="revocation",
        bitstring=set_bits(empty_bitstring(LENGTH_BITS), indices),
        valid_from=parse_rfc3339(CREATED),
        valid_until=parse_rfc3339("2036-01-01T00:00:00Z"),
    )
    unsigned = build_status_list_credential(StatusListKind(f"{kind}Credential"), parts)
    unsigned = with_suite_context(unsigned, KINDS[kind][1])
    return ours.sign(unsigned, issuer, suite=KINDS[kind][1], created=CREATED)


def their_list(
    peer: DigitalBazaar, kind: str, indices: list[int], issuer: Issuer = ISSUER, purpose: str = "revocation"
) -> dict[str, Any]:
    """A status list credential made and signed by them."""
    return peer.status_list(
        type=kind, id=LIST, purpose=purpose, length=LENGTH_BITS, set=indices, issuer=issuer.did, key=issuer.key,
        suite=KINDS[kind][1], created=CREATED,
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_they_read_our_list(ours: Ours, digital_bazaar: DigitalBazaar, kind: str) -> None:
    signed = ours.sign(credential(kind), ISSUER, suite=KINDS[kind][1], created=CREATED)
    neighbors = [0, INDEX - 1, INDEX + 1, LENGTH_BITS - 1]
    clear = {**documents.CONTEXTS, LIST: our_list(ours, kind, neighbors)}
    assert digital_bazaar.verify(signed, documents=clear) == {"verified": True, "set": [], "errors": []}
    revoked = {**documents.CONTEXTS, LIST: our_list(ours, kind, [INDEX])}
    answer = digital_bazaar.verify(signed, documents=revoked)
    assert (answer["verified"], answer["set"]) == (False, ["revocation"])


@pytest.mark.parametrize("kind", KINDS)
def test_we_read_their_list(ours: Ours, digital_bazaar: DigitalBazaar, kind: str) -> None:
    signed = digital_bazaar.sign(
        credential(kind), suite=KINDS[kind][1], key=ISSUER.key, created=CREATED, documents=documents.CONTEXTS
    )
    neighbors = [0, INDEX - 1, INDEX + 1, LENGTH_BITS - 1]
    clear = ours.report(signed, status_lists=[their_list(digital_bazaar, kind, neighbors)])
    assert clear, clear.failures
    assert clear.check("revocation").outcome.value == "passed"
    revoked = ours.report(signed, status_lists=[their_list(digital_bazaar, kind, [INDEX])])
    assert [(check.name, check.code) for check in revoked.failures] == [("revocation", "REVOKED")]


@pytest.mark.parametrize("kind", KINDS)
def test_neither_takes_a_list_of_somebody_else(ours: Ours, digital_bazaar: DigitalBazaar, kind: str) -> None:
    signed = ours.sign(credential(kind), ISSUER, suite=KINDS[kind][1], created=CREATED)
    foreign = {**documents.CONTEXTS, LIST: our_list(ours, kind, [], STRANGER)}
    assert digital_bazaar.verify(signed, documents=foreign)["verified"] is False
    assert not ours.report(signed, status_lists=[their_list(digital_bazaar, kind, [], STRANGER)])


@pytest.mark.parametrize("kind", KINDS)
def test_neither_calls_a_credential_valid_without_its_list(
    ours: Ours, digital_bazaar: DigitalBazaar, kind: str
) -> None:
    signed = ours.sign(credential(kind), ISSUER, suite=KINDS[kind][1], created=CREATED)
    assert digital_bazaar.verify(signed, documents=documents.CONTEXTS)["verified"] is False
    report = ours.report(signed)
    assert not report
    assert report.check("revocation").outcome.value == "unchecked"


@pytest.mark.parametrize("kind", KINDS)
def test_neither_takes_a_list_that_was_tampered_with(ours: Ours, digital_bazaar: DigitalBazaar, kind: str) -> None:
    signed = ours.sign(credential(kind), ISSUER, suite=KINDS[kind][1], created=CREATED)
    empty, full = our_list(ours, kind, []), our_list(ours, kind, [INDEX])
    full["credentialSubject"]["encodedList"] = empty["credentialSubject"]["encodedList"]
    assert digital_bazaar.verify(signed, documents={**documents.CONTEXTS, LIST: full})["verified"] is False
    assert not ours.report(signed, status_lists=[full])


@pytest.mark.parametrize("kind", KINDS)
def test_suspension_is_its_own_purpose(ours: Ours, digital_bazaar: DigitalBazaar, kind: str) -> None:
    signed = ours.sign(credential(kind, "suspension"), ISSUER, suite=KINDS[kind][1], created=CREATED)
    suspended = ours.report(signed, status_lists=[their_list(digital_bazaar, kind, [INDEX], purpose="suspension")])
    assert [(check.name, check.code) for check in suspended.failures] == [("suspension", "SUSPENDED")]
    mixed_up = their_list(digital_bazaar, kind, [], purpose="revocation")
    assert not ours.report(signed, status_lists=[mixed_up])
    assert digital_bazaar.verify(signed, documents={**documents.CONTEXTS, LIST: mixed_up})["verified"] is False
