"""The single checks on a credential whose proof holds: issuer, dates, schema, holder, trust."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final

from sealwright.vc.credentials.form import as_objects, texts_of
from sealwright.vc.credentials.members import ENDS, STARTS
from sealwright.vc.credentials.shapes import Period
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import parse_xsd_datetime_stamp
from sealwright.vc.errors import ClaimsDoNotMatchSchema, ControllerDeactivated, KeyNotControlled, VcError
from sealwright.vc.proofs.suites.bbs2020_reading import as_issued
from sealwright.vc.proofs.suites.disclosure import Shown
from sealwright.vc.proofs.verifying import MAX_SKEW, ProvenKey, VerifiedProof, check_control
from sealwright.vc.verification.report import Findings, ReportCode
from sealwright.vc.verification.sources import AnyIssuer, SchemaSource, TrustedIssuers

Document = Mapping[str, JSONValue]

WHOLE: Final = Shown(is_derived=False)
"""Of a document of which nothing was kept back."""

SCHEMA_TYPES: Final = frozenset({"JsonSchema", "JsonSchemaValidator2018"})

_CODES: Final[Mapping[str, str]] = {
    "NumberOutOfRange": "NUMBER_OUT_OF_RANGE",
    "InvalidCharacter": "INVALID_CHARACTER",
    "ClaimsTooLarge": "CLAIMS_TOO_LARGE",
    "ReservedKey": "RESERVED_KEY",
    "UndefinedTerm": "UNDEFINED_TERM",
    "UnsignableValue": "UNSIGNABLE_VALUE",
    "TermConflict": "TERM_CONFLICT",
    "ContextNotAllowed": "CONTEXT_NOT_ALLOWED",
    "TooComplex": "TOO_COMPLEX",
}


def structure_code(error: VcError) -> str:
    """The code under which a refused document stands in a report: its class's, or that of its first fault of form."""
    known = next((_CODES[base.__name__] for base in type(error).__mro__ if base.__name__ in _CODES), None)
    if known is not None:
        return known
    return error.faults[0].code if error.faults else "INVALID_BODY"


def part_of(proofs: Sequence[ProvenKey]) -> Shown:
    """What all proofs of a document together tell about what was kept back: one over the whole settles it."""
    told: list[Shown] = []
    for proof in proofs:
        shown = proof.shown if isinstance(proof, VerifiedProof) else None
        if shown is None or not shown.is_derived:
            return WHOLE
        told.append(shown)
    if not told:
        return WHOLE
    return Shown(True, frozenset.intersection(*(one.may_hide for one in told)))


def check_nonce(found: Findings, proofs: Sequence[ProvenKey], nonce: bytes | None) -> None:
    """Every proof was derived for the verifier's nonce, where it gave one: anything else may be a replay."""
    if nonce is None:
        return
    told = [proof.shown if isinstance(proof, VerifiedProof) else None for proof in proofs]
    if not all(one is not None and one.is_derived and hmac.compare_digest(one.nonce, nonce) for one in told):
        detail = "The proof was not derived for the nonce that was given."
        found.worsen_to_failed("proof", ReportCode.PROOF_INVALID, detail)


def check_issuer(found: Findings, proofs: Sequence[ProvenKey], issuer: str | None) -> None:
    """The key behind every proof is the issuer's own and listed for the purpose."""
    try:
        for proof in proofs:
            check_control(proof, issuer)
    except KeyNotControlled as error:
        found.failed("issuer", ReportCode.ISSUER_KEY_MISMATCH, error.detail)
    except ControllerDeactivated as error:
        found.failed("issuer", ReportCode.ISSUER_DEACTIVATED, error.detail)
    else:
        found.passed("issuer", "The proof's key is the issuer's and listed for assertions.")


_DATES: Final = (*STARTS, *ENDS)


