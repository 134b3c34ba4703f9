"""Checking proofs: form, suite, dates, key and signature of every one, then whether the key speaks for the issuer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Protocol

from sealwright.vc.dids.document import DIDDocument
from sealwright.vc.dids.resolver import DIDResolver, ResolvedDID
from sealwright.vc.dids.syntax import parse_did_url
from sealwright.vc.dids.verification_method import VerificationMethod
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import parse_xsd_datetime_stamp
from sealwright.vc.errors import (
    ControllerDeactivated,
    InvalidDate,
    InvalidDID,
    KeyCompromised,
    KeyNotControlled,
    ProofInvalid,
    TooComplex,
    VcError,
)
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.canonical import CanonicalForms
from sealwright.vc.proofs.registry import AnySuite, disclosure_suite, suite_name_of, suite_named
from sealwright.vc.proofs.suites.disclosure import Covered, DisclosureSuite, Shown
from sealwright.vc.proofs.suites.suite import Hashing, decode_proof_value
from sealwright.vc.proofs.unsecured import covered_document, previous_ids, require_proofs

MAX_SKEW: Final = timedelta(seconds=60)
"""How far two clocks may differ before a date counts."""

MAX_DISCLOSURE_PROOFS: Final = 4
"""Proofs of suites of selective disclosure in one document: each may be over 1,024 messages, under a key of its own."""

_ABSENT: Final = object()
# A date-time of a proof is short; what is longer is not remembered.
_MAX_MOMENT_TEXT: Final = 64


@dataclass(frozen=True, slots=True)
class VerifiedProof:
    """One proof whose signature holds.

    Args:
        proof: The proof as it stands in the document.
        suite: The suite that checked it.
        method: The verification method whose key it was checked with.
        controller: The DID whose document lists that method.
        purpose: The proof purpose.
        shown: What it tells about what was kept back; None under a suite that proves a document whole.
    """

    proof: Mapping[str, JSONValue]
    suite: AnySuite
    method: VerificationMethod
    controller: ResolvedDID
    purpose: str
    shown: Shown | None = None


class ProvenKey(Protocol):
    """A signature that holds: whose key made it, and what for."""

    @property
    def method(self) -> VerificationMethod:
        """The verification method whose key it was checked with."""
        ...

    @property
    def controller(self) -> ResolvedDID:
        """The DID whose document lists that method."""
        ...

    @property
    def purpose(self) -> str:
        """The purpose for which it must be listed."""
        ...


@dataclass(frozen=True, slots=True)
class ProofRules:
    """What a caller accepts in proofs; nothing here has a default.

    Args:
        purpose: The purpose each proof must state.
        accepted_suites: Names of the suites taken; a proof of another suite fails.
        now: Aware UTC.
        is_own_work: The issuer looks at what it has signed, or the holder at what came: base proofs are checked as
            such. A verifier is shown derived proofs, and refuses base proofs where the suite says so.
    """

    purpose: str
    accepted_suites: Collection[str]
    now: datetime
    is_own_work: bool = False


def verify_proofs(
    document: Mapping[str, JSONValue],
    *,
    resolver: DIDResolver,
    canon: CanonicalForms,
    purpose: str,
    accepted_suites: Collection[str],
    now: datetime,
    allow_inline: bool = False,
    is_own_work: bool = False,
) -> tuple[VerifiedProof, ...]:
    """Check every proof of a credential or presentation, and that each key speaks for its issuer or holder.

    Args:
        document: A signed document whose form was checked.
        resolver: Finds the documents of DIDs.
        canon: Canonicalizer.
        purpose: The purpose each proof must state, such as ``assertionMethod``.
        accepted_suites: Names of the suites taken.
        now: Aware UTC.
        allow_inline: Accept context objects that only add terms.
        is_own_work: Check base proofs as such, as `ProofRules` says.

    Returns:
        All proofs, in the document's order.

    Raises:
        ProofMissing: There is none.
        ProofInvalid: One is malformed, of a suite or purpose not accepted, outside its dates, or does not hold.
        KeyCompromised: One was made with a key that is known to be out.
        KeyNotControlled: One was made with a key that is not the issuer's (holder's), or not listed for the purpose.
        ControllerDeactivated: The issuer's DID was ended.
        DocumentRefused: A part of the document or of a proof would not be signed.
        DIDNotResolved, UnsupportedDIDMethod: A controller could not be found.
        InvalidKey: A controller's key is malformed or weak.

    Spec: Verifiable Credential Data Integrity 1.0, "Verify Proof", "Verify Proof Sets and Chains".
    """
    rules = ProofRules(purpose, accepted_suites, now, is_own_work)
    verified = check_signatures(document, resolver=resolver, rules=rules, hashing=Hashing(canon, allow_inline, True))
    party = party_of(document)
    for proof in verified:
        check_control(proof, party)
    return verified


def check_signatures(
    document: Mapping[str, JSONValue], *, resolver: DIDResolver, rules: ProofRules, hashing: Hashing
) -> tuple[VerifiedProof, ...]:
    """Check every proof by itself; whether the keys speak for the issuer is `check_control`'s to say.

    Raises:
        As `verify_proofs`, but for KeyNotControlled and ControllerDeactivated.
    """
    proofs = require_proofs(document)
    if sum(disclosure_suite(suite_name_of(proof)) is not None for proof in proofs) > MAX_DISCLOSURE_PROOFS:
        detail = f"The document has more than {MAX_DISCLOSURE_PROOFS} proofs of selective disclosure."
        raise TooComplex(detail, pointer="/proof")
    unsecured = hashing.bare(document)
    contexts = document.get("@context")
    # One document hash serves all proofs of a set that use one suite: the costly part is done once.
    hashes: dict[tuple[str, str, tuple[str, ...]], bytes] = {}
    verified: dict[int, VerifiedProof] = {}
    for index in _order(proofs):
        proof = proofs[index]
        suite = _accepted_suite(proof, rules)
        _check_dates(proof, rules.now)
        options = _options(proof, suite, contexts)
        if isinstance(suite, DisclosureSuite):
            method, controller = _find_key(proof, suite, resolver)
            covered = Covered(covered_document(unsecured, proofs, previous_ids(proof)), options, contexts, hashing)
            check = suite.verify_base if rules.is_own_work else suite.verify
            shown = check(covered, method.public_key, proof)
            verified[index] = VerifiedProof(proof, suite, method, controller, rules.purpose, shown)
            continue
        signature = decode_proof_value(proof.get("proofValue"), suite.signature_bytes)
        method, controller = _find_key(proof, suite, resolver)
        fitting = suite.hashing_for(method.public_key, hashing)
        key = (suite.name, fitting.hash_name, previous_ids(proof))
        digest = hashes.get(key)
        if digest is None:
            digest = hashes[key] = suite.hash_document(covered_document(unsecured, proofs, key[2]), fitting)
        suite.verify(method.public_key, signature, suite.hash_options(options, contexts, fitting) + digest)
        verified[index] = VerifiedProof(proof, suite, method, controller, rules.purpose)
    return tuple(verified.values()) if len(proofs) == 1 else tuple(verified[index] for index in range(len(proofs)))


def check_again(
    document: Mapping[str, JSONValue], keys: Sequence[PublicKey], *, resolver: DIDResolver, rules: ProofRules
) -> tuple[VerifiedProof, ...] | None:
    """Check all that may have changed since the signatures of this very document were found to hold.

    Args:
        keys: By which they held, in the order of the proofs; all of suites that prove a document whole.

    Returns:
        None where anything is not as it was: then it is for `check_signatures` to tell why.
    """
    verified = []
    try:
        for proof, key in zip(require_proofs(document), keys, strict=True):
            suite = _accepted_suite(proof, rules)
            _check_dates(proof, rules.now)
            method, controller = _find_key(proof, suite, resolver)
            if method.public_key != key:
                return None
            verified.append(VerifiedProof(proof, suite, method, controller, rules.purpose))
    except VcError:
        return None
    return tuple(verified)


def check_control(proof: ProvenKey, party: str | None) -> None:
    """Check that a proof's key speaks for a party: its own DID document lists the method for the purpose, as its own.

    Args:
        proof: A proof whose signature holds.
        party: DID of the issuer or holder; None refuses, as nobody then stands behind the proof.

    Raises:
        KeyNotControlled: Another party's key, one not listed for the purpose, or one whose controller is another.
        ControllerDeactivated: The party's DID was ended.

    Spec: Controlled Identifiers 1.0, "Retrieve Verification Method".
    """
    document = proof.controller.document
    if party is None or document.id != party or proof.method.controller != party:
        raise KeyNotControlled("The proof's verification method does not belong to the party that the document names.")
    if proof.method.id not in document.relationship(proof.purpose):
        raise KeyNotControlled(f"The proof's verification method is not listed for {proof.purpose}.")
    if proof.controller.deactivated:
        raise ControllerDeactivated("The DID behind the proof was deactivated.")


def issuer_of(credential: Mapping[str, JSONValue]) -> str | None:
    """The issuer a credential names; None if it names none."""
    return _id_of(credential.get("issuer"))


def holder_of(presentation: Mapping[str, JSONValue]) -> str | None:
    """The holder a presentation names; None if it names none."""
    return _id_of(presentation.get("holder"))


def party_of(document: Mapping[str, JSONValue]) -> str | None:
    """Who must stand behind a document's proofs: a credential's issuer, a presentation's holder; None if unstated.

    What the document is decides, not which of the two members is there: a presentation with a forged `issuer` beside
    its holder must not be taken as that issuer's word.
    """
    types = document.get("type")
    if isinstance(types, list) and "VerifiableCredential" in types:
        return issuer_of(document)
    return holder_of(document)


def _id_of(party: JSONValue) -> str | None:
    name = party.get("id") if isinstance(party, dict) else party
    return name if isinstance(name, str) else None


def _order(proofs: Sequence[Mapping[str, JSONValue]]) -> Sequence[int]:
    """Places of the proofs, those that follow on others last."""
    if len(proofs) == 1:
        return (0,)
    return sorted(range(len(proofs)), key=lambda index: "previousProof" in proofs[index])


def _accepted_suite(proof: Mapping[str, JSONValue], rules: ProofRules) -> AnySuite:
    name = suite_name_of(proof)
    if name not in rules.accepted_suites:
        raise ProofInvalid("The proof's suite is not one that is accepted here.", pointer="/proof/type")
    if proof.get("proofPurpose") != rules.purpose:
        raise ProofInvalid(f"The proof's purpose is not {rules.purpose}.", pointer="/proof/proofPurpose")
    return suite_named(name)


def _check_dates(proof: Mapping[str, JSONValue], now: datetime) -> None:
    created, expires = _moment(proof, "created"), _moment(proof, "expires")
    if created is not None and created > now + MAX_SKEW:
        raise ProofInvalid("The proof was created in the future.", pointer="/proof/created")
    if expires is not None and expires < now - MAX_SKEW:
        raise ProofInvalid("The proof has expired.", pointer="/proof/expires")


def _moment(proof: Mapping[str, JSONValue], member: str) -> datetime | None:
    if member not in proof:
        return None
    text = proof[member]
    try:
        return _parsed_moment(text if isinstance(text, str) and len(text) <= _MAX_MOMENT_TEXT else "")
    except InvalidDate:
        raise ProofInvalid(
            f"The proof's {member} is not a date-time with a zone.", pointer=f"/proof/{member}"
        ) from None


# Whole batches carry one date, and reading it costs as much as all other checks of form together.
@lru_cache(maxsize=1024)
def _parsed_moment(text: str) -> datetime:
    return parse_xsd_datetime_stamp(text)


def _options(proof: Mapping[str, JSONValue], suite: AnySuite, contexts: JSONValue) -> dict[str, JSONValue]:
    """The proof without value and contexts.

    A proof that repeats the contexts must repeat these very ones: whoever could append a context to a signed document
    could give its members other meanings.
    """
    options = dict(proof)
    options.pop("proofValue", None)
    repeated = options.pop("@context", _ABSENT)
    if repeated != contexts if suite.carries_context else repeated is not _ABSENT:
        raise ProofInvalid("The proof's contexts are not those of the document.", pointer="/proof/@context")
    return options


def _find_key(
    proof: Mapping[str, JSONValue], suite: AnySuite, resolver: DIDResolver
) -> tuple[VerificationMethod, ResolvedDID]:
    """Look the verification method up in the document of its own DID; keys and key addresses in proofs are ignored."""
    address = proof.get("verificationMethod")
    if not isinstance(address, str):
        raise ProofInvalid("The proof names no verification method.", pointer="/proof/verificationMethod")
    try:
        did = _did_of(address)
    except InvalidDID:
        raise ProofInvalid("The verification method is no DID URL.", pointer="/proof/verificationMethod") from None
    resolved = resolver.resolve(did)
    # Asked first, because a document does not list compromised methods any more.
    if address in resolved.compromised_methods:
        raise KeyCompromised("The proof's key is known to be compromised.", pointer="/proof/verificationMethod")
    method = _method(resolved.document, address)
    if method.public_key.kind not in suite.key_kinds or method.type not in suite.method_types:
        raise ProofInvalid(f"The verification method does not hold a key for {suite.name}.", pointer="/proof")
    return method, resolved


# The few methods of an issuer are named by every one of its credentials.
@lru_cache(maxsize=1024)
def _did_of(address: str) -> str:
    return str(parse_did_url(address).did)


def _method(document: DIDDocument, address: str) -> VerificationMethod:
    method = document.method(address)
    if method is None:
        raise ProofInvalid("The verification method is not in its DID document.", pointer="/proof/verificationMethod")
    return method
