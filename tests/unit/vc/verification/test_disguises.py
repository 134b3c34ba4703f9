"""What is signed is read: moved or respelled in a document whose proof holds, nothing slips past a check."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from sealwright.vc.proofs.deriving import derive_credential
from sealwright.vc.proofs.registry import ISSUED_SUITES, disclosure_suite, issuing_suite
from sealwright.vc.proofs.suites.disclosure import Wish
from sealwright.vc.verification.credential import verify_credential
from sealwright.vc.verification.presentation import PresentationReport, verify_presentation
from sealwright.vc.verification.report import Outcome, VerificationReport
from sealwright.vc.verification.sources import ANY_ISSUER, NoSchemaSource, NoStatusSource
from tests.support.proving import ALL_SUITES, HOLDER, ISSUER, NOW, STRANGER, Registry, canonicalizer, degree_credential

CREDENTIALS = "https://www.w3.org/2018/credentials#"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
XSD_DATE_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"
STATUS = "https://office.example/status/revocation"
# Suites that sign text keep each member where it was.
SUITES = sorted(name for name in ISSUED_SUITES if issuing_suite(name).signs_terms)
Attack = Callable[[dict[str, Any]], None]


def common(allow_inline: bool = False) -> dict[str, Any]:
    return {
        "resolver": Registry(ISSUER, STRANGER),
        "canon": canonicalizer(),
        "accepted_suites": ALL_SUITES,
        "trusted_issuers": ANY_ISSUER,
        "statuses": NoStatusSource(),
        "schemas": NoSchemaSource(),
        "now": NOW,
        "allow_inline": allow_inline,
    }


def report(document: Mapping[str, Any], **options: Any) -> VerificationReport:
    return verify_credential(document, **common(**options))


def presented(credential: Mapping[str, Any]) -> PresentationReport:
    """The report on what a thief presents."""
    document = {
        "@context": [credential["@context"][0]],
        "type": ["VerifiablePresentation"],
        "holder": STRANGER.did,
        "verifiableCredential": [credential],
    }
    suite = "Ed25519Signature2020"
    signed = STRANGER.sign(document, suite, purpose="authentication", challenge="c", domain="d", allow_inline=True)
    return verify_presentation(signed, **common(allow_inline=True), challenge="c", domain="d")


@cache
def made(suite: str, with_status: bool = True) -> dict[str, Any]:
    """A credential as a verifier is shown it."""
    model = "1.1" if issuing_suite(suite).cryptosuite is None else "2.0"
    document = degree_credential(model)
    if with_status:
        kind = "StatusList2021Entry" if model == "1.1" else "BitstringStatusListEntry"
        names = {"statusPurpose": "revocation", "statusListIndex": "5", "statusListCredential": STATUS}
        document["credentialStatus"] = {"id": f"{STATUS}#5", "type": kind, **names}
        if model == "1.1":
            document["@context"].append("https://w3id.org/vc/status-list/2021/v1")
    found = disclosure_suite(suite)
    if found is None:
        return ISSUER.sign(document, suite)
    members = [name for name in document if name not in {"@context", "id", "credentialSubject"}]
    always = (*(f"/{name}" for name in members), "/credentialSubject/id") if found.takes_pointers else ()
    signed = ISSUER.sign(document, suite, mandatory_pointers=always)
    wish = Wish(("/credentialSubject/degree/university",))
    return derive_credential(signed, wish, resolver=Registry(ISSUER), canon=canonicalizer(), now=NOW)


def respelled(document: dict[str, Any]) -> None:
    document[f"{CREDENTIALS}credentialStatus"] = document.pop("credentialStatus")


def beside(document: dict[str, Any]) -> None:
    status = {f"{CREDENTIALS}credentialStatus": document.pop("credentialStatus")}
    document["@included"] = [{"id": document["id"], **status}]


def typed_beside(document: dict[str, Any]) -> None:
    status = document.pop("credentialStatus")
    document["@included"] = [{"id": document["id"], "type": document["type"], "credentialStatus": status}]


def turned(document: dict[str, Any]) -> None:
    status = document.pop("credentialStatus")
    document["@included"] = [{**status, "@reverse": {f"{CREDENTIALS}credentialStatus": {"id": document["id"]}}}]


def below_the_subject(document: dict[str, Any]) -> None:
    status = document.pop("credentialStatus")
    inner = {"id": document["id"], "type": document["type"], "credentialStatus": status}
    document["credentialSubject"]["@reverse"] = {f"{CREDENTIALS}credentialSubject": inner}


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("attack", [respelled, beside, typed_beside, turned, below_the_subject])
def test_no_status_slips_out_of_sight(suite: str, attack: Attack) -> None:
    document = copy.deepcopy(made(suite))
    assert report(document).check("revocation").outcome is Outcome.UNCHECKED
    attack(document)
    told = report(document)
    assert not told
    assert told.check("structure").outcome is Outcome.FAILED


@pytest.mark.parametrize("suite", SUITES)
def test_an_inline_context_renames_nothing_that_is_read(suite: str) -> None:
    for term, iri, member in (("state", f"{CREDENTIALS}credentialStatus", "credentialStatus"), ("name2", "@id", "id")):
        document = copy.deepcopy(made(suite))
        document["@context"].append({term: iri})
        holder = document if member == "credentialStatus" else document["credentialSubject"]
        holder[term] = holder.pop(member)
        told = report(document, allow_inline=True)
        assert told.check("structure").code == "TERM_CONFLICT"


@pytest.mark.parametrize("suite", SUITES)
def test_no_end_slips_out_of_sight(suite: str) -> None:
    document = copy.deepcopy(made(suite, with_status=False))
    assert report(document)
    for member in ("expirationDate", "validUntil"):
        if member in document:
            document[CREDENTIALS + member] = {"@value": document.pop(member), "@type": XSD_DATE_TIME}
    assert report(document).check("structure").code == "TERM_CONFLICT"


@pytest.mark.parametrize("suite", SUITES)
def test_nobody_shows_as_nobodys_what_names_its_subject(suite: str) -> None:
    document = copy.deepcopy(made(suite, with_status=False))
    assert presented(document).presentation.check("holder").code == "HOLDER_MISMATCH"
    subject = document["credentialSubject"]
    subject["@id"] = subject.pop("id")
    assert subject["@id"] == HOLDER
    told = presented(document)
    assert not told
    assert told.presentation.check("structure").outcome is Outcome.FAILED


@pytest.mark.parametrize("suite", SUITES)
def test_no_type_slips_out_of_sight(suite: str) -> None:
    for name in ("@type", RDF_TYPE):
        document = copy.deepcopy(made(suite, with_status=False))
        last = document["type"].pop()
        assert last == "UniversityDegreeCredential"
        iri = f"https://cred.example/contexts/university-degree/1.0#{last}"
        document[name] = [last] if name == "@type" else {"id": iri}
        assert not report(document)


def test_the_end_of_a_proof_does_not_slip_out_of_sight() -> None:
    begun, ended = NOW - timedelta(days=3), NOW - timedelta(days=1)
    for suite in SUITES:
        if disclosure_suite(suite) is None:
            document = ISSUER.sign(degree_credential(), suite, created=begun, expires=ended)
            assert report(document).check("proof").code == "PROOF_INVALID"
            value = {"@value": document["proof"].pop("expires"), "@type": XSD_DATE_TIME}
            document["proof"]["https://w3id.org/security#expiration"] = value
            assert not report(document)


TERMS = {
    name: f"https://a.example/#{name}"
    for name in ("delegator", "delegate", "parent", "scope", "maxDepth", "AgentDelegationCredential")
}


def delegation(suite: str, **claims: Any) -> dict[str, Any]:
    claims = {"delegator": ISSUER.did, "delegate": HOLDER, "scope": "read", "maxDepth": 0, **claims}
    document = degree_credential("2.0", types=("AgentDelegationCredential",), claims=claims)
    document["@context"].append(TERMS)
    return ISSUER.sign(document, suite, allow_inline=True)


@pytest.mark.parametrize("suite", ["bbs-2023", "ecdsa-sd-2023", "BbsBlsSignature2020"])
def test_a_part_of_a_delegation_does_not_pass_for_the_whole(suite: str) -> None:
    """Its scope, and the delegation that it rests on, are kept back."""
    wish = Wish(
        (
            "/issuer",
            "/validFrom",
            "/validUntil",
            "/credentialSubject/delegator",
            "/credentialSubject/delegate",
            "/credentialSubject/id",
        )
    )
    shown = derive_credential(
        delegation(suite, parent="urn:uuid:1"),
        wish,
        resolver=Registry(ISSUER),
        canon=canonicalizer(),
        now=NOW,
        allow_inline=True,
    )
    assert not {"parent", "scope"} & shown["credentialSubject"].keys()
    told = report(shown, allow_inline=True)
    assert not told
    assert told.check("delegation").code == "DELEGATION_INVALID"


def test_what_a_delegation_rests_on_does_not_slip_out_of_sight() -> None:
    document = delegation("eddsa-rdfc-2022", parent="urn:uuid:1")
    assert report(document, allow_inline=True).check("delegation").outcome is Outcome.UNCHECKED
    subject = document["credentialSubject"]
    subject[TERMS["parent"]] = subject.pop("parent")
    told = report(document, allow_inline=True)
    assert told.check("proof").outcome is Outcome.PASSED
    assert told.check("delegation").outcome is Outcome.UNCHECKED


def test_a_delegation_is_one_under_the_whole_iri_of_its_type() -> None:
    document = delegation("eddsa-rdfc-2022", parent="urn:uuid:1")
    document["type"] = ["VerifiableCredential", TERMS["AgentDelegationCredential"]]
    told = report(document, allow_inline=True)
    assert told.check("proof").outcome is Outcome.PASSED
    assert told.check("delegation").outcome is Outcome.UNCHECKED


def test_a_document_bears_few_proofs_of_selective_disclosure() -> None:
    document = degree_credential()
    for _ in range(5):
        document = ISSUER.sign(document, "BbsBlsSignature2020")
    assert report(document).check("structure").code == "TOO_COMPLEX"
    document["proof"].pop()
    assert report(document)


@pytest.mark.parametrize("suite", [name for name in SUITES if disclosure_suite(name) is None])
def test_no_status_slips_out_of_sight_below_another_spelling_of_the_credentials_name(suite: str) -> None:
    """An identifier may be shortened by a prefix of somebody's context, and stand at the other end of a statement."""
    bare = {member: value for member, value in copy.deepcopy(made(suite)).items() if member != "proof"}
    bare["evidence"] = {"id": "https://office.example/evidence", "type": "VerifiableCredential"}
    document = ISSUER.sign(bare, suite)
    assert report(document).check("revocation").outcome is Outcome.UNCHECKED
    name = document["id"]
    document["@context"].append(
        {"x": {"@id": name[:-5], "@prefix": True}, "of": {"@reverse": f"{CREDENTIALS}evidence"}}
    )
    inner = {"type": document["type"], "credentialStatus": document.pop("credentialStatus")}
    document["evidence"]["of"] = {"id": f"x:{name[-5:]}", **inner}
    assert report(document, allow_inline=True).check("structure").code == "TERM_CONFLICT"
    # The same from the other side: the credential's own name is the one that is shortened.
    document["evidence"]["of"]["id"], document["id"] = name, f"x:{name[-5:]}"
    assert report(document, allow_inline=True).check("structure").code == "TERM_CONFLICT"


