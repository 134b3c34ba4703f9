"""Verifying an SD-JWT VC: the ten named checks, over what its holder disclosed.

Spec: SD-JWT-based Verifiable Credentials, "Verification and Processing"; RFC 9901, "Verification by the Verifier".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from sealwright.vc.credentials.form import is_url
from sealwright.vc.delegation.terms import DelegationTerms
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.dids.syntax import parse_did_url
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import (
    ClaimsDoNotMatchSchema,
    DIDNotFound,
    DIDNotResolved,
    DocumentRefused,
    InvalidDID,
    InvalidKey,
    KeyCompromised,
    ProofMissing,
    ProofRefused,
    UnsupportedDIDMethod,
    VcError,
)
from sealwright.vc.proofs.compact import malformed
from sealwright.vc.proofs.key_binding import KeyBinding, confirmation_key, verify_key_binding
from sealwright.vc.proofs.sd_jwt_reading import SdJwt, open_sd_jwt
from sealwright.vc.proofs.sd_jwt_vc import ENVELOPE_NAMES, NEVER_HIDDEN
from sealwright.vc.proofs.token_keys import VerifiedToken, verify_with_method
from sealwright.vc.proofs.verifying import MAX_SKEW
from sealwright.vc.verification.checks import check_issuer, check_trust, structure_code
from sealwright.vc.verification.delegation_checks import ChainSource, check_delegation, names_delegation
from sealwright.vc.verification.examination import Description
from sealwright.vc.verification.report import (
    ALL_CHECKS,
    CREDENTIAL_CHECKS,
    PROOF_CHECKS,
    Findings,
    ReportCode,
    VerificationReport,
)
from sealwright.vc.verification.sources import ClaimsCheck, TrustedIssuers
from sealwright.vc.verification.token_status import TokenSource, TokenStatusReader, check_token_status

TYPES: Final = frozenset({"dc+sd-jwt", "vc+sd-jwt"})
_MAX_NUMERIC_DATE: Final = 253_402_300_799  # the last second of the year 9999


@dataclass(frozen=True, slots=True)
class KnownType:
    """A type of SD-JWT VC that is known here.

    Args:
        types: What such a credential is called as a document.
        claims: Checks claims of which some may have been kept back.
    """

    types: tuple[str, ...]
    claims: ClaimsCheck


class TypeSource(Protocol):
    """Knows types of SD-JWT VCs by their address."""

    def knows(self, vct: str) -> bool:
        """Whether an address is one that this source answers for."""
        ...

    def type_at(self, vct: str, credential_id: str | None) -> KnownType | None:
        """The type at an address it answers for, as it was for a credential; None where there is none."""
        ...


class OwnIssuers(Protocol):
    """Tells whose keys stand behind an https issuer, where that is this office itself."""

    def speaks_for(self, issuer: str, address: str) -> bool | None:
        """Whether the key at a DID URL signs for an https issuer; None for issuers that are not this office."""
        ...


@dataclass(frozen=True, slots=True)
class SdJwtRules:
    """What a verifier asks of an SD-JWT VC, and where it finds what it needs.

    Args:
        resolver: Finds the documents of DIDs.
        accepted: Names of the algorithms taken.
        trusted_issuers: DIDs, or `ANY_ISSUER`.
        own: Who signs for this office's own address.
        statuses: Where status list tokens come from.
        types: Known types.
        now: Aware UTC.
        expected_holder: The DID that the credential must be about; None expects nobody in particular.
        challenge: The nonce of the key binding; None if the verifier gave none.
        domain: The audience of the key binding; None if that was not asked for.
        selected: Checks asked for; structure, proof and issuer are made in any case.
        chain: Gives where the chain above a delegation comes from; None leaves one that rests on another open.
    """

    resolver: DIDResolver
    accepted: Collection[str]
    trusted_issuers: TrustedIssuers
    own: OwnIssuers
    statuses: TokenSource
    types: TypeSource
    now: datetime
    expected_holder: str | None = None
    challenge: str | None = None
    domain: str | None = None
    selected: Collection[str] = ALL_CHECKS
    chain: Callable[[], ChainSource] | None = None


def verify_sd_jwt_credential(text: str, rules: SdJwtRules) -> VerificationReport:
    """Verify an SD-JWT VC, with or without key binding; nothing that a text can hold makes this raise."""
    found = Findings(CREDENTIAL_CHECKS, frozenset(rules.selected) | PROOF_CHECKS)
    opened = _open(found, text)
    proven = _prove(found, opened, rules) if opened is not None else None
    delegation: DelegationTerms | None = None
    issuer = proven.controller.document.id if proven is not None else None
    if opened is not None and proven is not None:
        _check_issuer(found, opened.claims, proven, rules)
        if issuer is not None and found.code_of("issuer") != ReportCode.ISSUER_KEY_MISMATCH.value:
            _check_validity(found, opened.claims, rules.now)
            reader = TokenStatusReader(rules.statuses, rules.resolver, rules.now)
            check_token_status(found, opened.claims.get("status"), issuer, reader)
            known = _check_schema(found, opened.claims, rules.types)
            document = _as_document(opened.claims, known)
            _check_holder(found, opened, rules, is_delegation=names_delegation(document))
            check_trust(found, issuer, rules.trusted_issuers)
            delegation = check_delegation(found, document, issuer, is_part=not opened.is_whole, chain=rules.chain)
    checks = found.complete("Nothing in this document can be relied on, so this was not looked at.")
    return VerificationReport(checks, PROOF_CHECKS, rules.now, delegation=delegation, **_head(opened, issuer))


def _open(found: Findings, text: str) -> SdJwt | None:
    try:
        opened = open_sd_jwt(text)
        _check_form(opened)
    except VcError as error:
        found.failed("structure", structure_code(error), error.detail)
        return None
    found.passed("structure", "The form is right, and every disclosure is one that the signed token asks for.")
    return opened


def _check_form(opened: SdJwt) -> None:
    """Refuse what is no SD-JWT VC; raises MalformedDocument."""
    claims = opened.claims
    if opened.token.kind not in TYPES:
        raise malformed("", "The SD-JWT is not of a type that carries a credential.")
    hidden = sorted(NEVER_HIDDEN & opened.disclosed_names)
    if hidden:
        raise malformed(f"/{hidden[0]}", "This member must not be disclosed selectively.")
    if not isinstance(claims.get("vct"), str) or not claims["vct"]:
        raise malformed("/vct", "An SD-JWT VC names its type in vct.")
    if "iss" in claims and not is_url(claims["iss"]):
        raise malformed("/iss", "iss must be a URL.")
    for name in ("nbf", "exp", "iat"):
        seconds = claims.get(name, 0)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _MAX_NUMERIC_DATE:
            raise malformed(f"/{name}", f"{name} must be a number of seconds.")


def _prove(found: Findings, opened: SdJwt, rules: SdJwtRules) -> VerifiedToken | None:
    try:
        address = _key_address(opened, rules.own)
        if address is None:
            detail = "The keys of this issuer are not looked up here."
            found.unchecked("proof", ReportCode.UNRESOLVABLE, detail)
            return None
        proven = verify_with_method(
            opened.token,
            address,
            resolver=rules.resolver,
            accepted=rules.accepted,
            purpose="assertionMethod",
        )
    except KeyCompromised as error:
        found.failed("proof", ReportCode.KEY_COMPROMISED, error.detail)
    except DIDNotFound as error:
        found.failed("proof", ReportCode.UNRESOLVABLE, error.detail)
    except (DIDNotResolved, UnsupportedDIDMethod) as error:
        found.unchecked("proof", ReportCode.UNRESOLVABLE, error.detail)
    except (ProofRefused, InvalidKey, InvalidDID, DocumentRefused) as error:
        found.failed("proof", ReportCode.PROOF_INVALID, error.detail)
    else:
        found.passed("proof", "The issuer's signature holds.")
        return proven
    return None


def _key_address(opened: SdJwt, own: OwnIssuers) -> str | None:
    """The DID URL of the signing key: of an issuer that is a DID, or of this office; None for other issuers.

    Raises:
        InvalidDID: There is no such address.
    """
    issuer, kid = str(opened.claims.get("iss", "")), opened.token.header.get("kid")
    if not isinstance(kid, str) or not kid:
        if issuer.startswith("did:"):
            raise InvalidDID("The SD-JWT names no key.")
        return None
    if issuer.startswith("did:"):
        address = kid if kid.startswith("did:") else f"{issuer}#{kid.removeprefix('#')}"
        parse_did_url(address)
        return address
    if not kid.startswith("did:"):
        return None
    parse_did_url(kid)
    return kid if own.speaks_for(issuer, kid) is not None else None


def _check_issuer(found: Findings, claims: Mapping[str, JSONValue], proven: VerifiedToken, rules: SdJwtRules) -> None:
    """The key is the issuer's own: its DID's, or, where this office is the issuer, that of a DID it keeps."""
    issuer = str(claims.get("iss"))
    if not issuer.startswith("did:"):
        if not rules.own.speaks_for(issuer, proven.method.id):
            found.failed("issuer", ReportCode.ISSUER_KEY_MISMATCH, "The key is none of those of the issuer.")
            return
        issuer = proven.controller.document.id
    check_issuer(found, (proven,), issuer)


def _check_validity(found: Findings, claims: Mapping[str, JSONValue], now: datetime) -> None:
    start = max((moment for name in ("nbf", "iat") if (moment := _moment(claims, name)) is not None), default=None)
    end = _moment(claims, "exp")
    if end is not None and end < now - MAX_SKEW:
        found.failed("expiration", ReportCode.EXPIRED, "The credential has expired.")
    elif start is not None and start > now + MAX_SKEW:
        found.failed("expiration", ReportCode.NOT_YET_VALID, "The credential is not valid yet.")
    elif start is not None or end is not None:
        found.passed("expiration", "The credential is within its period of validity.")
    else:
        found.not_applicable("expiration", "The credential states no period of validity.")


def _moment(claims: Mapping[str, JSONValue], name: str) -> datetime | None:
    seconds = claims.get(name)
    return datetime.fromtimestamp(int(seconds), UTC) if isinstance(seconds, int | float) else None


def _check_schema(found: Findings, claims: Mapping[str, JSONValue], types: TypeSource) -> KnownType | None:
    """What was disclosed matches the type's schema, where the type is one of this office."""
    vct = str(claims["vct"])
    if not types.knows(vct):
        found.not_applicable("schema", "The credential's type is not one of this office.")
        return None
    name = claims.get("jti")
    known = types.type_at(vct, name if isinstance(name, str) else None)
    if known is None:
        found.unchecked("schema", ReportCode.SCHEMA_NOT_FOUND, "The credential's type is not known here.")
        return None
    try:
        known.claims.check({name: value for name, value in claims.items() if name not in ENVELOPE_NAMES})
    except ClaimsDoNotMatchSchema:
        found.failed("schema", ReportCode.SCHEMA_VALIDATION_FAILED, "The claims do not match the schema.")
    else:
        found.passed("schema", "The claims that were disclosed match the credential schema.")
    return known


