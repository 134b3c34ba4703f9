"""Presentation definitions asked of credentials: which answer, what of them must be shown, and whether enough did.

Spec: DIF Presentation Exchange 2.1, "Input Evaluation", "Submission Requirements".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from sealwright.protocols.presentation_exchange.definition import (
    Definition,
    Field,
    InputDescriptor,
    Narrowed,
    Requirement,
)
from sealwright.protocols.presentation_exchange.paths import found_at, searches
from sealwright.protocols.queries import (
    JWT_VC,
    Candidate,
    Matched,
    Path,
    Unmatched,
    Work,
    WorkExceeded,
    over_shown,
)
from sealwright.vc.encoding.strict_json import JSONValue

_ALIASES: Final[Mapping[str, frozenset[str]]] = {
    "EdDSA": frozenset({"EdDSA", "Ed25519"}),
    "Ed25519": frozenset({"EdDSA", "Ed25519"}),
}


def match(descriptor: InputDescriptor, candidate: Candidate, within: Work | None = None) -> Matched | Unmatched:
    """Tell whether a credential answers a descriptor, and what of it must be shown.

    What is shown beyond that is for `over_shown` to say.

    Args:
        within: What many such comparisons may cost together.
    """
    if descriptor.formats is not None:
        allowed = descriptor.formats.get(candidate.form)
        if allowed is None:
            return Unmatched("It has another form than those that are asked for.")
        if not any(_is_proven(one, candidate) for one in allowed):
            return Unmatched("It is proven in another way than those that are asked for.")
    try:
        return _matched(descriptor, candidate, Work(within=within))
    except WorkExceeded:
        return Unmatched("It is too large to be compared with what is asked for.")


def _matched(descriptor: InputDescriptor, candidate: Candidate, work: Work) -> Matched | Unmatched:
    needed: dict[Path, None] = {}
    missing = 0
    for field in descriptor.fields:
        found = _first(field, candidate, work)
        if found is not None:
            needed.update((at, None) for at in found if at is not None)
        elif field.optional:
            missing += 1
        else:
            return Unmatched("It lacks what is asked for, or says something else there.")
    return Matched(tuple(needed), missing)


def over(descriptor: InputDescriptor, candidate: Candidate, matched: Matched) -> tuple[str, ...]:
    """Pointers of the claims that a credential shows beyond the descriptor's fields.

    A descriptor without fields asks for none of the claims; without a limit it is content with all of them.
    """
    if not descriptor.fields and not descriptor.limits:
        return ()
    return over_shown(candidate, matched.paths)


def exact_fault(definition: Definition, answered: Collection[str]) -> str | None:
    """Why the descriptors that were answered are not those that had to be; None where they are, exactly."""
    given = frozenset(answered)
    known = frozenset(one.descriptor_id for one in definition.descriptors)
    if not given <= known:
        return "An answer is for no input descriptor of this request."
    if not definition.requirements:
        return None if given == known else "Not every credential that was asked for is there."
    used: set[str] = set()
    for number, one in enumerate(definition.requirements):
        is_met, counted = _counted(one, definition, given)
        if not is_met:
            return f"Submission requirement {number + 1} is not met."
        used |= counted
    return None if used == given else "More credentials are there than the requirements ask for."


def _counted(requirement: Requirement, definition: Definition, given: frozenset[str]) -> tuple[bool, frozenset[str]]:
    """Whether a requirement is met, and the descriptors that were answered for it."""
    if requirement.group is not None:
        members = frozenset(one.descriptor_id for one in definition.descriptors if requirement.group in one.groups)
        there = members & given
        return _is_enough(requirement, len(there), len(members)), there
    judged = [_counted(one, definition, given) for one in requirement.nested]
    met = [counted for is_met, counted in judged if is_met]
    # One that is met by nothing is met; but whoever picks some of several picks those that were answered.
    picked = met if requirement.picks_all else [counted for counted in met if counted]
    return _is_enough(requirement, len(picked), len(judged)), frozenset[str]().union(*picked)


def _is_enough(requirement: Requirement, there: int, of: int) -> bool:
    if requirement.picks_all:
        return there == of
    return there >= requirement.at_least and (requirement.at_most is None or there <= requirement.at_most)


def _first(field: Field, candidate: Candidate, work: Work) -> tuple[Path | None, ...] | None:
    """Where in the credential the field is answered: by the first of its paths that leads to what its filter takes.

    None in place of a path is a member of the token around the credential.
    """
    for path in field.paths:
        taken = tuple(at for at, value in _found(path, candidate, work) if field.takes(value, work))
        if taken:
            return taken
    return None


def _found(path: str, candidate: Candidate, work: Work) -> Iterator[tuple[Path | None, JSONValue]]:
    """What a path leads to: in a JWT's payload as it was signed, and in the credential itself."""
    work.spend(1)
    if searches(path):
        work.look_through(candidate.document)
        work.look_through(candidate.payload)
    places = found_at(path, candidate.document)
    if places or candidate.form != JWT_VC or candidate.payload is None:
        yield from places
        return
    for at, value in found_at(path, candidate.payload):
        # Below `vc` stands the credential; other members of the payload are the token's own.
        yield (at[1:] if at[:1] == ("vc",) else None), value


def _is_proven(narrowed: Narrowed, candidate: Candidate) -> bool:
    """Tell whether a credential is proven so, and bound so as far as it is bound yet."""
    if any(_spelled(names).isdisjoint(candidate.proofs) for names in narrowed.proofs):
        return False
    if narrowed.bindings is None or candidate.bindings is None:
        return True
    return not _spelled(narrowed.bindings).isdisjoint(candidate.bindings)


def _spelled(names: frozenset[str]) -> frozenset[str]:
    return names.union(*(_ALIASES.get(one, frozenset()) for one in names))