def test_no_status_slips_out_of_sight_below_a_map_of_names() -> None:
    bare = degree_credential("2.0")
    names = {"statusPurpose": "revocation", "statusListIndex": "5", "statusListCredential": STATUS}
    bare["credentialStatus"] = {"id": f"{STATUS}#5", "type": "BitstringStatusListEntry", **names}
    link = {"@id": "https://a.example/#about", "@type": "@id"}
    bare["@context"].append({"about": link})
    bare["credentialSubject"]["about"] = bare["id"]
    document = ISSUER.sign(bare, "eddsa-rdfc-2022", allow_inline=True)
    assert report(document, allow_inline=True).check("revocation").outcome is Outcome.UNCHECKED
    document["@context"][-1] = {"about": {**link, "@container": "@id"}}
    status = {"type": ["VerifiableCredential"], "credentialStatus": document.pop("credentialStatus")}
    document["credentialSubject"]["about"] = {document["id"]: status}
    assert report(document, allow_inline=True).check("structure").code == "TERM_CONFLICT"


def test_no_type_hides_where_the_credential_is_named_again() -> None:
    bare = delegation("eddsa-rdfc-2022", parent="urn:uuid:1")
    del bare["proof"]
    bare["@context"][-1] = {**TERMS, "about": {"@id": "https://a.example/#about", "@type": "@id"}}
    bare["credentialSubject"]["about"] = bare["id"]
    document = ISSUER.sign(bare, "eddsa-rdfc-2022", allow_inline=True)
    assert report(document, allow_inline=True).check("delegation").outcome is Outcome.UNCHECKED
    document["credentialSubject"]["about"] = {"id": document["id"], "type": document["type"].pop()}
    assert report(document, allow_inline=True).check("structure").outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("term", "definition", "name"),
    [
        ("Mandate", TERMS["AgentDelegationCredential"], "Mandate"),
        ("x", {"@id": "https://a.example/#Agent", "@prefix": True}, "x:DelegationCredential"),
    ],
)
def test_a_delegation_is_one_under_a_name_of_somebodys_context(term: str, definition: Any, name: str) -> None:
    for parent, outcome in (({"parent": "urn:uuid:1"}, Outcome.UNCHECKED), ({}, Outcome.PASSED)):
        document = delegation("eddsa-rdfc-2022", **parent)
        document["@context"][-1] = {**TERMS, term: definition}
        document["type"] = ["VerifiableCredential", name]
        told = report(document, allow_inline=True)
        assert told.check("proof").outcome is Outcome.PASSED
        assert told.check("delegation").outcome is outcome


