"""Revocation and suspension: read only from lists that hold; every broken list gives "no", never "not revoked"."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from sealwright.vc.dids.document import build_did_document
from sealwright.vc.dids.methods import did_key
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.errors import StatusListInvalid, StatusListUnreadable
from sealwright.vc.status.bitstring import MIN_LIST_BITS, compress, set_bit
from sealwright.vc.status.documents import (
    REVOCATION,
    SUSPENSION,
    StatusListKind,
    StatusListParts,
    build_status_list_credential,
    status_entries,
)
from sealwright.vc.verification.credential import verify_credential
from sealwright.vc.verification.report import Outcome, VerificationReport
from sealwright.vc.verification.sources import ANY_ISSUER, NoSchemaSource
from sealwright.vc.verification.status_reading import MAX_REMEMBERED, StatusListMemory, parse_entry
from tests.support.proving import (
    ALL_SUITES,
    ISSUER,
    NOW,
    STRANGER,
    Party,
    Registry,
    canonicalizer,
    degree_credential,
)

INDEX = 73120
URLS = {purpose: f"https://cred.example/status/7b/{purpose}" for purpose in (REVOCATION, SUSPENSION)}
CLEAR = bytes(MIN_LIST_BITS // 8)
SET = set_bit(CLEAR, INDEX)
PASSED, FAILED, UNCHECKED, NOT_APPLICABLE = (
    Outcome.PASSED,
    Outcome.FAILED,
    Outcome.UNCHECKED,
    Outcome.NOT_APPLICABLE,
)
KINDS = {
    StatusListKind.STATUS_LIST_2021: ("1.1", "Ed25519Signature2020", "https://w3id.org/vc/status-list/2021/v1"),
    StatusListKind.BITSTRING: ("2.0", "eddsa-rdfc-2022", None),
}
K2021 = StatusListKind.STATUS_LIST_2021


class Lists:
    """A source that holds lists by address and counts how often it was asked."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        self.documents = {document["id"]: document for document in documents}
        self.asked: list[str] = []

    def fetch(self, url: str) -> Mapping[str, Any]:
        self.asked.append(url)
        if url not in self.documents:
            raise StatusListUnreadable("Nobody answers there.")
        return self.documents[url]


def unsigned_list(kind: StatusListKind = K2021, purpose: str = REVOCATION, bits: bytes = CLEAR) -> dict[str, Any]:
    parts = StatusListParts(
        URLS[purpose], ISSUER.did, purpose, bits, NOW - timedelta(minutes=1), NOW + timedelta(minutes=5)
    )
    return build_status_list_credential(kind, parts)


def signed_list(kind: StatusListKind = K2021, purpose: str = REVOCATION, bits: bytes = CLEAR) -> dict[str, Any]:
    return ISSUER.sign(unsigned_list(kind, purpose, bits), KINDS[kind][1])


def credential(
    kind: StatusListKind = K2021, purposes: tuple[str, ...] = (REVOCATION,), index: int = INDEX, **entry: Any
) -> dict[str, Any]:
    """A signed credential with an entry for each purpose; `entry` changes members of the first."""
    model, suite, context = KINDS[kind]
    entries = status_entries(kind, list_urls={purpose: URLS[purpose] for purpose in purposes}, index=index)
    first = {name: value for name, value in {**entries[0], **entry}.items() if value is not ...}
    document = degree_credential(model, status=(first, *entries[1:]))
    if context:
        document["@context"].append(context)
    return ISSUER.sign(document, suite)


def verify(document: dict[str, Any], source: Lists, **changes: Any) -> VerificationReport:
    rules: dict[str, Any] = {
        "resolver": Registry(ISSUER, STRANGER),
        "canon": canonicalizer(),
        "accepted_suites": ALL_SUITES,
        "trusted_issuers": ANY_ISSUER,
        "statuses": source,
        "schemas": NoSchemaSource(),
        "now": NOW,
    }
    return verify_credential(document, **{**rules, **changes})


def found(report: VerificationReport, purpose: str = REVOCATION) -> tuple[Outcome, str | None]:
    check = report.check(purpose)
    return check.outcome, check.code


@pytest.mark.parametrize("kind", KINDS)
def test_a_clear_bit_passes_and_a_set_bit_fails(kind: StatusListKind) -> None:
    good = verify(credential(kind), Lists(signed_list(kind)))
    assert good
    assert found(good) == (PASSED, None)
    assert found(good, SUSPENSION) == (NOT_APPLICABLE, None)
    revoked = verify(credential(kind), Lists(signed_list(kind, bits=SET)))
    assert not revoked
    assert found(revoked) == (FAILED, "REVOKED")


