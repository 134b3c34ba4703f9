"""The payload of an SD-JWT VC: what an issuer states in the open, and claims that the holder shows one by one.

Spec: SD-JWT-based Verifiable Credentials, "Verifiable Credentials based on SD-JWT".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault, ReservedKey
from sealwright.vc.keys.jwk import public_jwk
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.sd_jwt import Claims, Hidden

MEDIA_TYPE: Final = "dc+sd-jwt"
ENVELOPE_NAMES: Final = frozenset(
    {"iss", "sub", "aud", "jti", "iat", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"}
)
"""Members of the payload that are not claims about the subject."""

NEVER_HIDDEN: Final = frozenset({"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"})
"""Members that a verifier must see; one that comes by a disclosure is refused."""


DEEP_MOST: Final = 200
"""Up to so many members and items can each be shown by itself; of larger claims only the members at the top can."""


@dataclass(frozen=True, slots=True)
class SdJwtVcParts:
    """Everything an SD-JWT VC says.

    Args:
        issuer: The https URL under which the issuer's keys are published.
        vct: The credential's type, a URL.
        claims: Each member may be shown or kept back by itself, and so may what stands inside it.
        holder_key: The key that a holder has to prove; None makes a credential that is bound to nobody's key.
        subject: The holder's DID; None leaves it out.
        credential_id: Absolute IRI; None leaves it out.
        issued_at: Aware UTC, whole seconds.
        expires_at: None for a credential without end.
        status: List address and index; None for a credential without status entry.
    """

    issuer: str
    vct: str
    claims: Mapping[str, JSONValue]
    holder_key: PublicKey | None
    issued_at: datetime
    subject: str | None = None
    credential_id: str | None = None
    expires_at: datetime | None = None
    status: tuple[str, int] | None = None


def sd_jwt_vc_claims(parts: SdJwtVcParts) -> dict[str, Claims]:
    """The payload before concealing, every claim hidden.

    Raises:
        ReservedKey: A claim has the name of a member of the envelope.
    """
    if not ENVELOPE_NAMES.isdisjoint(parts.claims):
        taken = next(name for name in parts.claims if name in ENVELOPE_NAMES)
        detail = "The name belongs to the credential itself."
        at = child("/claims", taken)
        raise ReservedKey(detail, faults=(Fault(at, "RESERVED_KEY", detail),), pointer=at)
    issued = int(parts.issued_at.timestamp())
    payload: dict[str, Claims] = {"iss": parts.issuer, "vct": parts.vct, "iat": issued, "nbf": issued}
    if parts.credential_id is not None:
        payload["jti"] = parts.credential_id
    if parts.subject is not None:
        payload["sub"] = parts.subject
    if parts.expires_at is not None:
        payload["exp"] = int(parts.expires_at.timestamp())
    if parts.holder_key is not None:
        payload["cnf"] = {"jwk": public_jwk(parts.holder_key)}
    if parts.status is not None:
        uri, index = parts.status
        payload["status"] = {"status_list": {"idx": index, "uri": uri}}
    is_deep = not _has_over(DEEP_MOST, parts.claims)
    claims: dict[str, Claims] = {name: Hidden(_inside(it) if is_deep else it) for name, it in parts.claims.items()}
    return payload | claims


def _inside(value: JSONValue) -> Claims:
    """A value whose members and items may be shown one by one, at every level."""
    if type(value) is str:
        return value
    if isinstance(value, dict):
        return {name: Hidden(_inside(member)) for name, member in value.items()}
    if isinstance(value, list):
        return [Hidden(_inside(item)) for item in value]
    return value


def _has_over(most: int, claims: Mapping[str, JSONValue]) -> bool:
    """Whether claims have more members and items than so many, at all levels."""
    found = len(claims)
    rest = [*claims.values()]
    for value in rest:
        if type(value) is str:
            continue
        if isinstance(value, Mapping):
            rest += value.values()
        elif isinstance(value, list):
            rest += value
        else:
            continue
        found += len(value)
        if found > most:
            return True
    return found > most


def shown(claims: Mapping[str, Claims]) -> dict[str, JSONValue]:
    """The payload as somebody reads it to whom everything is disclosed."""
    return {name: _plain(value) for name, value in claims.items()}


def _plain(value: Claims) -> JSONValue:
    if isinstance(value, Hidden):
        return _plain(value.value)
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value  # type: ignore[return-value]