def test_what_a_delegation_rests_on_does_not_hide_under_a_name_of_somebodys_context() -> None:
    document = delegation("eddsa-rdfc-2022", parent="urn:uuid:1")
    document["@context"][-1] = {**TERMS, "ancestor": TERMS["parent"]}
    subject = document["credentialSubject"]
    subject["ancestor"] = subject.pop("parent")
    told = report(document, allow_inline=True)
    assert told.check("proof").outcome is Outcome.PASSED
    assert told.check("delegation").outcome is Outcome.UNCHECKED


def test_what_a_delegation_rests_on_does_not_hide_elsewhere() -> None:
    bare = degree_credential("2.0", types=("AgentDelegationCredential",), claims={"delegator": ISSUER.did})
    bare["@context"].append({**TERMS, "agent": {"@id": "https://a.example/#agent", "@type": "@id"}})
    bare["credentialSubject"] |= {"delegate": HOLDER, "parent": "urn:uuid:1", "agent": HOLDER}
    document = ISSUER.sign(bare, "eddsa-rdfc-2022", allow_inline=True)
    subject = document["credentialSubject"]
    subject["agent"] = {"id": HOLDER, "parent": subject.pop("parent")}
    told = report(document, allow_inline=True)
    assert told.check("proof").outcome is Outcome.PASSED
    assert told.check("delegation").outcome is Outcome.UNCHECKED