@pytest.mark.parametrize("kind", KINDS)
def test_revocation_and_suspension_are_two_lists_and_two_answers(kind: StatusListKind) -> None:
    both = credential(kind, (REVOCATION, SUSPENSION))
    source = Lists(signed_list(kind), signed_list(kind, SUSPENSION, SET))
    report = verify(both, source)
    assert found(report) == (PASSED, None)
    assert found(report, SUSPENSION) == (FAILED, "SUSPENDED")
    assert sorted(source.asked) == sorted(URLS.values())


def test_a_credential_without_entry_has_no_status_to_check() -> None:
    report = verify(ISSUER.sign(degree_credential()), Lists())
    assert report
    assert found(report) == found(report, SUSPENSION) == (NOT_APPLICABLE, None)


def test_only_the_credentials_own_bit_counts() -> None:
    neighbors = set_bit(set_bit(CLEAR, INDEX - 1), INDEX + 1)
    assert verify(credential(), Lists(signed_list(bits=neighbors)))


def test_a_list_that_cannot_be_had_leaves_the_answer_open() -> None:
    report = verify(credential(), Lists())
    assert not report
    assert found(report) == (UNCHECKED, "STATUS_UNREADABLE")


def _resigned(
    change: Any, kind: StatusListKind = K2021, party: Party = ISSUER, suite: str | None = None
) -> dict[str, Any]:
    """A list with members changed before it was signed."""
    document = unsigned_list(kind)
    change(document)
    return party.sign(document, suite or KINDS[kind][1])


def _encoded(text: str) -> dict[str, Any]:
    return _resigned(lambda document: document["credentialSubject"].update(encodedList=text))


@cache
def broken_lists() -> dict[str, dict[str, Any]]:
    """Lists that do not hold, by their defect; each has the address that the credential names."""
    tampered = signed_list()
    tampered["credentialSubject"]["encodedList"] = base64url_encode(compress(set_bit(CLEAR, 5)))
    other_key = STRANGER.sign(unsigned_list(), verification_method=ISSUER.method_id)
    return {
        "unsigned": unsigned_list(),
        "changed after signing": tampered,
        "signed with a stranger's key": STRANGER.sign(unsigned_list()),
        "signed by a stranger under the issuer's method": other_key,
        "issued by a stranger": _resigned(lambda document: document.update(issuer=STRANGER.did), party=STRANGER),
        "signed for another purpose of proof": ISSUER.sign(unsigned_list(), purpose="authentication"),
        "not valid yet": _resigned(lambda d: d.update(issuanceDate="2026-11-21T02:31:01Z")),
        "expired": _resigned(
            lambda d: d.update(issuanceDate="2026-11-01T00:00:00Z", expirationDate="2026-11-21T02:28:59Z")
        ),
        "for another purpose": _resigned(lambda d: d["credentialSubject"].update(statusPurpose=SUSPENSION)),
        "without purpose": _resigned(lambda d: d["credentialSubject"].pop("statusPurpose")),
        "no list credential": _resigned(lambda d: d.update(type=["VerifiableCredential"])),
        "with two subjects": _resigned(lambda d: d.update(credentialSubject=[d["credentialSubject"]] * 2)),
        "without bits": _resigned(lambda d: d["credentialSubject"].pop("encodedList")),
        "too short": _encoded(base64url_encode(compress(CLEAR[:-1]))),
        "not packed": _encoded(base64url_encode(CLEAR[:100])),
        "not base64": _encoded("!!!"),
        "of the wrong form": _resigned(lambda d: d.update(issuanceDate="yesterday")),
    }


DEFECTS = [
    "unsigned",
    "changed after signing",
    "signed with a stranger's key",
    "signed by a stranger under the issuer's method",
    "issued by a stranger",
    "signed for another purpose of proof",
    "not valid yet",
    "expired",
    "for another purpose",
    "without purpose",
    "no list credential",
    "with two subjects",
    "without bits",
    "too short",
    "not packed",
    "not base64",
    "of the wrong form",
]


def test_every_defect_is_listed() -> None:
    assert list(broken_lists()) == DEFECTS


@pytest.mark.parametrize("name", DEFECTS)
def test_a_list_that_does_not_hold_fails_the_check(name: str) -> None:
    document = broken_lists()[name]
    assert document["id"] == URLS[REVOCATION]
    report = verify(credential(), Lists(document))
    assert not report
    assert found(report) == (FAILED, "STATUS_INVALID")


