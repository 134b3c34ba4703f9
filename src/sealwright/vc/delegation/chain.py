"""Whether a chain of delegation credentials, root first, gives its last delegate authority: every hop, and every join.

Each hop is a credential of its own and is verified as one. What it says counts only once its proof holds, and is what
the verification has read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Final, Protocol, TypeAlias

from sealwright.vc.delegation.judging import ActContext, judge_act
from sealwright.vc.delegation.narrowing import HOPS_MOST, loop_fault, narrowing_faults
from sealwright.vc.delegation.terms import DelegationCode, DelegationTerms
from sealwright.vc.errors import ChainRefused


class CheckTold(Protocol):
    """One named check of a report; `vc.verification.report.Check` is the one."""

    @property
    def name(self) -> str:
        """As in the contract's list of checks."""
        ...

    @property
    def has_passed(self) -> bool:
        """Whether it was made and met."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether it could not be made."""
        ...

    @property
    def code(self) -> str | None:
        """Why it failed or could not be made."""
        ...

    @property
    def detail(self) -> str:
        """A sentence."""
        ...

    @property
    def is_met(self) -> bool:
        """Whether nothing speaks against the document here."""
        ...


class HopVerified(Protocol):
    """What verifying one hop told; `vc.verification.report.VerificationReport` is the one."""

    @property
    def checks(self) -> Sequence[CheckTold]:
        """Every check, in order."""
        ...

    @property
    def delegation(self) -> DelegationTerms | None:
        """What it delegates, if its check passed or waits for nothing but the chain above it."""
        ...

    @property
    def credential_id(self) -> str | None:
        """The document's own id."""
        ...

    @property
    def issuer_did(self) -> str | None:
        """Whom it names as issuer."""
        ...

    @property
    def holder_did(self) -> str | None:
        """Whom it names as subject."""
        ...


Above: TypeAlias = Callable[[str], "Sequence[object] | None"]
"""By the credential id of a parent: its chain as credentials, root first and itself last; None where not to be had."""
RootMay: TypeAlias = Callable[[str], "bool | None"]
"""Whether a DID may begin a chain: an active human or organization; None where nothing but its document is known.

A root that is not known here is taken, as the issuer of a credential is that nobody here knows: who it is and whether
to trust it is for the one who asks, and a deactivated one has failed by its proof.
"""
Verify: TypeAlias = Callable[[object], HopVerified]