def test_a_delegation_that_is_signed_as_text_is_read_as_it_stands() -> None:
    document = degree_credential(
        "2.0", types=("Agent",), claims={"delegator": ISSUER.did, "delegate": HOLDER, "maxDepth": 0}
    )
    document["credentialSubject"] |= {"scope": "read", "limit": "write"}
    document["type"] = ["VerifiableCredential", "AgentDelegationCredential"]
    document["@context"].append({**TERMS, "limit": TERMS["scope"]})
    for suite, outcome in (("eddsa-jcs-2022", Outcome.PASSED), ("eddsa-rdfc-2022", Outcome.UNCHECKED)):
        told = report(ISSUER.sign(document, suite, allow_inline=True), allow_inline=True)
        assert told.check("delegation").outcome is outcome


@pytest.mark.parametrize("suite", ["Ed25519Signature2020", "eddsa-rdfc-2022", "ecdsa-rdfc-2019"])
@pytest.mark.parametrize("member", ["challenge", "domain"])
def test_no_occasion_slips_out_of_sight(suite: str, member: str) -> None:
    """A presentation that was made for an occasion is no unbound one for a verifier that names none."""
    model = "1.1" if issuing_suite(suite).cryptosuite is None else "2.0"
    bare = {
        "@context": [degree_credential(model)["@context"][0]],
        "type": ["VerifiablePresentation"],
        "holder": STRANGER.did,
    }
    document = STRANGER.sign(bare, suite, purpose="authentication", **{member: "c"})

    def told() -> VerificationReport:
        return verify_presentation(document, **common(), challenge=None, domain=None).presentation

    assert told().check(member).outcome is Outcome.UNCHECKED
    document["proof"][f"https://w3id.org/security#{member}"] = document["proof"].pop(member)
    assert told().check("structure").code == "TERM_CONFLICT"


