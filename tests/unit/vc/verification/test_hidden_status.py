"""No part of a status entry can be kept back under BbsBlsSignature2020 so that what was revoked passes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pytest

from sealwright.vc.status.bitstring import empty_bitstring, encode_status_list_2021, set_bits
from sealwright.vc.verification.credential import verify_credential
from sealwright.vc.verification.report import VerificationReport
from sealwright.vc.verification.sources import ANY_ISSUER, NoSchemaSource, NoStatusSource
from tests.support.legacy_holder import check, derive, show, signed_texts, texts_shown
from tests.support.proving import ALL_SUITES, ISSUER, NOW, Registry, canonicalizer, degree_credential

SUITE = "BbsBlsSignature2020"
CONTEXT = "https://w3id.org/vc/status-list/2021/v1"
HIDEABLE = ("type", "statusPurpose", "statusListIndex", "statusListCredential")
SUBSETS = [kept for count in range(len(HIDEABLE) + 1) for kept in itertools.combinations(HIDEABLE, count)]


def entry(purpose: str) -> dict[str, Any]:
    address = f"https://office.example/status/{purpose}"
    return {
        "id": f"{address}#5",
        "type": "StatusList2021Entry",
        "statusPurpose": purpose,
        "statusListIndex": "5",
        "statusListCredential": address,
    }


@cache
def status_list(purpose: str, is_set: bool) -> dict[str, Any]:
    bits = set_bits(empty_bitstring(131_072), [5] if is_set else [])
    address = f"https://office.example/status/{purpose}"
    document = degree_credential(credential_id=address, types=("StatusList2021Credential",), contexts=(CONTEXT,))
    document["credentialSubject"] = {
        "id": f"{address}#list",
        "type": "StatusList2021",
        "statusPurpose": purpose,
        "encodedList": encode_status_list_2021(bits),
    }
    return ISSUER.sign(document, "Ed25519Signature2020")


@cache
def signed(*purposes: str) -> dict[str, Any]:
    document = degree_credential()
    document["@context"].append(CONTEXT)
    entries = [entry(purpose) for purpose in purposes]
    document["credentialStatus"] = entries if len(entries) > 1 else entries[0]
    return ISSUER.sign(document, SUITE)


def report(document: Mapping[str, Any], *lists: Mapping[str, Any]) -> VerificationReport:
    return verify_credential(
        document,
        resolver=Registry(ISSUER),
        canon=canonicalizer(),
        accepted_suites=ALL_SUITES,
        trusted_issuers=ANY_ISSUER,
        statuses=NoStatusSource(),
        schemas=NoSchemaSource(),
        now=NOW,
        handed_status_lists=lists,
    )


def part_with(document: Mapping[str, Any], status: Any) -> dict[str, Any]:
    """A derived credential with this in place of the status; None leaves it out. Its proof holds."""
    part = {name: value for name, value in document.items() if name not in {"proof", "credentialStatus"}}
    part["credentialSubject"] = {"id": "did:adi:holder001"}
    if status is not None:
        part["credentialStatus"] = status
    made = show(document, part)
    assert set(texts_shown(made)) < set(signed_texts(document))
    assert check(made).is_derived
    return made


def only(source: Mapping[str, Any], kept: Sequence[str]) -> dict[str, Any]:
    """The entry with some of its members; without its type the context means nothing, so by their whole names."""
    if "type" in kept:
        return {name: source[name] for name in ("id", *kept)}
    whole = {f"https://w3id.org/vc/status-list#{name}": source[name] for name in kept}
    address = "https://w3id.org/vc/status-list#statusListCredential"
    return {"id": source["id"], **whole, **({address: {"id": whole[address]}} if address in whole else {})}


def test_a_status_that_is_shown_whole_is_read() -> None:
    made = part_with(signed("revocation"), entry("revocation"))
    assert report(made, status_list("revocation", False))
    assert [one.code for one in report(made, status_list("revocation", True)).failures] == ["REVOKED"]


@pytest.mark.parametrize("kept", SUBSETS[:-1], ids=lambda kept: "-".join(kept) or "none")
def test_half_a_status_does_not_pass(kept: tuple[str, ...]) -> None:
    made = part_with(signed("revocation"), only(entry("revocation"), kept))
    for is_set in (True, False):
        assert not report(made, status_list("revocation", is_set))


@pytest.mark.parametrize("status", [None, "https://office.example/status/revocation#5"])
def test_a_status_by_name_alone_or_none_does_not_pass(status: str | None) -> None:
    made = part_with(signed("revocation"), status)
    for is_set in (True, False):
        assert not report(made, status_list("revocation", is_set))


@pytest.mark.parametrize("shown", ["revocation", "suspension"])
def test_one_of_two_entries_does_not_pass(shown: str) -> None:
    document = signed("revocation", "suspension")
    lists = [status_list(purpose, purpose != shown) for purpose in ("revocation", "suspension")]
    for status in (entry(shown), [entry(shown)]):
        made = part_with(document, status)
        assert "credentialStatus" in check(made).may_hide
        assert not report(made, *lists)
    # Nor does the other one by its name, beside it or under the whole name of the member.
    other = "suspension" if shown == "revocation" else "revocation"
    name = entry(other)["id"]
    assert not report(part_with(document, [entry(shown), name]), *lists)
    assert not report(part_with(document, [entry(shown), {"id": name}]), *lists)
    spelled = part_with(document, None)
    bare = {member: value for member, value in spelled.items() if member != "proof"}
    bare["credentialStatus"] = entry(shown)
    bare["https://www.w3.org/2018/credentials#credentialStatus"] = entry(other)
    said = part_with(document, [entry(shown), entry(other)])
    assert report(show(document, bare, said=said), *lists).check("structure").code == "TERM_CONFLICT"


def test_an_entry_under_the_whole_name_of_the_member_does_not_pass() -> None:
    document = signed("revocation")
    bare = {member: value for member, value in part_with(document, None).items() if member != "proof"}
    bare["https://www.w3.org/2018/credentials#credentialStatus"] = entry("revocation")
    made = show(document, bare, said=part_with(document, entry("revocation")))
    assert report(made, status_list("revocation", False)).check("structure").code == "TERM_CONFLICT"


def test_what_is_derived_by_our_rules_is_read_whole() -> None:
    document = signed("revocation", "suspension")
    made = derive(document, "/credentialSubject/degree/gpa")
    assert report(made, status_list("revocation", False), status_list("suspension", False))
    for revoked, suspended in ((True, False), (False, True)):
        assert not report(made, status_list("revocation", revoked), status_list("suspension", suspended))
