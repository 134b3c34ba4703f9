"""DCQL: questions read, with every rule of form and a bound on everything.

Members that we do not know are passed over, as the specification says; those that narrow a question down and that we
cannot honour are refused by name.

Spec: OpenID for Verifiable Presentations 1.0, "Digital Credentials Query Language (DCQL)".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from sealwright.protocols.queries import (
    CHOICES_MOST,
    FIELDS_MOST,
    FORMS,
    QUERIES_MOST,
    SD_JWT,
    Members,
    refused,
    require_small,
)
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue

PATH_MOST: Final = 16
VALUES_MOST: Final = 64
COMBINATIONS_MOST: Final = 4_096
_LAST_INDEX: Final = 1_000_000

ClaimPath: TypeAlias = "tuple[str | int | None, ...]"
"""Names, 0-based indexes, and None for every item of an array."""


@dataclass(frozen=True, slots=True)
class ClaimQuery:
    """One claim that is asked for.

    Args:
        values: Values any one of which will do; None takes every value.
    """

    claim_id: str | None
    path: ClaimPath
    values: tuple[str | int | bool, ...] | None = None


@dataclass(frozen=True, slots=True)
class CredentialQuery:
    """One credential that is asked for.

    Args:
        form: ``dc+sd-jwt``, ``ldp_vc`` or ``jwt_vc_json``.
        many: Whether several credentials may answer.
        vct: For SD-JWTs, types any one of which will do.
        types: For others, sets of types any one of which will do.
        claims: Empty asks for nothing that its holder could keep back.
        claim_sets: Choices of claims by their ids, the best first; empty asks for every claim.
        needs_binding: Whether the holder has to prove a key.
    """

    query_id: str
    form: str
    many: bool
    vct: tuple[str, ...]
    types: tuple[frozenset[str], ...]
    claims: tuple[ClaimQuery, ...]
    claim_sets: tuple[tuple[str, ...], ...]
    needs_binding: bool

    def choices(self) -> tuple[tuple[ClaimQuery, ...], ...]:
        """The claims of each choice, the best first."""
        if not self.claim_sets:
            return (self.claims,)
        by_id = {one.claim_id: one for one in self.claims}
        return tuple(tuple(by_id[claim_id] for claim_id in chosen) for chosen in self.claim_sets)


@dataclass(frozen=True, slots=True)
class CredentialSet:
    """Choices of credentials by the ids of their queries, any one of which will do."""

    options: tuple[frozenset[str], ...]
    required: bool


@dataclass(frozen=True, slots=True)
class DcqlQuery:
    """A whole question."""

    credentials: tuple[CredentialQuery, ...]
    credential_sets: tuple[CredentialSet, ...]

    def named(self, query_id: str) -> CredentialQuery | None:
        """The query of an id."""
        return next((one for one in self.credentials if one.query_id == query_id), None)


def read_dcql(value: object, pointer: str = "") -> DcqlQuery:
    """Read a question.

    Args:
        pointer: Where it stands, for faults.

    Raises:
        QueryRefused: Malformed, over a bound, or it narrows down by what we cannot check; with the fault.
    """
    members = Members(require_small(value, pointer), pointer)
    listed = members.listed("credentials", most=QUERIES_MOST, required=True) or ()
    at = members.at("credentials")
    credentials = tuple(_credential(one, child(at, index)) for index, one in enumerate(listed))
    ids = [one.query_id for one in credentials]
    if len(set(ids)) != len(ids):
        raise refused(at, "must not hold an id twice")
    sets = members.listed("credential_sets", most=QUERIES_MOST) or ()
    at = members.at("credential_sets")
    read = tuple(_set(one, child(at, index), frozenset(ids)) for index, one in enumerate(sets))
    combinations = 1
    for one in read:
        combinations *= len(one.options) + 1
    if combinations > COMBINATIONS_MOST:
        raise refused(at, f"must not allow over {COMBINATIONS_MOST} combinations")
    return DcqlQuery(credentials, read)


def _credential(value: JSONValue, pointer: str) -> CredentialQuery:
    members = Members.of(value, pointer)
    query_id = members.identifier("id")
    form = members.required_text("format")
    if form not in FORMS:
        raise refused(members.at("format"), f"must be one of {', '.join(sorted(FORMS))}", "UNSUPPORTED")
    members.refuse_any(("trusted_authorities",), "is not understood here; name the issuers you trust to your verifier")
    meta = Members.of(members.source.get("meta"), members.at("meta"))
    listed = members.listed("claims", most=FIELDS_MOST) or ()
    at = members.at("claims")
    claims = tuple(_claim(one, child(at, index)) for index, one in enumerate(listed))
    ids = [one.claim_id for one in claims if one.claim_id is not None]
    if len(set(ids)) != len(ids):
        raise refused(at, "must not hold an id twice")
    return CredentialQuery(
        query_id=query_id,
        form=form,
        many=members.flag("multiple", otherwise=False),
        vct=(meta.texts("vct_values", most=CHOICES_MOST, required=True) or ()) if form == SD_JWT else (),
        types=_types(meta) if form != SD_JWT else (),
        claims=claims,
        claim_sets=_claim_sets(members, claims),
        needs_binding=members.flag("require_cryptographic_holder_binding", otherwise=True),
    )


def _types(meta: Members) -> tuple[frozenset[str], ...]:
    listed = meta.listed("type_values", most=CHOICES_MOST, required=True) or ()
    at = meta.at("type_values")
    found = []
    for index, one in enumerate(listed):
        inner = Members({"types": one}, child(at, index))
        found.append(frozenset(inner.texts("types", most=CHOICES_MOST, required=True) or ()))
    return tuple(found)


def _claim(value: JSONValue, pointer: str) -> ClaimQuery:
    members = Members.of(value, pointer)
    claim_id = members.identifier("id") if "id" in members.source else None
    values = members.listed("values", most=VALUES_MOST)
    for index, one in enumerate(values or ()):
        if not isinstance(one, str | int | bool):
            raise refused(child(members.at("values"), index), "must be text, a whole number, true or false")
    return ClaimQuery(claim_id, read_path(members), tuple(values) if values is not None else None)  # type: ignore[arg-type]


def read_path(members: Members) -> ClaimPath:
    """The `path` of a claim.

    Raises:
        QueryRefused: It holds anything but names, indexes and null, or too many.

    Spec: OpenID for Verifiable Presentations 1.0, "Claims Path Pointer".
    """
    steps = members.listed("path", most=PATH_MOST, required=True) or ()
    for index, step in enumerate(steps):
        is_index = isinstance(step, int) and not isinstance(step, bool) and 0 <= step <= _LAST_INDEX
        if not (step is None or isinstance(step, str) or is_index):
            detail = "must be a name, an index from 0, or null"
            raise refused(child(members.at("path"), index), detail)
    if not isinstance(steps[0], str):
        raise refused(child(members.at("path"), 0), "must be a name, for a credential is an object")
    return tuple(steps)  # type: ignore[arg-type]


def _claim_sets(members: Members, claims: tuple[ClaimQuery, ...]) -> tuple[tuple[str, ...], ...]:
    listed = members.listed("claim_sets", most=CHOICES_MOST)
    if listed is None:
        return ()
    at = members.at("claim_sets")
    known = {one.claim_id for one in claims}
    if not claims or None in known:
        raise refused(at, "needs claims, each with an id")
    found = []
    for index, one in enumerate(listed):
        chosen = Members({"set": one}, child(at, index)).texts("set", most=FIELDS_MOST, required=True) or ()
        if not known.issuperset(chosen) or len(set(chosen)) != len(chosen):
            raise refused(child(at, index), "must name ids of claims, each once")
        found.append(chosen)
    return tuple(found)


def _set(value: JSONValue, pointer: str, known: frozenset[str]) -> CredentialSet:
    members = Members.of(value, pointer)
    listed = members.listed("options", most=CHOICES_MOST, required=True) or ()
    at = members.at("options")
    options = []
    for index, one in enumerate(listed):
        chosen = Members({"option": one}, child(at, index)).texts("option", most=QUERIES_MOST, required=True) or ()
        if not known.issuperset(chosen) or len(set(chosen)) != len(chosen):
            raise refused(child(at, index), "must name ids of credentials, each once")
        options.append(frozenset(chosen))
    return CredentialSet(tuple(options), members.flag("required", otherwise=True))