def check_validity(
    found: Findings,
    document: Document,
    now: datetime,
    may_hide: AbstractSet[str] = frozenset(),
    period: Period | None = None,
) -> None:
    """No beginning lies ahead and no end behind, in the spelling of either data model, within 60 s of clock skew.

    A date that the holder may have kept back leaves the check open.

    Args:
        may_hide: Members that the holder may have kept back.
        period: The dates of the document, where they were read before.
    """
    if period is None:
        period = Period(tuple(_dates(document, *STARTS)), tuple(_dates(document, *ENDS)))
    starts, ends = period.starts, period.ends
    if ends and min(ends) < now - MAX_SKEW:
        found.failed("expiration", ReportCode.EXPIRED, "The credential has expired.")
    elif starts and max(starts) > now + MAX_SKEW:
        found.failed("expiration", ReportCode.NOT_YET_VALID, "The credential is not valid yet.")
    elif not may_hide.isdisjoint(_DATES):
        found.unchecked("expiration", None, "A date of its validity may have been kept back.")
    elif starts or ends:
        found.passed("expiration", "The credential is within its period of validity.")
    else:
        found.not_applicable("expiration", "The credential states no period of validity.")


def check_schemas(found: Findings, document: Document, schemas: SchemaSource, part: Shown = WHOLE) -> None:
    """The claims meet every credential schema that the document names; what was kept back of them is no fault."""
    if not found.is_wanted("schema"):
        return
    named = as_objects(document.get("credentialSchema"), "")
    if "credentialSchema" in part.may_hide:
        found.unchecked("schema", ReportCode.SCHEMA_NOT_FOUND, "The name of a schema may have been kept back.")
        return
    if not named:
        found.not_applicable("schema", "The credential names no schema.")
        return
    known = schemas.partial_schema_for if part.is_derived else schemas.schema_for
    for _, reference in named:
        name = reference.get("id")
        kind = reference.get("type")
        is_known_kind = kind in SCHEMA_TYPES if isinstance(kind, str) else not SCHEMA_TYPES.isdisjoint(texts_of(kind))
        validator = known(name) if isinstance(name, str) and is_known_kind else None
        if validator is None:
            found.unchecked("schema", ReportCode.SCHEMA_NOT_FOUND, "The credential schema is not known here.")
            return
        try:
            for subject in subjects_of(document):
                claims = {member: value for member, value in subject.items() if member != "id"}
                validator.check(as_issued(claims) if part.is_derived else claims)
        except ClaimsDoNotMatchSchema:
            found.failed("schema", ReportCode.SCHEMA_VALIDATION_FAILED, "The claims do not match the schema.")
            return
    found.passed("schema", "The claims match the credential schema.")


def check_holder(found: Findings, document: Document, expected_holder: str | None) -> None:
    """Every subject is the party that the caller expects."""
    if expected_holder is None:
        found.not_applicable("holder", "No particular holder was expected.")
    elif all(subject.get("id") == expected_holder for subject in subjects_of(document)):
        found.passed("holder", "The credential is about the expected holder.")
    else:
        found.failed("holder", ReportCode.HOLDER_MISMATCH, "The credential is about somebody else.")


def check_trust(found: Findings, issuer: str | None, trusted_issuers: TrustedIssuers) -> None:
    """The issuer is one of those the caller trusts; an empty list trusts nobody."""
    if isinstance(trusted_issuers, AnyIssuer):
        found.not_applicable("trustedIssuer", "Any issuer is accepted by this verifier.")
    elif issuer is not None and issuer in trusted_issuers:
        found.passed("trustedIssuer", "The issuer is one of those that are trusted.")
    else:
        found.failed("trustedIssuer", ReportCode.UNTRUSTED_ISSUER, "The issuer is not one of those that are trusted.")


def subjects_of(document: Document) -> tuple[Mapping[str, JSONValue], ...]:
    """The subjects of a credential whose form was checked."""
    return tuple([subject for _, subject in as_objects(document.get("credentialSubject"), "")])


def _dates(document: Document, *members: str) -> Iterator[datetime]:
    for member in members:
        text = document.get(member)
        if isinstance(text, str):
            yield parse_xsd_datetime_stamp(text)
