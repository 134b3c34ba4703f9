"""From the claims of a delegation credential to the terms of a hop; what cannot be understood whole is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from sealwright.vc.credentials.form import Findings, texts_of
from sealwright.vc.credentials.members import ENDS, STARTS
from sealwright.vc.credentials.shapes import Period
from sealwright.vc.delegation.meanings import texts_in
from sealwright.vc.delegation.terms import DelegationTerms
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import parse_xsd_datetime_stamp
from sealwright.vc.errors import InvalidDate, MalformedDocument

DELEGATION_TYPE: Final = "AgentDelegationCredential"


def terms_of_claims(
    claims: Mapping[str, JSONValue],
    *,
    expires: datetime | None,
    credential_id: str | None = None,
    valid_from: datetime | None = None,
    pointer: str = "",
) -> DelegationTerms:
    """Read the claims of a delegation.

    A scope of one text is taken as an array of that one, and 2.0 as 2: to the statements that are signed they are the
    same. Anything else that is not as the credential schema says is refused; members that it does not know are left.

    Args:
        claims: ``delegator`` ``delegate`` ``scope`` ``constraints?`` ``maxDepth`` ``parent?``.
        expires: The end of the credential.
        pointer: Where the claims stand in the document, for the faults.

    Raises:
        MalformedDocument: With every fault of form. Whether the terms make sense is `own_faults`'s to say.
    """
    plain = _plain_terms(claims, expires, credential_id, valid_from)
    if plain is not None:
        return plain
    found = Findings()
    delegator, delegate = (_text(found, claims, name, pointer) for name in ("delegator", "delegate"))
    parent = _text(found, claims, "parent", pointer) if "parent" in claims else None
    scope = texts_in(claims.get("scope"))
    if scope is None:
        found.add(f"{pointer}/scope", "INVALID_TYPE", "The scope is an array of texts.")
    constraints = claims.get("constraints", {})
    if not isinstance(constraints, dict):
        found.add(f"{pointer}/constraints", "INVALID_TYPE", "The constraints are an object.")
    depth = _whole(claims.get("maxDepth"))
    if depth is None:
        found.add(f"{pointer}/maxDepth", "INVALID_TYPE", "The depth is a whole number.")
    found.raise_if_any("delegation")
    return DelegationTerms(
        delegator=delegator,
        delegate=delegate,
        scope=scope or (),
        constraints=constraints if isinstance(constraints, dict) else {},
        max_depth=depth or 0,
        expires=expires,
        parent=parent,
        credential_id=credential_id,
        valid_from=valid_from,
    )


def read_terms(document: Mapping[str, JSONValue]) -> DelegationTerms:
    """Read the terms of a delegation credential whose form was checked, of either data model.

    Of several dates the strictest counts, so that none can be put beside another to outdo it.

    Raises:
        MalformedDocument: It is no delegation, has not one subject, or a claim is not as the credential schema says.
    """
    if DELEGATION_TYPE not in texts_of(document.get("type")):
        raise MalformedDocument(f"The credential is no {DELEGATION_TYPE}.", pointer="/type")
    return terms_of_document(document)


def terms_of_document(document: Mapping[str, JSONValue], period: Period | None = None) -> DelegationTerms:
    """As `read_terms`, for a document that is known to be a delegation, under whatever name its context gives it.

    Args:
        document: Its form was checked.
        period: Its dates, where they were read before.
    """
    subject, pointer = document.get("credentialSubject"), "/credentialSubject"
    if isinstance(subject, list) and len(subject) == 1:
        subject, pointer = subject[0], f"{pointer}/0"
    if not isinstance(subject, dict):
        raise MalformedDocument("A delegation has one subject, its delegate.", pointer=pointer)
    name = document.get("id")
    if period is None:
        period = Period(tuple(_moments(document, STARTS)), tuple(_moments(document, ENDS)))
    return terms_of_claims(
        subject,
        expires=min(period.ends, default=None),
        credential_id=name if isinstance(name, str) and name else None,
        valid_from=max(period.starts, default=None),
        pointer=pointer,
    )


def _plain_terms(
    claims: Mapping[str, JSONValue], expires: datetime | None, credential_id: str | None, valid_from: datetime | None
) -> DelegationTerms | None:
    """The terms of claims that are as the credential schema says in every one; None where each has to be looked at."""
    delegator, delegate, depth = claims.get("delegator"), claims.get("delegate"), claims.get("maxDepth")
    scope, constraints = claims.get("scope"), claims.get("constraints")
    parent = claims.get("parent")
    if (
        type(delegator) is not str
        or type(delegate) is not str
        or type(depth) is not int
        or type(scope) is not list
        or type(constraints) is not dict
        or not (delegator and delegate and scope)
    ):
        return None
    if "parent" in claims and not (type(parent) is str and parent):
        return None
    actions = texts_in(scope)
    if actions is None:
        return None
    above = parent if isinstance(parent, str) else None
    return DelegationTerms(delegator, delegate, actions, constraints, depth, expires, above, credential_id, valid_from)


def _text(found: Findings, claims: Mapping[str, JSONValue], name: str, pointer: str) -> str:
    value = claims.get(name)
    if isinstance(value, str) and value:
        return value
    code = "INVALID_TYPE" if name in claims else "MISSING_FIELD"
    found.add(f"{pointer}/{name}", code, f"The {name} is a text.")
    return ""


def _whole(value: JSONValue) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value == value // 1 else None


def _moments(document: Mapping[str, JSONValue], members: tuple[str, ...]) -> Iterator[datetime]:
    for member in members:
        if member not in document:
            continue
        text = document[member]
        try:
            yield parse_xsd_datetime_stamp(text if isinstance(text, str) else "")
        except InvalidDate as error:
            raise MalformedDocument(f"The {member} is not a date-time with a zone.", pointer=f"/{member}") from error
