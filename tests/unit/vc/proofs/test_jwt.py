"""Credentials as JWTs: both data models, every contradiction and every trick with the header."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealwright.vc.dids.methods import did_jwk, did_key
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.encoding.strict_json import dump_json
from sealwright.vc.errors import DIDNotFound, KeyCompromised, MalformedDocument, ProofInvalid, UnreadableJSON, VcError
from sealwright.vc.keys.jwk import public_jwk
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.jwt import JWT_ALGORITHMS, open_token, verify_token
from sealwright.vc.proofs.verifying import check_control
from sealwright.vc.verification.credential import verify_credential
from sealwright.vc.verification.presentation import verify_presentation
from sealwright.vc.verification.report import Outcome, VerificationReport
from sealwright.vc.verification.sources import ANY_ISSUER, NoSchemaSource, NoStatusSource
from tests.support.proving import (
    ALL_SUITES,
    HOLDER,
    ISSUER,
    NOW,
    STRANGER,
    Party,
    Registry,
    canonicalizer,
    degree_credential,
)

EC_PRIVATE = ec.derive_private_key(11, ec.SECP256R1())
EC_KEY = PublicKey("P-256", EC_PRIVATE.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint))
EC_DID = did_jwk(EC_KEY)
HEADER = {"alg": "EdDSA", "typ": "JWT", "kid": ISSUER.method_id}
NBF, EXP = 1795228140, 1924991999  # the degree's own dates, in seconds


def compact(header: dict[str, Any], payload: Any, sign: Any = ISSUER.signer.sign) -> str:
    """A compact JWT of our own making."""
    head = f"{base64url_encode(dump_json(header))}.{base64url_encode(dump_json(payload))}"
    return f"{head}.{base64url_encode(sign(head.encode()))}"


def sign_es256(data: bytes) -> bytes:
    r, s = decode_dss_signature(EC_PRIVATE.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def claims_1_1(**changes: Any) -> dict[str, Any]:
    """The degree as Data Model 1.1 puts it into a token: parts moved out of the credential."""
    document = degree_credential()
    subject = {name: value for name, value in document["credentialSubject"].items() if name != "id"}
    inner = {"@context": document["@context"], "type": document["type"], "credentialSubject": subject}
    payload = {"vc": inner, "iss": ISSUER.did, "sub": HOLDER, "jti": document["id"], "nbf": NBF, "exp": EXP, **changes}
    return {name: value for name, value in payload.items() if value is not ...}


def claims_2_0(**changes: Any) -> dict[str, Any]:
    payload = {**degree_credential("2.0"), **changes}
    return {name: value for name, value in payload.items() if value is not ...}


def verify(token: object, **changes: Any) -> VerificationReport:
    rules: dict[str, Any] = {
        "resolver": Registry(ISSUER, STRANGER),
        "canon": canonicalizer(),
        "accepted_suites": JWT_ALGORITHMS,
        "trusted_issuers": ANY_ISSUER,
        "statuses": NoStatusSource(),
        "schemas": NoSchemaSource(),
        "now": NOW,
    }
    return verify_credential(token, **{**rules, **changes})


def outcome(report: VerificationReport, name: str) -> tuple[Outcome, str | None]:
    check = report.check(name)
    return check.outcome, check.code


def test_a_1_1_token_stands_for_the_whole_credential() -> None:
    assert open_token(compact(HEADER, claims_1_1())).document == degree_credential()


def test_a_2_0_token_is_the_credential() -> None:
    header = {**HEADER, "typ": "vc+jwt"}
    assert open_token(compact(header, claims_2_0())).document == degree_credential("2.0")
    assert open_token(compact(header, claims_2_0(iss=ISSUER.did, exp=EXP, iat=5))).document == degree_credential("2.0")


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize("payload", [claims_1_1(), claims_2_0()], ids=["1.1", "2.0"])
def test_a_good_token_verifies(payload: dict[str, Any], algorithm: str) -> None:
    report = verify(compact({**HEADER, "alg": algorithm}, payload))
    assert report
    assert (report.issuer_did, report.holder_did) == (ISSUER.did, HOLDER)
    passed = [check.name for check in report.checks if check.outcome is Outcome.PASSED]
    assert passed == ["structure", "proof", "issuer", "expiration"]


def test_an_es256_token_of_a_did_jwk_verifies() -> None:
    payload = claims_2_0(issuer=EC_DID)
    token = compact({"alg": "ES256", "kid": f"{EC_DID}#0"}, payload, sign_es256)
    assert verify(token)
    head, _, signature = token.rpartition(".")
    assert outcome(verify(f"{head}.{signature[:-4]}AAAA"), "proof") == (Outcome.FAILED, "PROOF_INVALID")
    # What other specifications put into headers is passed over, however long it is.
    more = {"x5c": ["A" * 2000], "vctm": ["of another specification"]}
    assert verify(compact({"alg": "ES256", "kid": f"{EC_DID}#0", **more}, payload, sign_es256))


def test_a_kid_may_be_a_fragment_of_the_issuer() -> None:
    for kid in (ISSUER.key.multikey, "#" + ISSUER.key.multikey):
        assert verify(compact({**HEADER, "kid": kid}, claims_1_1()))


def test_an_enveloped_credential_verifies() -> None:
    token = compact({**HEADER, "typ": "vc+jwt"}, claims_2_0())
    envelope = {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "id": f"data:application/vc+jwt,{token}",
        "type": "EnvelopedVerifiableCredential",
    }
    assert verify(envelope)
    for broken in (
        {**envelope, "id": f"data:application/vc+jwt,{token}x"},
        {**envelope, "id": f"data:text/plain,{token}"},
        {**envelope, "id": "data:application/vc+jwt;base64,AAAA"},
        {**envelope, "type": "EnvelopedVerifiablePresentation"},
        {**envelope, "id": "data:application/vc+jwt,%ff.%ff.%ff"},
    ):
        assert not verify(broken)


def test_an_enveloped_credential_of_somebody_else_is_not_presented() -> None:
    holder = Party(7)
    for subject, expected in ((holder.did, True), ("did:adi:somebody", False)):
        credential = degree_credential("2.0", subject_id=subject)
        token = compact({**HEADER, "typ": "vc+jwt"}, credential)
        presentation = {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiablePresentation"],
            "holder": holder.did,
            "verifiableCredential": [
                {
                    "@context": ["https://www.w3.org/ns/credentials/v2"],
                    "id": f"data:application/vc+jwt,{token}",
                    "type": ["EnvelopedVerifiableCredential"],
                }
            ],
        }
        signed = holder.sign(presentation, "eddsa-rdfc-2022", purpose="authentication", challenge="c")
        report = verify_presentation(
            signed,
            resolver=Registry(ISSUER, holder),
            canon=canonicalizer(),
            accepted_suites=ALL_SUITES | JWT_ALGORITHMS,
            trusted_issuers=ANY_ISSUER,
            statuses=NoStatusSource(),
            schemas=NoSchemaSource(),
            now=NOW,
            challenge="c",
            domain=None,
        )
        assert bool(report) == expected
        assert bool(report.credentials[0])
        assert report.presentation.check("holder").is_met == expected


CONTRADICTIONS: dict[str, dict[str, Any]] = {
    "another issuer": claims_2_0(iss=STRANGER.did),
    "another subject": claims_2_0(sub="did:adi:thief"),
    "another id": claims_2_0(jti="urn:uuid:1"),
    "another beginning": claims_2_0(nbf=NBF + 1),
    "another end": claims_2_0(exp=EXP + 1),
    "another issuer in vc": claims_1_1(vc={**claims_1_1()["vc"], "issuer": STRANGER.did}),
    "another issuer object in vc": claims_1_1(vc={**claims_1_1()["vc"], "issuer": {"id": STRANGER.did}}),
    "another end in vc": claims_1_1(vc={**claims_1_1()["vc"], "expirationDate": "2099-01-01T00:00:00Z"}),
    "an end in vc that is no date": claims_1_1(vc={**claims_1_1()["vc"], "expirationDate": "never"}),
    "a subject for two": claims_2_0(credentialSubject=[{"id": "did:a:b"}, {"id": "did:a:c"}], sub="did:a:b"),
    "two credentials": {**claims_2_0(), "vc": claims_1_1()["vc"]},
    "vc is text": claims_1_1(vc="x"),
    "an embedded proof": claims_2_0(proof={"type": "DataIntegrityProof"}),
    "a date that is text": claims_1_1(exp=str(EXP)),
    "a date that is true": claims_1_1(exp=True),
    "a date beyond all years": claims_1_1(exp=10**12),
    "a negative date": claims_1_1(nbf=-1),
    "an issuer that is no URL": claims_1_1(iss="MIT"),
    "an issuer that is an object": claims_1_1(iss={"id": ISSUER.did}),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_token_that_contradicts_itself_is_refused(name: str) -> None:
    token = compact(HEADER, CONTRADICTIONS[name])
    with pytest.raises(MalformedDocument):
        open_token(token)
    report = verify(token)
    assert outcome(report, "structure") == (Outcome.FAILED, "INVALID_VALUE")
    assert outcome(report, "proof")[0] is Outcome.UNCHECKED


def test_the_tokens_own_end_counts() -> None:
    report = verify(compact(HEADER, claims_1_1(nbf=NBF - 9000, exp=NBF - 5000)))
    assert outcome(report, "expiration") == (Outcome.FAILED, "EXPIRED")
    report = verify(compact(HEADER, claims_2_0(validFrom=..., nbf=NBF + 9000)))
    assert outcome(report, "expiration") == (Outcome.FAILED, "NOT_YET_VALID")


HEADERS: dict[str, dict[str, Any]] = {
    "no algorithm": {"alg": ...},
    "none": {"alg": "none"},
    "a shared secret": {"alg": "HS256"},
    "an algorithm of another key kind": {"alg": "ES256"},
    "an algorithm that is a list": {"alg": ["EdDSA"]},
    "no key": {"kid": ...},
    "a key that is a number": {"kid": 5},
    "a key that is not listed": {"kid": ISSUER.did + "#other"},
    "a key that is no DID URL": {"kid": "did:adi:a b"},
    "a DID without key": {"kid": ISSUER.did},
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_do_not_choose_algorithm_or_key(name: str) -> None:
    header = {member: value for member, value in {**HEADER, **HEADERS[name]}.items() if value is not ...}
    report = verify(compact(header, claims_1_1()))
    assert outcome(report, "proof") == (Outcome.FAILED, "PROOF_INVALID")


def test_keys_inside_the_header_are_ignored() -> None:
    header = {**HEADER, "jwk": public_jwk(STRANGER.key)}
    assert outcome(verify(compact(header, claims_1_1(), STRANGER.signer.sign)), "proof")[0] is Outcome.FAILED


def test_only_accepted_algorithms_are_taken() -> None:
    token = compact(HEADER, claims_1_1())
    for accepted in (frozenset(), ALL_SUITES, frozenset({"ES256"}), frozenset({"Ed25519"})):
        assert outcome(verify(token, accepted_suites=accepted), "proof") == (Outcome.FAILED, "PROOF_INVALID")


@pytest.mark.parametrize("typ", ["kb+jwt", "openid4vci-proof+jwt", "dpop+jwt", "statuslist+jwt", "vp+jwt", 5, ""])
def test_a_token_made_for_something_else_is_no_credential(typ: Any) -> None:
    assert outcome(verify(compact({**HEADER, "typ": typ}, claims_1_1())), "structure")[0] is Outcome.FAILED


@pytest.mark.parametrize("extension", [{"crit": ["exp"]}, {"b64": False}])
def test_extensions_are_refused(extension: dict[str, Any]) -> None:
    with pytest.raises(MalformedDocument):
        open_token(compact({**HEADER, **extension}, claims_1_1()))


def test_a_changed_payload_or_signature_is_found() -> None:
    head, payload, signature = compact(HEADER, claims_1_1()).split(".")
    other = base64url_encode(dump_json(claims_1_1(sub="did:adi:thief")))
    assert outcome(verify(f"{head}.{other}.{signature}"), "proof") == (Outcome.FAILED, "PROOF_INVALID")
    assert outcome(verify(f"{head}.{payload}."), "proof") == (Outcome.FAILED, "PROOF_INVALID")


@pytest.mark.parametrize(
    "text",
    ["", "a", "a.b", "a.b.c.d", "!.!.!", "e30=.e30.AA", "W10.e30.AA", "e30.W10.AA", "x" * (1024 * 1024 + 1)],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(VcError):
        open_token(text)
    assert outcome(verify(text), "structure")[0] is Outcome.FAILED


def test_duplicate_members_are_refused() -> None:
    header = base64url_encode(b'{"alg":"EdDSA","alg":"none"}')
    with pytest.raises(UnreadableJSON):
        open_token(f"{header}.{base64url_encode(b'{}')}.AA")


def test_a_foreign_key_is_named_under_issuer() -> None:
    token = compact({**HEADER, "kid": STRANGER.method_id}, claims_1_1(), STRANGER.signer.sign)
    assert outcome(verify(token), "issuer") == (Outcome.FAILED, "ISSUER_KEY_MISMATCH")


def test_the_key_of_a_token_must_be_known_sound_and_listed() -> None:
    token = open_token(compact(HEADER, claims_1_1()))
    registry = Registry()
    with pytest.raises(DIDNotFound):
        verify_token(token, resolver=registry, accepted=JWT_ALGORITHMS, purpose="assertionMethod")
    registry.resolved[ISSUER.did] = ResolvedDID(ISSUER.document(), compromised_methods=frozenset({ISSUER.method_id}))
    with pytest.raises(KeyCompromised):
        verify_token(token, resolver=registry, accepted=JWT_ALGORITHMS, purpose="assertionMethod")
    registry.resolved[ISSUER.did] = ResolvedDID(ISSUER.document())
    verified = verify_token(token, resolver=registry, accepted=JWT_ALGORITHMS, purpose="assertionMethod")
    check_control(verified, ISSUER.did)
    with pytest.raises(ProofInvalid):
        verify_token(token, resolver=registry, accepted=[], purpose="assertionMethod")


def test_members_in_a_token_must_be_defined_and_may_be_empty() -> None:
    undefined = claims_2_0(credentialSubject={"id": HOLDER, "shoeSize": 44})
    assert outcome(verify(compact(HEADER, undefined)), "structure") == (Outcome.FAILED, "UNDEFINED_TERM")
    empty = claims_2_0(credentialSubject={"id": HOLDER, "degree": {"name": None}})
    assert verify(compact(HEADER, empty))


def test_a_did_key_issuer_signs_tokens() -> None:
    party = Party(5, did_key(Party(5).key))
    token = compact({**HEADER, "kid": party.method_id}, claims_2_0(issuer=party.did), party.signer.sign)
    assert verify(token)