LIMITS = ("constraints", "maxSpendPerDay", "maxSpendPerMonth", "blockedMerchants", "authorizedRegions")
BOUND = {name: f"https://a.example/#{name}" for name in (*TERMS, *LIMITS)}


def bounded(suite: str = "eddsa-rdfc-2022") -> dict[str, Any]:
    """A delegation with limits, whose contexts its holder may write anew under this suite."""
    limits = {"maxSpendPerDay": 5, "maxSpendPerMonth": 99.5, "blockedMerchants": ["a", "b"], "authorizedRegions": "x"}
    claims = {"delegator": ISSUER.did, "delegate": HOLDER, "scope": ["read"], "maxDepth": 0, "constraints": limits}
    document = degree_credential("2.0", types=("AgentDelegationCredential",), claims=claims)
    document["@context"].append(BOUND)
    return ISSUER.sign(document, suite, allow_inline=True)


def swapped_limits(document: dict[str, Any]) -> None:
    day, month = BOUND["maxSpendPerDay"], BOUND["maxSpendPerMonth"]
    document["@context"][-1] = {**BOUND, "maxSpendPerDay": month, "maxSpendPerMonth": day}
    limits = document["credentialSubject"]["constraints"]
    limits["maxSpendPerDay"], limits["maxSpendPerMonth"] = limits["maxSpendPerMonth"], limits["maxSpendPerDay"]


def limit_under_another_name(document: dict[str, Any]) -> None:
    document["@context"][-1] = {**BOUND, "whatever": BOUND["maxSpendPerDay"]}
    limits = document["credentialSubject"]["constraints"]
    limits["whatever"] = limits.pop("maxSpendPerDay")


def limit_under_its_iri(document: dict[str, Any]) -> None:
    limits = document["credentialSubject"]["constraints"]
    limits[BOUND["maxSpendPerDay"]] = limits.pop("maxSpendPerDay")


def half_a_list(document: dict[str, Any]) -> None:
    document["@context"][-1] = {**BOUND, "more": BOUND["blockedMerchants"]}
    limits = document["credentialSubject"]["constraints"]
    limits["more"] = limits["blockedMerchants"].pop()


def nested_limit(document: dict[str, Any]) -> None:
    document["@context"][-1] = {**BOUND, "more": "@nest"}
    limits = document["credentialSubject"]["constraints"]
    limits["more"] = {"maxSpendPerDay": limits.pop("maxSpendPerDay")}


def constraints_under_another_name(document: dict[str, Any]) -> None:
    document["@context"][-1] = {**BOUND, "more": BOUND["constraints"]}
    subject = document["credentialSubject"]
    subject["more"] = subject.pop("constraints")


def limits_elsewhere(document: dict[str, Any]) -> None:
    limits = document["credentialSubject"]["constraints"]
    limits["id"] = "_:b0"
    document["@included"] = [{"id": "_:b0", "maxSpendPerDay": limits.pop("maxSpendPerDay")}]


def number_as_typed_value(document: dict[str, Any]) -> None:
    limits = document["credentialSubject"]["constraints"]
    limits["maxSpendPerDay"] = {"@value": "5", "@type": "http://www.w3.org/2001/XMLSchema#integer"}


@pytest.mark.parametrize(
    "attack",
    [
        *(swapped_limits, limit_under_another_name, limit_under_its_iri, half_a_list, nested_limit),
        *(constraints_under_another_name, limits_elsewhere, number_as_typed_value),
    ],
)
def test_no_limit_of_a_delegation_slips_out_of_sight(attack: Attack) -> None:
    document = bounded()
    assert report(document, allow_inline=True)
    attack(document)
    told = report(document, allow_inline=True)
    assert not told
    # Where the contexts allow the respelling at all, the signature holds over it: only what is read tells.
    assert told.check("structure").outcome is Outcome.FAILED or told.check("delegation").code == "DELEGATION_INVALID"


def test_a_delegations_values_may_be_written_as_json_ld_lets_them_be() -> None:
    document = bounded()
    limits = document["credentialSubject"]["constraints"]
    limits |= {"maxSpendPerDay": 5.0, "blockedMerchants": ["b", "a"], "authorizedRegions": ["x"]}
    document["credentialSubject"] |= {"scope": "read", "maxDepth": 0.0}
    assert report(document, allow_inline=True)