@dataclass(frozen=True, slots=True)
class HopReport:
    """What was found about one hop.

    Args:
        index: 0 for the root.
        delegator: Whom it names; believe it only where the hop is valid.
        valid: The hop holds by itself, joins the one above it, and allows the act that was asked about.
        codes: Delegation codes; a failure that has none of its own stands as DELEGATION_INVALID with the code of the
            verification report behind it, such as STATUS_UNREADABLE.
        detail: A sentence on the first of them; None for a valid hop.
    """

    index: int
    credential_id: str | None
    delegator: str | None
    delegate: str | None
    valid: bool
    codes: tuple[str, ...] = ()
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What was found about a chain; true only where every hop is.

    Args:
        errors: Codes of all hops, the root's first, each once.
        terms: What the hops say, for a chain that holds; empty for any other.
    """

    valid: bool
    hops: tuple[HopReport, ...]
    errors: tuple[str, ...]
    terms: tuple[DelegationTerms, ...] = ()

    def __bool__(self) -> bool:
        return self.valid


@dataclass(slots=True)
class _Hop:
    """One hop while it is looked at; `terms` stay None where its proof does not hold or it is no delegation."""

    index: int
    credential_id: str | None = None
    delegator: str | None = None
    delegate: str | None = None
    terms: DelegationTerms | None = None
    faults: list[tuple[str, str]] = field(default_factory=list)

    def add(self, code: str, detail: str) -> None:
        """Note a fault under its code; the first sentence of a code stays."""
        if all(code != known for known, _ in self.faults):
            self.faults.append((code, detail))

    def report(self) -> HopReport:
        """What was found."""
        codes = tuple(str(code) for code, _ in self.faults)
        detail = self.faults[0][1] if self.faults else None
        return HopReport(self.index, self.credential_id, self.delegator, self.delegate, not codes, codes, detail)


def verify_chain(
    agent: str,
    chain: Sequence[object],
    *,
    verify: Verify,
    root_may: RootMay,
    now: datetime,
    action: str | None = None,
    context: ActContext | None = None,
) -> ChainReport:
    """Verify a chain of delegations hop by hop.

    Args:
        agent: The DID that is to have the authority: the last hop's delegate.
        chain: Credentials, root first, as objects or compact JWTs; None in the place of one that could not be found.
        verify: Verifies one credential by itself, as `verify_credential` does, with all checks and any issuer.
        root_may: Whether the first delegator may begin chains.
        now: Aware UTC.
        action: Judge this act too, by every hop; budgets are measured by this act alone.
        context: What the act is about; only with an action.

    Returns:
        A report on every hop.

    Raises:
        ChainRefused: No hop, more than eight, or one credential twice.
    """
    if not 1 <= len(chain) <= HOPS_MOST:
        raise ChainRefused(f"A chain has 1 to {HOPS_MOST} delegations.")
    hops = [_looked_at(index, document, verify) for index, document in enumerate(chain)]
    names = [hop.credential_id for hop in hops if hop.credential_id is not None]
    if len(set(names)) != len(names):
        raise ChainRefused("The chain names a delegation twice.")
    _join(hops, root_may)
    last = hops[-1]
    # Of a hop that was not found or is no credential, nobody knows whom it is to.
    if last.delegate != agent and (last.delegate is not None or not last.faults):
        last.add(DelegationCode.INVALID, "The last delegation is not to the agent that was asked about.")
    if action is not None:
        for hop in hops:
            if hop.terms is not None:
                _judge(hop, hop.terms, action, context or ActContext(), now)
    reports = tuple(hop.report() for hop in hops)
    errors = tuple(dict.fromkeys(code for hop in reports for code in hop.codes))
    terms = tuple(hop.terms for hop in hops if hop.terms is not None) if not errors else ()
    return ChainReport(not errors, reports, errors, terms)


def link_fault(above: ChainReport, terms: DelegationTerms) -> tuple[str, str] | None:
    """Why a verified delegation does not hold below a chain: the first fault of the chain, else of the join to it.

    Returns:
        Code and sentence; None where it holds.
    """
    for hop in above.hops:
        if hop.codes:
            return hop.codes[0], f"Hop {hop.index} of the chain above does not hold: {hop.detail}"
    if len(above.terms) >= HOPS_MOST:
        return DelegationCode.DEPTH_EXCEEDED.value, f"A chain has {HOPS_MOST} delegations at most."
    faults = [*narrowing_faults(above.terms[-1], terms)]
    if (loop := loop_fault(above.terms, terms)) is not None:
        faults.append(loop)
    return (faults[0].code.value, faults[0].detail) if faults else None


_PROOF: Final = frozenset({"structure", "proof", "issuer"})

_CODES: Final[Mapping[str, DelegationCode]] = {
    "EXPIRED": DelegationCode.EXPIRED,
    "REVOKED": DelegationCode.REVOKED,
    "SUSPENDED": DelegationCode.SUSPENDED,
}


def _looked_at(index: int, document: object, verify: Verify) -> _Hop:
    """Verify one hop by itself and read its terms."""
    hop = _Hop(index)
    if document is None:
        hop.add(DelegationCode.NOT_FOUND, "The delegation was not found.")
        return hop
    report = verify(document)
    hop.credential_id, hop.delegator, hop.delegate = report.credential_id, report.issuer_did, report.holder_did
    proven = 0
    for check in report.checks:
        if check.has_passed:
            proven += check.name in _PROOF
        elif check.is_met:
            continue
        # What was not looked at because of an earlier failure is none of its own.
        elif (check.code or check.name in _PROOF) and not _is_open_above(check):
            _add_failure(hop, check)
    if proven != len(_PROOF):
        hop.add(DelegationCode.PROOF_INVALID, "The proof of the delegation does not hold.")
        return hop
    if report.delegation is None:
        hop.add(DelegationCode.INVALID, "The credential is no delegation that could be checked.")
        return hop
    hop.terms = report.delegation
    hop.delegator, hop.delegate = hop.terms.delegator, hop.terms.delegate
    return hop


def _is_open_above(check: CheckTold) -> bool:
    """Whether a hop's only open question is what is above it, which the chain answers."""
    return check.name == "delegation" and check.is_open and check.code == DelegationCode.NOT_FOUND


def _add_failure(hop: _Hop, check: CheckTold) -> None:
    code = check.code or ""
    if code == "ISSUER_DEACTIVATED":
        hop.add(DelegationCode.ROOT_INVALID if hop.index == 0 else DelegationCode.INVALID, check.detail)
    elif check.name in _PROOF:
        hop.add(DelegationCode.PROOF_INVALID, check.detail)
    elif code in _CODES:
        hop.add(_CODES[code], check.detail)
    elif check.name == "delegation" and code:
        hop.add(code, check.detail)
    else:
        hop.add(DelegationCode.INVALID, check.detail)
        if code:
            hop.add(code, check.detail)


def _join(hops: Sequence[_Hop], root_may: RootMay) -> None:
    """Look at the beginning of the chain and at every join of two hops whose terms are known."""
    root = hops[0]
    if root.terms is not None:
        if root.terms.parent is not None:
            root.add(DelegationCode.INVALID, "The chain does not begin at its root: its first hop rests on another.")
        if root_may(root.terms.delegator) is False:
            detail = "The chain does not begin with an active human or organization."
            root.add(DelegationCode.ROOT_INVALID, detail)
    above: list[DelegationTerms] = [root.terms] if root.terms is not None else []
    for upper, hop in pairwise(hops):
        if hop.terms is None:
            continue
        if upper.terms is not None:
            for fault in narrowing_faults(upper.terms, hop.terms):
                hop.add(fault.code, fault.detail)
        if (loop := loop_fault(above, hop.terms)) is not None:
            hop.add(loop.code, loop.detail)
        above.append(hop.terms)


def _judge(hop: _Hop, terms: DelegationTerms, action: str, context: ActContext, now: datetime) -> None:
    for reason in judge_act([terms], action, context, now, None):
        hop.add(reason.code, reason.detail)