def test_a_list_whose_subject_is_of_another_type_does_not_count() -> None:
    kind = StatusListKind.BITSTRING
    document = unsigned_list(kind)
    # This context defines every term, so that the list can be signed at all.
    document["@context"].append("https://www.w3.org/ns/credentials/examples/v2")
    document["credentialSubject"]["type"] = "AnotherList"
    signed = ISSUER.sign(document, KINDS[kind][1])
    assert found(verify(credential(kind), Lists(signed))) == (FAILED, "STATUS_INVALID")


def test_a_list_under_another_id_does_not_count() -> None:
    moved = _resigned(lambda document: document.update(id=URLS[SUSPENSION]))
    source = Lists()
    source.documents[URLS[REVOCATION]] = moved
    assert found(verify(credential(), source)) == (FAILED, "STATUS_INVALID")


def test_a_list_of_the_other_kind_does_not_count() -> None:
    assert found(verify(credential(), Lists(signed_list(StatusListKind.BITSTRING)))) == (FAILED, "STATUS_INVALID")


def test_an_index_beyond_the_list_is_an_error() -> None:
    report = verify(credential(index=MIN_LIST_BITS), Lists(signed_list()))
    assert found(report) == (FAILED, "STATUS_INVALID")


def test_a_bomb_leaves_the_answer_open() -> None:
    bomb = _encoded(base64url_encode(compress(bytes(8 * 1024 * 1024 + 1))))
    assert found(verify(credential(), Lists(bomb))) == (UNCHECKED, "STATUS_UNREADABLE")


@pytest.mark.parametrize(
    ("entry", "outcome"),
    [
        ({"statusListIndex": "073120"}, (FAILED, "STATUS_INVALID")),
        ({"statusListIndex": "-1"}, (FAILED, "STATUS_INVALID")),
        ({"statusListIndex": "7e3"}, (FAILED, "STATUS_INVALID")),
        ({"statusListIndex": ...}, (FAILED, "STATUS_INVALID")),
        ({"statusListCredential": ...}, (FAILED, "STATUS_INVALID")),
        ({"statusPurpose": ...}, (FAILED, "STATUS_INVALID")),
        ({"id": URLS[REVOCATION]}, (FAILED, "STATUS_INVALID")),
        ({"statusPurpose": "endorsement"}, (UNCHECKED, "STATUS_UNREADABLE")),
        ({"statusPurpose": "message"}, (NOT_APPLICABLE, None)),
        ({"id": ...}, (PASSED, None)),
    ],
    ids=str,
)
def test_entries_are_read_strictly(entry: dict[str, Any], outcome: tuple[Outcome, str | None]) -> None:
    assert found(verify(credential(**entry), Lists(signed_list()))) == outcome


@pytest.mark.parametrize(
    "member",
    [{"statusListIndex": 73120}, {"statusListCredential": ["https://a.example/1"]}, {"statusSize": 2}],
    ids=str,
)
def test_entry_members_of_another_type_are_refused(member: dict[str, Any]) -> None:
    (entry,) = status_entries(K2021, list_urls={REVOCATION: URLS[REVOCATION]}, index=1)
    assert parse_entry(entry) is not None
    with pytest.raises(StatusListInvalid):
        parse_entry({**entry, **member})


def test_an_unknown_entry_type_leaves_the_answer_open() -> None:
    document = degree_credential("2.0", status=({"id": "urn:a:b", "type": "https://a.example/#OtherStatus2030"},))
    report = verify(ISSUER.sign(document, "eddsa-rdfc-2022"), Lists())
    assert not report
    assert found(report) == (UNCHECKED, "STATUS_UNREADABLE")


def test_one_bad_entry_of_a_purpose_is_enough() -> None:
    good, bad = status_entries(K2021, list_urls={REVOCATION: URLS[REVOCATION]}, index=1) * 2
    bad = {**bad, "id": URLS[REVOCATION] + f"#{INDEX}", "statusListIndex": str(INDEX)}
    unknown = {**bad, "id": "urn:a:b", "statusPurpose": "endorsement"}
    for entries, outcome in (
        ((good, bad), (FAILED, "REVOKED")),
        ((bad, good), (FAILED, "REVOKED")),
        ((unknown, bad), (FAILED, "REVOKED")),
        ((bad, unknown), (FAILED, "REVOKED")),
        ((good, unknown), (UNCHECKED, "STATUS_UNREADABLE")),
        ((unknown, good), (UNCHECKED, "STATUS_UNREADABLE")),
    ):
        document = degree_credential(status=entries)
        document["@context"].append("https://w3id.org/vc/status-list/2021/v1")
        assert found(verify(ISSUER.sign(document), Lists(signed_list(bits=SET)))) == outcome