def _check_holder(found: Findings, opened: SdJwt, rules: SdJwtRules, *, is_delegation: bool) -> None:
    """The credential is about the expected holder, and whoever shows it proved the key that it is bound to."""
    if rules.expected_holder is not None and not _is_about(opened.claims, rules.expected_holder, rules.resolver):
        found.failed("holder", ReportCode.HOLDER_MISMATCH, "The credential is about somebody else.")
        return
    asks_for_binding = rules.challenge is not None or rules.domain is not None
    if opened.key_binding is None and not asks_for_binding:
        if rules.expected_holder is None:
            found.not_applicable("holder", "No particular holder was expected.")
        else:
            found.passed("holder", "The credential is about the expected holder.")
        return
    try:
        bound = verify_key_binding(opened, accepted=rules.accepted, now=rules.now if asks_for_binding else None)
    except ProofMissing as error:
        found.failed("holder", ReportCode.HOLDER_MISMATCH, error.detail)
    except (ProofRefused, InvalidKey) as error:
        found.failed("holder", ReportCode.HOLDER_MISMATCH, error.detail)
    else:
        # Authority is a DID's: a key beside it that the issuer wrote down does not act for the delegate.
        if is_delegation and not _has_key(str(opened.claims.get("sub")), opened.claims, rules.resolver):
            detail = "The delegation is bound to a key that its delegate's DID does not prove with."
            found.failed("holder", ReportCode.HOLDER_MISMATCH, detail)
        else:
            _check_occasion(found, bound, rules)


