"""Whether terms make a delegation at all, and whether they stay inside those of the delegation above them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sealwright.vc.delegation.meanings import loosened, unreadable
from sealwright.vc.delegation.terms import DelegationCode, DelegationTerms

HOPS_MOST: Final = 8
DEPTH_MOST: Final = 7
SCOPE_MOST: Final = 1_000
"""Entries of a scope; no array in a signed document has more items."""
ACTION_MOST: Final = 255

_ACTION: Final = re.compile(rf"\S{{1,{ACTION_MOST}}}")
_ONE_ACTION: Final = re.compile(rf"[^\s*\x00-\x1f\x7f]{{1,{ACTION_MOST}}}")


@dataclass(frozen=True, slots=True)
class Widening:
    """One thing that is wrong with a delegation.

    Args:
        path: Steps under the claims, such as ``("scope", 1)``; ``("expirationDate",)`` stands for the credential's end.
        detail: A sentence that quotes no value.
    """

    code: DelegationCode
    path: tuple[str | int, ...]
    detail: str


def is_action(text: str) -> bool:
    """Whether a text can be an action or an entry of a scope: 1 to 255 characters, none of them white space."""
    return _ACTION.fullmatch(text) is not None


def is_one_action(text: str) -> bool:
    """Whether a text can be what somebody does: an action without the ``*`` by which only scopes mean many."""
    return _ONE_ACTION.fullmatch(text) is not None


def covers_entry(entry: str, action: str) -> bool:
    """Whether one entry of a scope allows an action, or all that another entry allows.

    ``*`` allows all; an entry that ends in ``:*`` allows all that goes on after its colon; any other allows itself.
    """
    if entry in ("*", action):
        return True
    return entry.endswith(":*") and len(action) >= len(entry) and action.startswith(entry[:-1])


def covers(scope: Sequence[str], action: str) -> bool:
    """Whether a scope allows an action, or an entry of a child's scope."""
    return action in scope or any(covers_entry(entry, action) for entry in scope)


def uncovered(scope: Sequence[str], entries: Sequence[str]) -> Iterator[int]:
    """The places of those entries that a scope does not cover: as `covers` for each, in time for a thousand of both."""
    exact = frozenset(scope)
    if "*" in exact:
        return
    starts = tuple({entry[:-1] for entry in exact if entry.endswith(":*")})
    for place, entry in enumerate(entries):
        if entry in exact:
            continue
        # An entry that is itself such a beginning has nothing behind the colon, and needs a shorter one to cover it.
        if not entry.startswith(starts) or (entry in starts and not covers(scope, entry)):
            yield place


def own_faults(terms: DelegationTerms) -> tuple[Widening, ...]:
    """All that is wrong with a delegation taken by itself; none for one that could be a root."""
    found: list[Widening] = []
    invalid = DelegationCode.INVALID
    if not terms.delegator:
        found.append(Widening(invalid, ("delegator",), "There is no delegator."))
    if not terms.delegate or terms.delegate == terms.delegator:
        found.append(Widening(invalid, ("delegate",), "Nobody delegates to themselves."))
    if not 1 <= len(terms.scope) <= SCOPE_MOST:
        found.append(Widening(invalid, ("scope",), f"A delegation allows 1 to {SCOPE_MOST} actions."))
    for index, entry in enumerate(terms.scope[:SCOPE_MOST]):
        if _ACTION.fullmatch(entry) is None:
            detail = f"An action has 1 to {ACTION_MOST} characters and no white space."
            found.append(Widening(invalid, ("scope", index), detail))
    for name, value in terms.constraints.items():
        if (fault := unreadable(name, value)) is not None:
            found.append(Widening(invalid, ("constraints", name), f"The value of {name} {fault}."))
    if not 0 <= terms.max_depth <= DEPTH_MOST:
        found.append(Widening(invalid, ("maxDepth",), f"The depth lies between 0 and {DEPTH_MOST}."))
    if terms.parent is not None and (not terms.parent or terms.parent == terms.credential_id):
        found.append(Widening(invalid, ("parent",), "A delegation rests on another one, or on none."))
    if terms.expires is None:
        found.append(Widening(invalid, ("expirationDate",), "A delegation has an end."))
    return tuple(found)


def narrowing_faults(parent: DelegationTerms, child: DelegationTerms) -> tuple[Widening, ...]:
    """Everything in which a child goes beyond its parent, in the order of the claims; none if it is as strict or more.

    Transitive: what stays inside a child stays inside all above it. Looks at terms only, whether the parent is in
    force is another question; so is whether the child's delegate stands further up, which `loop_fault` tells.
    """
    found: list[Widening] = []
    if child.delegator != parent.delegate:
        detail = "The delegator is not the one to whom its parent delegates."
        found.append(Widening(DelegationCode.INVALID, ("delegator",), detail))
    # The very same is the common case, and each entry covers itself.
    for index in uncovered(parent.scope, child.scope) if child.scope != parent.scope else ():
        found.append(Widening(DelegationCode.SCOPE_WIDENED, ("scope", index), "The parent does not allow this action."))
    for name, value in parent.constraints.items():
        path = ("constraints", name)
        if name not in child.constraints:
            detail = f"{name} is a limit of the parent and is left out."
            found.append(Widening(DelegationCode.CONSTRAINT_LOOSENED, path, detail))
        elif (why := loosened(name, value, child.constraints[name])) is not None:
            found.append(Widening(DelegationCode.CONSTRAINT_LOOSENED, path, why))
    if child.max_depth > parent.max_depth - 1:
        detail = (
            "The parent allows no further delegation."
            if parent.max_depth < 1
            else f"The parent leaves a depth of {parent.max_depth - 1} at most."
        )
        found.append(Widening(DelegationCode.DEPTH_EXCEEDED, ("maxDepth",), detail))
    # A parent that was never issued has no id, so nothing can rest on it.
    if child.parent is None or child.parent != parent.credential_id:
        found.append(Widening(DelegationCode.INVALID, ("parent",), "It does not rest on the delegation above it."))
    if parent.expires is not None and (child.expires is None or child.expires > parent.expires):
        found.append(Widening(DelegationCode.EXPIRY_EXCEEDED, ("expirationDate",), "It would outlive its parent."))
    return tuple(found)


def loop_fault(above: Sequence[DelegationTerms], child: DelegationTerms) -> Widening | None:
    """The fault of a delegation back to somebody who already stands above it in its chain."""
    parties = {party for hop in above for party in (hop.delegator, hop.delegate)} | {child.delegator}
    if child.delegate in parties:
        return Widening(DelegationCode.LOOP, ("delegate",), "The delegate stands further up in the chain.")
    return None