def test_no_list_is_asked_for_on_the_word_of_an_unverified_document() -> None:
    tampered = credential()
    tampered["credentialSubject"]["id"] = "did:adi:thief"
    foreign = STRANGER.sign({name: value for name, value in credential().items() if name != "proof"})
    for document in (tampered, foreign):
        source = Lists(signed_list())
        assert found(verify(document, source)) == (UNCHECKED, None)
        assert source.asked == []


def test_no_list_is_asked_for_when_status_was_not_asked() -> None:
    source = Lists()
    assert verify(credential(), source, selected=["proof"])
    assert source.asked == []


def test_a_list_that_is_handed_in_serves_if_it_holds() -> None:
    for bits, expected in ((CLEAR, (PASSED, None)), (SET, (FAILED, "REVOKED"))):
        source = Lists()
        report = verify(credential(), source, handed_status_lists=[signed_list(bits=bits)])
        assert found(report) == expected
        assert source.asked == []


@pytest.mark.parametrize("name", ["unsigned", "issued by a stranger", "expired", "changed after signing"])
def test_a_list_that_is_handed_in_and_does_not_hold_counts_for_nothing(name: str) -> None:
    handed = [broken_lists()[name]]
    assert found(verify(credential(), Lists(signed_list(bits=SET)), handed_status_lists=handed)) == (FAILED, "REVOKED")
    assert found(verify(credential(), Lists(), handed_status_lists=handed)) == (UNCHECKED, "STATUS_UNREADABLE")


def test_a_list_for_another_address_that_is_handed_in_is_not_used() -> None:
    handed = [signed_list(purpose=SUSPENSION)]
    assert found(verify(credential(), Lists(), handed_status_lists=handed)) == (UNCHECKED, "STATUS_UNREADABLE")


def test_a_remembered_list_is_not_verified_again() -> None:
    memory, source = StatusListMemory(), Lists(signed_list())
    registry = Registry(ISSUER)
    assert verify(credential(), source, status_memory=memory, resolver=registry)
    before = canonicalizer().stats()
    assert verify(credential(), source, status_memory=memory, resolver=registry)
    after = canonicalizer().stats()
    # Signing the second credential and verifying it: two documents, and not the list.
    work = (after.hits + after.fallbacks) - (before.hits + before.fallbacks)
    assert work <= 4


def test_another_object_under_the_same_address_is_verified_anew() -> None:
    memory = StatusListMemory()
    assert verify(credential(), Lists(signed_list()), status_memory=memory)
    report = verify(credential(), Lists(signed_list(bits=SET)), status_memory=memory)
    assert found(report) == (FAILED, "REVOKED")
    forged = Lists(broken_lists()["unsigned"])
    assert found(verify(credential(), forged, status_memory=memory)) == (FAILED, "STATUS_INVALID")


def test_a_remembered_list_grows_old_and_its_key_can_fall() -> None:
    memory, source = StatusListMemory(), Lists(signed_list())
    late = credential()
    assert verify(late, source, status_memory=memory)
    assert found(verify(late, source, status_memory=memory, now=NOW + timedelta(minutes=7))) == (
        FAILED,
        "STATUS_INVALID",
    )
    # A second method signs the credential; the one that signed the list is compromised meanwhile.
    registry = Registry()
    second = Party(4)
    other = second.method(id=f"{ISSUER.did}#second", controller=ISSUER.did)
    document = build_did_document(
        ISSUER.did, [ISSUER.method(), other], relationships={"assertionMethod": [ISSUER.method_id, other.id]}
    )
    registry.resolved[ISSUER.did] = ResolvedDID(document, compromised_methods=frozenset({ISSUER.method_id}))
    unsigned = {name: value for name, value in late.items() if name != "proof"}
    resigned = second.sign(unsigned, verification_method=other.id)
    assert found(verify(resigned, source, status_memory=memory, resolver=registry)) == (FAILED, "STATUS_INVALID")


def test_the_memory_is_bounded() -> None:
    memory, source = StatusListMemory(), Lists(signed_list())
    verify(credential(), source, status_memory=memory)
    document = source.documents[URLS[REVOCATION]]
    verified = memory.get(URLS[REVOCATION], document)
    assert verified is not None
    for number in range(MAX_REMEMBERED):
        memory.put(f"https://a.example/{number}", document, verified)
    assert memory.get(URLS[REVOCATION], document) is None


def test_a_list_issuer_by_did_key_serves_its_own_credentials_only() -> None:
    party = Party(6, did_key(Party(6).key))
    foreign = _resigned(lambda document: document.update(issuer=party.did), party=party)
    assert found(verify(credential(), Lists(foreign))) == (FAILED, "STATUS_INVALID")


def test_reading_leaves_the_list_as_it_was() -> None:
    source = Lists(signed_list())
    before = copy.deepcopy(source.documents)
    verify(credential(), source)
    assert source.documents == before
