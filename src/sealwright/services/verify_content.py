"""What a credential says, whatever form it came in. Nothing here is verified; show it only beside a report that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from sealwright.vc.credentials.structure import credentials_of
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import parse_xsd_datetime_stamp
from sealwright.vc.errors import VcError
from sealwright.vc.proofs.sd_jwt import DIGESTS, ITEM
from sealwright.vc.proofs.sd_jwt_reading import is_sd_jwt, open_sd_jwt
from sealwright.vc.proofs.sd_jwt_vc import ENVELOPE_NAMES
from sealwright.vc.proofs.suites.bbs2020_statements import PLACEHOLDER
from sealwright.vc.verification.opening import open_credential
from sealwright.vc.verification.presentation_token import open_presentation_token

_BASE_TYPE: Final = "VerifiableCredential"
_LAST_SECOND: Final = 253_402_300_799


@dataclass(frozen=True, slots=True)
class Content:
    """A credential's own words.

    Args:
        issuer: Its issuer: a DID, or the address under which an issuer's keys are published.
        issuer_name: What the issuer calls itself.
        schema_id: The credential schema that it names.
        type: Its type beside VerifiableCredential: a name, or the address of one.
        claims: About its one subject, without the subject's id; empty where it has several subjects.
    """

    issuer: str | None = None
    issuer_name: str | None = None
    type: str | None = None
    credential_id: str | None = None
    schema_id: str | None = None
    subject: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    claims: Mapping[str, JSONValue] = field(default_factory=dict)


def content_of(source: object) -> Content:
    """What a credential says: an object, an envelope, a JWT or an SD-JWT; blank for what cannot be read."""
    try:
        if isinstance(source, str) and is_sd_jwt(source):
            return _of_sd_jwt(open_sd_jwt(source).claims)
        token = open_credential(source)
    except VcError:
        return Content()
    document = source if token is None else token.document
    return _of_document(document) if isinstance(document, Mapping) else Content()


def credentials_inside(presentation: object) -> tuple[object, ...]:
    """The credentials in a presentation, in order, as they came; none of what cannot be read."""
    if isinstance(presentation, Mapping):
        return tuple(credentials_of(presentation))
    try:
        return open_presentation_token(str(presentation)).credentials
    except VcError:
        return ()


def may_hide_claims(source: object) -> bool:
    """Tell whether a text is an SD-JWT with digests that nothing here answers to: claims kept back, or decoys."""
    if not isinstance(source, str) or not is_sd_jwt(source):
        return False
    try:
        opened = open_sd_jwt(source)
    except VcError:
        return False
    digests = sum(1 for _ in _digests(opened.token.payload)) + sum(
        1 for one in opened.disclosures for _ in _digests(one.value)
    )
    return digests > len(opened.disclosures)


def _digests(value: JSONValue) -> Iterator[JSONValue]:
    """Every digest in a payload: of members, and of items of arrays."""
    if isinstance(value, list):
        for item in value:
            yield from _digests(item)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == DIGESTS and isinstance(inner, list):
                yield from inner
            elif name == ITEM:
                yield inner
            else:
                yield from _digests(inner)


def _of_sd_jwt(claims: Mapping[str, JSONValue]) -> Content:
    return Content(
        issuer=_text(claims.get("iss")),
        type=_text(claims.get("vct")),
        credential_id=_text(claims.get("jti")),
        subject=_text(claims.get("sub")),
        valid_from=_second(claims.get("nbf", claims.get("iat"))),
        valid_until=_second(claims.get("exp")),
        claims={name: value for name, value in claims.items() if name not in ENVELOPE_NAMES},
    )


def _of_document(document: Mapping[str, JSONValue]) -> Content:
    issuer, types = document.get("issuer"), document.get("type")
    named = issuer if isinstance(issuer, dict) else {"id": issuer}
    subject = document.get("credentialSubject")
    if isinstance(subject, list) and len(subject) == 1:
        subject = subject[0]
    about = subject if isinstance(subject, dict) else {}
    own = [one for one in types if isinstance(one, str) and one != _BASE_TYPE] if isinstance(types, list) else []
    return Content(
        issuer=_text(named.get("id")),
        issuer_name=_text(named.get("name")),
        type=own[-1] if own else None,
        credential_id=_text(document.get("id")),
        schema_id=_schema_of(document),
        subject=_named(about),
        valid_from=_date(document.get("validFrom", document.get("issuanceDate"))),
        valid_until=_date(document.get("validUntil", document.get("expirationDate"))),
        claims={name: _unnamed(value) for name, value in about.items() if name != "id"},
    )


def _named(node: Mapping[str, JSONValue]) -> str | None:
    """The name of a node, without the labels that the older suite of selective disclosure gives where there is none."""
    name = _text(node.get("id"))
    return None if name is None or name.startswith(PLACEHOLDER) else name


def _unnamed(value: JSONValue) -> JSONValue:
    """A claim without such labels, in lists too."""
    if isinstance(value, list):
        return [_unnamed(item) for item in value]
    if not isinstance(value, dict):
        return value
    is_label = isinstance(value.get("id"), str) and _named(value) is None
    return {member: _unnamed(inner) for member, inner in value.items() if not (is_label and member == "id")}


def _schema_of(document: Mapping[str, JSONValue]) -> str | None:
    named = document.get("credentialSchema")
    if isinstance(named, list) and len(named) == 1:
        named = named[0]
    return _text(named.get("id")) if isinstance(named, dict) else None


def _text(value: JSONValue) -> str | None:
    return value if isinstance(value, str) else None


def _date(value: JSONValue) -> datetime | None:
    try:
        return parse_xsd_datetime_stamp(value) if isinstance(value, str) else None
    except VcError:
        return None


def _second(value: JSONValue) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND:
        return None
    return datetime.fromtimestamp(int(value), UTC)
