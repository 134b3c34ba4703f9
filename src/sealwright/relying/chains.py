"""The chain in a token, by what the office publishes: every hop, every join, and the act against each limit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sealwright.protocols.capability.refusals import TokenCode, TokenRefused
from sealwright.protocols.capability.token import CapabilityToken
from sealwright.relying.office import Office
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.delegation.chain import ChainReport, verify_chain
from sealwright.vc.delegation.judging import BUDGETS
from sealwright.vc.errors import VcError
from sealwright.vc.proofs.compact import JWT_ALGORITHMS
from sealwright.vc.verification.credential import verify_credential
from sealwright.vc.verification.proven import MAX_REMEMBERED, ProvenMemory
from sealwright.vc.verification.report import ALL_CHECKS, Outcome, VerificationReport
from sealwright.vc.verification.sources import ANY_ISSUER, NoSchemaSource
from sealwright.vc.verification.status_reading import StatusListMemory

SUITES: Final = JWT_ALGORITHMS | {
    "Ed25519Signature2020",
    "eddsa-rdfc-2022",
    "eddsa-jcs-2022",
    "ecdsa-rdfc-2019",
    "ecdsa-jcs-2019",
}
"""What delegations may be signed under: suites that sign the whole. Of a part nobody can tell what limits it has."""

# Schemas are not needed: a chain's terms are read more strictly than any schema says.
_CHECKS: Final = ALL_CHECKS - {"schema"}
_NOT_CHECKABLE: Final = frozenset({"UNRESOLVABLE", "STATUS_UNREADABLE"})
_AGENT: Final = "did:adi:agent:"


@dataclass(frozen=True, slots=True)
class CheckedChain:
    """A chain that holds and allows the act.

    Args:
        credential_ids: The root first.
        budgets: Names of the constraints that count over time, which one act by itself cannot be measured by.
    """

    credential_ids: tuple[str, ...]
    budgets: tuple[str, ...]


class ChainChecker:
    """Checks chains by what one office publishes.

    Args:
        remembered: Of how many delegations it is remembered that their proofs held; agents show theirs at every call.
    """

    def __init__(self, office: Office, *, remembered: int = MAX_REMEMBERED) -> None:
        contexts = ContextStore.pinned()
        contexts.ask(office.context)
        self._canon = Canonicalizer(contexts)
        self._office = office
        self._lists = StatusListMemory()
        self._proven = ProvenMemory(self._canon, remembered)

    def check(self, token: CapabilityToken, now: datetime, *, has_approval: bool) -> CheckedChain:
        """Check the chain of a token, and the token's act by it.

        Args:
            has_approval: The office is asked about the approval that the token names.

        Raises:
            TokenRefused: By the code of the first hop that does not hold; TOKEN_MALFORMED where it is no chain.
        """
        grounds = token.grounds
        reports: list[VerificationReport] = []

        def verify(document: object) -> VerificationReport:
            reports.append(self._verified(document, now))
            return reports[-1]

        try:
            chain = verify_chain(
                grounds.agent,
                grounds.chain,
                verify=verify,
                root_may=lambda did: False if did.startswith(_AGENT) else None,
                now=now,
                action=grounds.action,
                context=replace(token.act, approved=has_approval),
            )
        except VcError as error:
            raise TokenRefused(
                TokenCode.MALFORMED, f"The token's chain or context is refused: {error.detail}"
            ) from None
        _require_valid(chain, reports)
        if chain.hops[0].delegator != grounds.principal:
            detail = "The token names another principal than its chain begins with."
            raise TokenRefused(TokenCode.MALFORMED, detail)
        names = tuple(hop.credential_id for hop in chain.hops if hop.credential_id is not None)
        if len(names) != len(chain.hops):
            raise TokenRefused(TokenCode.MALFORMED, "A credential of the token's chain has no id.")
        limited = {name for one in reports if one.delegation is not None for name in one.delegation.constraints}
        return CheckedChain(names, tuple(name for name in BUDGETS if name in limited))

    def _verified(self, document: object, now: datetime) -> VerificationReport:
        return verify_credential(
            document,
            resolver=self._office,
            canon=self._canon,
            accepted_suites=SUITES,
            # Who may delegate is told by the chain itself, and who may be at its root by the verifier's principals.
            trusted_issuers=ANY_ISSUER,
            statuses=self._office,
            schemas=NoSchemaSource(),
            now=now,
            selected=_CHECKS,
            status_memory=self._lists,
            proven=self._proven,
        )


def _require_valid(chain: ChainReport, reports: list[VerificationReport]) -> None:
    for hop, report in zip(chain.hops, reports, strict=True):
        if hop.valid:
            continue
        first = next((check for check in report.failures if check.code != "DELEGATION_NOT_FOUND"), None)
        # A DID that does not exist is as good as an answer; one that could not be looked up is none.
        if first is not None and first.outcome is Outcome.UNCHECKED and first.code in _NOT_CHECKABLE:
            detail = f"Hop {hop.index} of the chain could not be checked: {hop.detail}"
            raise TokenRefused(TokenCode.UNAVAILABLE, detail)
        raise TokenRefused(hop.codes[0], f"Hop {hop.index} of the chain: {hop.detail}")
