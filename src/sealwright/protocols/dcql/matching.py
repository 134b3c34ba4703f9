"""DCQL asked of credentials: which of them answer, what of them must be shown, and whether an answer is exact.

Spec: OpenID for Verifiable Presentations 1.0, "Selecting Claims and Credentials", "Claims Path Pointer".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain, islice, product
from typing import Final

from sealwright.protocols.dcql.query import ClaimPath, ClaimQuery, CredentialQuery, DcqlQuery
from sealwright.protocols.queries import FOUND_MOST, SD_JWT, Candidate, Matched, Path, Unmatched, Work, WorkExceeded
from sealwright.vc.encoding.strict_json import JSONValue

_LACKING: Final = Unmatched("It lacks a claim that is asked for.")


def places(document: JSONValue, path: ClaimPath) -> tuple[Path, ...]:
    """Where a claims path leads, in document order: up to 1,024 places; none where it leads nowhere.

    A step that one of the values selected so far cannot take, such as a name in a text, is no claim at all.
    """
    selected: list[tuple[Path, JSONValue]] = [((), document)]
    for step in path:
        below = [_below(value, step) for _, value in selected]
        if None in below:
            return ()
        selected = [
            ((*at, name), value) for (at, _), found in zip(selected, below, strict=True) for name, value in found or ()
        ]
    return tuple(at for at, _ in islice(selected, FOUND_MOST))


def match(query: CredentialQuery, candidate: Candidate, within: Work | None = None) -> Matched | Unmatched:
    """Tell whether a credential answers a query, and what of it must be shown.

    Of several choices of claims the first that can be met counts.

    Args:
        within: What many such comparisons may cost together; each claim may look at the whole credential.
    """
    if candidate.form != query.form:
        return Unmatched("It has another form than the one that is asked for.")
    if not is_type_asked(query, candidate):
        return Unmatched("It is not of the type that is asked for.")
    if query.needs_binding and not candidate.is_bound:
        return Unmatched("It is bound to nobody's key.")
    if within is not None:
        try:
            for _ in query.claims:
                within.look_through(candidate.document)
        except WorkExceeded:
            return Unmatched("It is too large to be compared with what is asked for.")
    missing = _LACKING
    # Choices share claims, so each is looked for once.
    known: dict[int, tuple[Path, ...] | Unmatched] = {}
    for claims in query.choices():
        found = _paths_of(claims, candidate.document, known)
        if isinstance(found, Unmatched):
            missing = found
            continue
        return Matched(found)
    return missing


def is_type_asked(query: CredentialQuery, candidate: Candidate) -> bool:
    """Tell whether a credential is of one of the types that are asked for."""
    if query.form == SD_JWT:
        return not candidate.types.isdisjoint(query.vct)
    return any(one <= candidate.types for one in query.types)


def exact_fault(query: DcqlQuery, answered: Collection[str]) -> str | None:
    """Why the queries that were answered are not those that had to be; None where they are, exactly.

    Without sets every query is to be answered. With them: one choice of each required set and of any other sets,
    and nothing beside those choices.
    """
    given = frozenset(answered)
    known = frozenset(one.query_id for one in query.credentials)
    if not given <= known:
        return "An answer is for no query of this request."
    if not query.credential_sets:
        return None if given == known else "Not every credential that was asked for is there."
    for number, one in enumerate(query.credential_sets):
        if one.required and not any(option <= given for option in one.options):
            return f"None of the choices of set {number + 1} is there whole."
    # Reading has bounded how many combinations there can be.
    choices = [[option for option in one.options if option <= given] for one in query.credential_sets]
    ways = product(
        *(
            found if one.required else [*found, frozenset[str]()]
            for one, found in zip(query.credential_sets, choices, strict=True)
        )
    )
    if any(frozenset[str]().union(*way) == given for way in ways):
        return None
    return "More credentials are there than any one choice asks for."


def _paths_of(
    claims: Sequence[ClaimQuery],
    document: dict[str, JSONValue],
    known: dict[int, tuple[Path, ...] | Unmatched],
) -> tuple[Path, ...] | Unmatched:
    every = []
    for claim in claims:
        # By identity: to Python, claims that ask for true and for 1 are equal.
        if id(claim) not in known:
            known[id(claim)] = _answered(claim, document)
        found = known[id(claim)]
        if isinstance(found, Unmatched):
            return found
        every.append(found)
    return tuple(dict.fromkeys(chain.from_iterable(every)))


def _answered(claim: ClaimQuery, document: dict[str, JSONValue]) -> tuple[Path, ...] | Unmatched:
    at = places(document, claim.path)
    if not at:
        return _LACKING
    if claim.values is not None:
        at = tuple(path for path in at if _is_one_of(value_at(document, path), claim.values))
        if not at:
            return Unmatched("A claim has none of the values that are asked for.")
    return at


def value_at(document: JSONValue, path: Path) -> JSONValue:
    """What stands at a path that leads somewhere."""
    value: JSONValue = document
    for step in path:
        value = value[step]  # type: ignore[index]
    return value


def _is_one_of(value: JSONValue, allowed: Sequence[str | int | bool]) -> bool:
    # Types must agree as well: true is not 1, and 1.0 is not 1.
    return any(type(value) is type(one) and value == one for one in allowed)


def _below(value: JSONValue, step: str | int | None) -> Sequence[tuple[str | int, JSONValue]] | None:
    """What a step selects in a value, each with its name or index; None where values of this kind have no such step."""
    if isinstance(step, str):
        if not isinstance(value, Mapping):
            return None
        return ((step, value[step]),) if step in value else ()
    if not isinstance(value, list):
        return None
    if step is None:
        return tuple(enumerate(value))
    return ((step, value[step]),) if step < len(value) else ()
