"""Every check on an SD-JWT VC: what passes, what fails, and what cannot be said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import ClaimsDoNotMatchSchema, Fault, StatusListUnreadable
from sealwright.vc.proofs.compact import JWT_ALGORITHMS, sealed, signing_input
from sealwright.vc.proofs.key_binding import Occasion, binding_input
from sealwright.vc.proofs.sd_jwt import Claims, Hidden, combined, conceal
from sealwright.vc.proofs.sd_jwt_reading import present
from sealwright.vc.proofs.sd_jwt_vc import SdJwtVcParts, sd_jwt_vc_claims
from sealwright.vc.status.token_list import encode_token_list
from sealwright.vc.verification.report import VerificationReport
from sealwright.vc.verification.sd_jwt_credential import KnownType, SdJwtRules, verify_sd_jwt_credential
from sealwright.vc.verification.sources import ANY_ISSUER
from tests.support.proving import HOLDER, ISSUER, NOW, STRANGER, Party, Registry

OFFICE: Final = "https://office.example"
VCT: Final = f"{OFFICE}/vct/degree"
LIST: Final = f"{OFFICE}/status/slt_1/token"
WALLET: Final = Party(9)
SEALED: Final = Party(3)
HEADER: Final = {"alg": "EdDSA", "typ": "dc+sd-jwt", "kid": ISSUER.method_id}


def parts(**changes: Any) -> SdJwtVcParts:
    members: dict[str, Any] = {
        "issuer": OFFICE,
        "vct": VCT,
        "claims": {"degree": "BSc", "grade": 5},
        "holder_key": WALLET.key,
        "issued_at": NOW - timedelta(minutes=1),
        "subject": HOLDER,
        "credential_id": "urn:uuid:0",
        "expires_at": NOW + timedelta(days=1),
        "status": (LIST, 3),
        **changes,
    }
    return SdJwtVcParts(**members)


def text_of(
    claims: Mapping[str, Claims] | None = None, *, header: dict[str, Any] | None = None, by: Party = ISSUER
) -> str:
    made = conceal(claims if claims is not None else sd_jwt_vc_claims(parts()))
    data = signing_input({**HEADER, **(header or {})}, made.payload)
    return combined(sealed(data, by.signer.sign(data)), made.disclosures)


def list_of(*, by: Party = ISSUER, bits: int = 2, statuses: bytes = b"\x00" * 4, **changes: Any) -> str:
    """A status list token; entry 3 stands in the top two bits of byte 0."""
    payload = {
        "iss": by.did,
        "sub": LIST,
        "iat": int(NOW.timestamp()) - 60,
        "exp": int(NOW.timestamp()) + 600,
        "status_list": {"bits": bits, "lst": encode_token_list(statuses)},
        **changes,
    }
    header = {"alg": "EdDSA", "typ": "statuslist+jwt", "kid": by.method_id, **payload.pop("header", {})}
    data = signing_input(header, {name: value for name, value in payload.items() if value is not ...})
    return sealed(data, by.signer.sign(data))


class Lists:
    def __init__(self, token: str | None) -> None:
        self.token = token

    def fetch_token(self, url: str) -> str:
        if self.token is None or url != LIST:
            raise StatusListUnreadable("Not here.")
        return self.token


class Office:
    """This office is the issuer at its own address, by one key."""

    def speaks_for(self, issuer: str, address: str) -> bool | None:
        return address == ISSUER.method_id if issuer == OFFICE else None


class Degree:
    def check(self, claims: Mapping[str, JSONValue]) -> None:
        if not isinstance(claims.get("degree", ""), str):
            raise ClaimsDoNotMatchSchema("no", faults=(Fault("/degree", "type", "no"),))


class Types:
    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds or ("UniversityDegreeCredential",)

    def knows(self, vct: str) -> bool:
        return vct.startswith(f"{OFFICE}/vct/")

    def type_at(self, vct: str, credential_id: str | None) -> KnownType | None:
        return KnownType(self.kinds, Degree()) if vct == VCT else None


def verify(text: str, **changes: Any) -> VerificationReport:
    rules: dict[str, Any] = {
        "resolver": Registry(ISSUER, STRANGER),
        "accepted": JWT_ALGORITHMS,
        "trusted_issuers": ANY_ISSUER,
        "own": Office(),
        "statuses": Lists(list_of()),
        "types": Types(),
        "now": NOW,
        **changes,
    }
    return verify_sd_jwt_credential(text, SdJwtRules(**rules))


def outcome(report: VerificationReport, name: str) -> tuple[str, str | None]:
    check = report.check(name)
    return check.outcome.value, check.code


def bound(text: str, *, nonce: str = "n", audience: str = "v", at: Any = NOW, by: Party = WALLET) -> str:
    data = binding_input(text, Occasion(audience, nonce), at)
    return text + sealed(data, by.signer.sign(data))


def test_a_sound_credential_meets_every_check() -> None:
    report = verify(text_of(), expected_holder=HOLDER, trusted_issuers={ISSUER.did})
    assert report, report.failures
    assert {check.name: check.outcome.value for check in report.checks} == {
        **dict.fromkeys(("structure", "proof", "issuer", "expiration", "revocation", "suspension"), "passed"),
        **dict.fromkeys(("schema", "holder", "trustedIssuer"), "passed"),
        "delegation": "not_applicable",
    }
    assert (report.issuer_did, report.holder_did) == (ISSUER.did, HOLDER)
    assert (report.credential_id, report.types) == ("urn:uuid:0", (VCT,))


def test_what_is_kept_back_is_no_fault() -> None:
    assert verify(present(text_of(), lambda _: False))


@pytest.mark.parametrize("header", [{"typ": "vc+sd-jwt"}, {"typ": "application/dc+sd-jwt"}, {"alg": "Ed25519"}])
def test_other_spellings_are_read(header: dict[str, Any]) -> None:
    assert verify(text_of(header=header))


def changed(**changes: Any) -> str:
    claims = {**sd_jwt_vc_claims(parts()), **changes}
    return text_of({name: value for name, value in claims.items() if value is not ...})


STRUCTURE: Final[dict[str, str]] = {
    "no type": changed(vct=...),
    "an empty type": changed(vct=""),
    "another kind of token": text_of(header={"typ": "JWT"}),
    "no kind of token": text_of(header={"typ": None}),
    "a hidden issuer": changed(iss=Hidden(OFFICE)),
    "a hidden end": changed(exp=Hidden(1)),
    "a hidden key": changed(cnf=Hidden({})),
    "a hidden status": changed(status=Hidden({})),
    "a hidden type": changed(vct=Hidden(VCT)),
    "an end that is text": changed(exp="tomorrow"),
    "an end that is true": changed(exp=True),
    "an end beyond time": changed(exp=10**12),
    "an issuer that is no address": changed(iss="the office"),
}


@pytest.mark.parametrize("name", STRUCTURE)
def test_malformed_credentials_are_told_nothing_else(name: str) -> None:
    report = verify(STRUCTURE[name])
    assert outcome(report, "structure")[0] == "failed"
    assert outcome(report, "proof") == ("unchecked", None)
    assert not report


PROOF: Final[dict[str, tuple[str, tuple[str, str]]]] = {
    "another key's signature": (text_of(by=STRANGER), ("failed", "PROOF_INVALID")),
    "no algorithm": (text_of(header={"alg": "none"}), ("failed", "PROOF_INVALID")),
    "a shared secret": (text_of(header={"alg": "HS256"}), ("failed", "PROOF_INVALID")),
    "no key named": (text_of(header={"kid": None}), ("unchecked", "UNRESOLVABLE")),
    "somebody else's https address": (changed(iss="https://other.example"), ("unchecked", "UNRESOLVABLE")),
    "an unknown DID": (text_of(header={"kid": f"{SEALED.did}#k"}, by=SEALED), ("failed", "UNRESOLVABLE")),
    "an unknown fragment": (text_of(header={"kid": f"{ISSUER.did}#nope"}), ("failed", "PROOF_INVALID")),
    "no issuer at all": (changed(iss=...), ("unchecked", "UNRESOLVABLE")),
}


@pytest.mark.parametrize("name", PROOF)
def test_the_signature_decides_and_what_is_not_looked_up_stays_open(name: str) -> None:
    text, expected = PROOF[name]
    assert outcome(verify(text), "proof") == (expected[0], expected[1] or None)


def test_a_stranger_does_not_sign_in_the_offices_name() -> None:
    text = text_of(header={"kid": STRANGER.method_id}, by=STRANGER)
    report = verify(text)
    assert outcome(report, "issuer") == ("failed", "ISSUER_KEY_MISMATCH")
    assert outcome(report, "revocation") == ("unchecked", None)


def test_nor_in_that_of_another_did() -> None:
    text = text_of(
        {**sd_jwt_vc_claims(parts(status=None)), "iss": ISSUER.did}, header={"kid": STRANGER.method_id}, by=STRANGER
    )
    assert outcome(verify(text), "issuer") == ("failed", "ISSUER_KEY_MISMATCH")


def test_an_issuer_may_be_a_did_and_its_key_a_fragment() -> None:
    claims = {**sd_jwt_vc_claims(parts()), "iss": ISSUER.did}
    fragment = ISSUER.method_id.partition("#")[2]
    for kid in (fragment, f"#{fragment}", ISSUER.method_id):
        assert verify(text_of(claims, header={"kid": kid}))


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"exp": int(NOW.timestamp()) - 61}, ("failed", "EXPIRED")),
        ({"exp": int(NOW.timestamp()) - 59}, ("passed", None)),
        ({"nbf": int(NOW.timestamp()) + 61}, ("failed", "NOT_YET_VALID")),
        ({"iat": int(NOW.timestamp()) + 61}, ("failed", "NOT_YET_VALID")),
        ({"nbf": ..., "iat": ..., "exp": ...}, ("not_applicable", None)),
    ],
)
def test_dates(times: dict[str, Any], expected: tuple[str, str | None]) -> None:
    assert outcome(verify(changed(**times)), "expiration") == expected


STATUS: Final[dict[str, tuple[str | None, tuple[str, str | None], tuple[str, str | None]]]] = {
    "valid": (list_of(), ("passed", None), ("passed", None)),
    "revoked": (list_of(statuses=b"\x40\0\0\0"), ("failed", "REVOKED"), ("passed", None)),
    "suspended": (list_of(statuses=b"\x80\0\0\0"), ("passed", None), ("failed", "SUSPENDED")),
    "revoked in one bit": (list_of(bits=1, statuses=b"\x08\0"), ("failed", "REVOKED"), ("passed", None)),
    "said by the issuer alone": (
        list_of(statuses=b"\xc0\0\0\0"),
        ("unchecked", "STATUS_UNREADABLE"),
        ("unchecked", "STATUS_UNREADABLE"),
    ),
    "not to be had": (None, ("unchecked", "STATUS_UNREADABLE"), ("unchecked", "STATUS_UNREADABLE")),
    **{
        name: (token, ("failed", "STATUS_INVALID"), ("failed", "STATUS_INVALID"))
        for name, token in {
            "too short": list_of(bits=2, statuses=b""),
            "another issuer's": list_of(by=STRANGER),
            "of another address": list_of(sub=f"{LIST}/other"),
            "expired": list_of(exp=int(NOW.timestamp()) - 61),
            "from the future": list_of(iat=int(NOW.timestamp()) + 61),
            "of no date": list_of(iat=...),
            "another kind of token": list_of(header={"typ": "JWT"}),
            "of no key": list_of(header={"kid": None}),
            "of three bits": list_of(bits=3),
            "packed otherwise": list_of(status_list={"bits": 1, "lst": "AAAA"}),
            "no list": list_of(status_list=...),
            "no token": "hello",
            "forged": list_of()[:-4] + "AAAA",
        }.items()
    },
}


@pytest.mark.parametrize("name", STATUS)
def test_status_is_read_from_a_list_that_holds_or_not_at_all(name: str) -> None:
    token, revocation, suspension = STATUS[name]
    report = verify(text_of(), statuses=Lists(token))
    assert (outcome(report, "revocation"), outcome(report, "suspension")) == (revocation, suspension)
    assert bool(report) is (name == "valid")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (..., ("not_applicable", None)),
        ({"other": {}}, ("unchecked", "STATUS_UNREADABLE")),
        ("revoked", ("unchecked", "STATUS_UNREADABLE")),
        ({"status_list": {"idx": "3", "uri": LIST}}, ("failed", "STATUS_INVALID")),
        ({"status_list": {"idx": True, "uri": LIST}}, ("failed", "STATUS_INVALID")),
        ({"status_list": {"idx": -1, "uri": LIST}}, ("failed", "STATUS_INVALID")),
        ({"status_list": {"idx": 3, "uri": "slt_1"}}, ("failed", "STATUS_INVALID")),
    ],
)
def test_status_entries(status: Any, expected: tuple[str, str | None]) -> None:
    assert outcome(verify(changed(status=status)), "revocation") == expected


def test_claims_are_held_against_the_type_of_the_office() -> None:
    assert outcome(verify(changed(degree=Hidden(7))), "schema") == ("failed", "SCHEMA_VALIDATION_FAILED")
    assert outcome(verify(changed(vct=f"{OFFICE}/vct/other")), "schema") == ("unchecked", "SCHEMA_NOT_FOUND")
    assert outcome(verify(changed(vct="urn:eudi:pid:de:1")), "schema") == ("not_applicable", None)


def test_a_delegation_is_judged_as_one() -> None:
    types = Types("AgentDelegationCredential")
    assert outcome(verify(text_of(), types=types), "delegation") == ("failed", "DELEGATION_INVALID")


def test_a_delegation_says_what_it_delegates() -> None:
    types = Types("AgentDelegationCredential")
    made: dict[str, Any] = {"delegator": ISSUER.did, "delegate": HOLDER, "scope": ["read"], "maxDepth": 0}
    whole = text_of(sd_jwt_vc_claims(parts(claims=made)))
    report = verify(whole, types=types)
    assert outcome(report, "delegation") == ("passed", None)
    assert report.delegation is not None
    assert (report.delegation.scope, report.delegation.credential_id) == (("read",), "urn:uuid:0")
    assert report.delegation.expires == NOW + timedelta(days=1)
    below = text_of(sd_jwt_vc_claims(parts(claims={**made, "parent": "urn:uuid:1"})))
    assert outcome(verify(below, types=types), "delegation") == ("unchecked", "DELEGATION_NOT_FOUND")
    kept_back = present(whole, lambda path: path[0] != "maxDepth")
    told = verify(kept_back, types=types)
    assert (outcome(told, "delegation"), told.delegation) == (("unchecked", "DELEGATION_INVALID"), None)


def test_the_holder_is_who_was_expected() -> None:
    assert outcome(verify(text_of()), "holder") == ("not_applicable", None)
    assert outcome(verify(text_of(), expected_holder=STRANGER.did), "holder") == ("failed", "HOLDER_MISMATCH")
    nameless = changed(sub=...)
    known = Registry(ISSUER, WALLET, STRANGER)
    assert outcome(verify(nameless, expected_holder=WALLET.did, resolver=known), "holder") == ("passed", None)
    assert outcome(verify(nameless, expected_holder=STRANGER.did, resolver=known), "holder")[0] == "failed"
    assert outcome(verify(nameless, expected_holder=SEALED.did, resolver=known), "holder")[0] == "failed"


KEY_BINDING: Final[dict[str, tuple[str, dict[str, Any], tuple[str, str | None]]]] = {
    "as asked": (bound(text_of()), {"challenge": "n", "domain": "v"}, ("passed", None)),
    "nobody asked": (bound(text_of()), {}, ("passed", None)),
    "old, and nobody asked": (bound(text_of(), at=NOW - timedelta(days=9)), {}, ("passed", None)),
    "old": (bound(text_of(), at=NOW - timedelta(days=9)), {"challenge": "n"}, ("failed", "HOLDER_MISMATCH")),
    "another nonce": (bound(text_of()), {"challenge": "m"}, ("failed", "CHALLENGE_MISMATCH")),
    "another audience": (bound(text_of()), {"challenge": "n", "domain": "w"}, ("failed", "DOMAIN_MISMATCH")),
    "missing": (text_of(), {"challenge": "n"}, ("failed", "HOLDER_MISMATCH")),
    "another key": (bound(text_of(), by=STRANGER), {}, ("failed", "HOLDER_MISMATCH")),
}


@pytest.mark.parametrize("name", KEY_BINDING)
def test_key_binding(name: str) -> None:
    text, asked, expected = KEY_BINDING[name]
    report = verify(text, **asked)
    assert outcome(report, "holder") == expected
    assert bool(report) is (expected[0] == "passed")


def test_trust_and_selection() -> None:
    assert outcome(verify(text_of(), trusted_issuers=()), "trustedIssuer") == ("failed", "UNTRUSTED_ISSUER")
    report = verify(text_of(), selected={"proof"}, statuses=Lists(None))
    assert report
    assert outcome(report, "revocation") == ("not_applicable", None)


def test_a_compromised_key_and_an_ended_issuer() -> None:
    known = Registry(ISSUER)
    sound = known.resolved[ISSUER.did]
    known.resolved[ISSUER.did] = replace(sound, compromised_methods=frozenset({ISSUER.method_id}))
    assert outcome(verify(text_of(), resolver=known), "proof") == ("failed", "KEY_COMPROMISED")
    known.resolved[ISSUER.did] = replace(sound, deactivated=True)
    report = verify(text_of(), resolver=known)
    assert outcome(report, "issuer") == ("failed", "ISSUER_DEACTIVATED")
    assert outcome(report, "expiration")[0] == "passed"