def _check_occasion(found: Findings, bound: KeyBinding, rules: SdJwtRules) -> None:
    if rules.challenge is not None and bound.nonce != rules.challenge:
        found.failed("holder", ReportCode.CHALLENGE_MISMATCH, "The key binding does not carry the expected nonce.")
    elif rules.domain is not None and bound.audience != rules.domain:
        found.failed("holder", ReportCode.DOMAIN_MISMATCH, "The key binding was made for another verifier.")
    else:
        found.passed("holder", "It was shown with the key that the credential is bound to.")


def _is_about(claims: Mapping[str, JSONValue], expected: str, resolver: DIDResolver) -> bool:
    """Whether the subject is a DID; where none is named, whether the key in `cnf` is one that this DID proves with."""
    if "sub" in claims:
        return claims["sub"] == expected
    return _has_key(expected, claims, resolver)


def _has_key(did: str, claims: Mapping[str, JSONValue], resolver: DIDResolver) -> bool:
    """Whether the key in `cnf` is one that a DID proves with."""
    try:
        key = confirmation_key(claims)
        resolved = resolver.resolve(did)
    except VcError:
        return False
    document = resolved.document
    listed = (one for one in document.relationship("authentication") if one not in resolved.compromised_methods)
    methods = (document.method(address) for address in listed)
    return key is not None and any(method is not None and method.public_key == key for method in methods)


def _as_document(claims: Mapping[str, JSONValue], known: KnownType | None) -> Mapping[str, JSONValue]:
    """The claims as a document has them, for checks that read documents."""
    subject = {name: value for name, value in claims.items() if name not in ENVELOPE_NAMES}
    # Under whose address a type stands does not matter for whether it is one of delegations, as in documents.
    document: dict[str, JSONValue] = {"type": [*(known.types if known is not None else ()), str(claims["vct"])]}
    if isinstance(name := claims.get("jti"), str):
        document["id"] = name
    for member, claim in (("validFrom", "nbf"), ("validUntil", "exp")):
        if (moment := _moment(claims, claim)) is not None:
            document[member] = format_timestamp(moment)
    return document | {"credentialSubject": {**subject, "id": claims.get("sub")}}


def _head(opened: SdJwt | None, issuer: str | None) -> Description:
    if opened is None:
        return {}
    claims = opened.claims
    name, subject, stated = claims.get("jti"), claims.get("sub"), claims.get("iss")
    return Description(
        credential_id=name if isinstance(name, str) else None,
        issuer_did=issuer or (stated if isinstance(stated, str) else None),
        holder_did=subject if isinstance(subject, str) else None,
        types=(str(claims["vct"]),),
    )
