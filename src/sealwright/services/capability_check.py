"""Capability tokens verified for servers that bring no verifier of their own: by the office's own present state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwright.domain.delegations import ApprovalState
from sealwright.protocols.capability.proof import REMEMBERED, check_proof
from sealwright.protocols.capability.refusals import TokenCode, TokenRefused
from sealwright.protocols.capability.token import (
    SKEW,
    CapabilityToken,
    check_times,
    check_token_signature,
    read_token,
)
from sealwright.services.authorizing import digest_of_act
from sealwright.services.delegation_ground import DelegationGround
from sealwright.services.office_secrets import secret_digest
from sealwright.vc.delegation.chain import ChainReport
from sealwright.vc.delegation.judging import read_context
from sealwright.vc.delegation.terms import DelegationCode
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import VcError

SPENT_KIND: Final = "capability"


@dataclass(frozen=True, slots=True)
class CallProof:
    """The proof of possession that came with a token, and the call that it came with."""

    text: str
    method: str
    url: str


@dataclass(frozen=True, slots=True)
class TokenQuestion:
    """A token, and what it has to be for; what is None is not compared.

    Args:
        proof: Without it nobody has shown that whoever sent the token may use it.
        spend: Take token and proof for the only time; needs a proof.
    """

    token: str
    audience: str | None = None
    action: str | None = None
    context: Mapping[str, JSONValue] | None = None
    proof: CallProof | None = None
    spend: bool = False


@dataclass(frozen=True, slots=True)
class TokenReport:
    """What was found.

    Args:
        code: Why it is refused; None where it holds.
        token: What it says; None until its signature holds.
        chain: The report on its chain; None where it was not reached.
    """

    code: str | None
    detail: str | None
    token: CapabilityToken | None
    chain: ChainReport | None

    @property
    def valid(self) -> bool:
        """Whether nothing speaks against it."""
        return self.code is None


class CapabilityCheck:
    """Verifies tokens for anybody."""

    def __init__(self, ground: DelegationGround) -> None:
        self._units = ground.units
        self._resolver = ground.resolver
        self._verifier = ground.verifier
        self._clock = ground.clock

    def verify(self, question: TokenQuestion) -> TokenReport:
        """Verify a token; nothing that it can hold makes this raise.

        Budgets are not looked at: what an act leaves of them is told, and counted, by authorizing it.
        """
        now = self._clock.now()
        signed: CapabilityToken | None = None
        chain: ChainReport | None = None
        try:
            token = read_token(question.token)
            self._check_signer(token)
            signed = token
            check_times(token, now)
            _compare(token, question)
            proof = question.proof
            found = check_proof(proof.text, token, method=proof.method, url=proof.url, now=now) if proof else None
            chain = self._chain(token, now)
            _require_valid(chain, token)
            if question.spend and found is not None:
                self._spend(f"{found.jkt}\x00{found.jti}", max(found.issued_at, now) + REMEMBERED, is_proof=True)
                self._spend(f"{token.grounds.agent}\x00{token.jti}", token.expires_at + SKEW, is_proof=False)
        except TokenRefused as error:
            return TokenReport(error.code, error.detail, signed, chain)
        return TokenReport(None, None, signed, chain)

    def _check_signer(self, token: CapabilityToken) -> None:
        try:
            resolved = self._resolver.resolve(token.grounds.agent)
        except VcError:
            raise TokenRefused(TokenCode.SIGNATURE, "The agent's DID could not be resolved.") from None
        check_token_signature(token, resolved)

    def _chain(self, token: CapabilityToken, now: datetime) -> ChainReport:
        grounds = token.grounds
        approved = self._approved(token, now)
        try:
            context = read_context({**grounds.context, "approved": approved is not None})
            chain = self._verifier.verify_chain(grounds.agent, grounds.chain, action=grounds.action, context=context)
        except VcError as error:
            raise TokenRefused(TokenCode.MALFORMED, f"The token's chain is refused: {error.detail}") from None
        if approved is not None and chain.valid and chain.hops[-1].credential_id != approved:
            # What one delegator approves says nothing of what another one would have.
            code = DelegationCode.APPROVAL_REQUIRED.value
            raise TokenRefused(code, "The approval was given under another delegation.")
        return chain

    def _approved(self, token: CapabilityToken, now: datetime) -> str | None:
        """The delegation under which a person approved this very act, where nobody has used that up; else None."""
        grounds = token.grounds
        if grounds.approval is None:
            return None
        with self._units(write=False) as uow:
            approval = uow.delegations.approval(grounds.approval)
            under = uow.delegations.get(approval.delegation_id) if approval is not None else None
        is_approved = (
            approval is not None
            and approval.agent_did == grounds.agent
            and approval.state_at(now) is ApprovalState.APPROVED
            and digest_of_act(approval.action, approval.context) == digest_of_act(grounds.action, grounds.context)
        )
        return under.credential_id if is_approved and under is not None else None

    def _spend(self, name: str, until: datetime, *, is_proof: bool) -> None:
        kind = f"{SPENT_KIND}_proof" if is_proof else SPENT_KIND
        with self._units() as uow:
            is_new = uow.spent.spend(kind, secret_digest(name), until)
            uow.commit()
        if not is_new:
            code = TokenCode.PROOF_REPLAYED if is_proof else TokenCode.REPLAYED
            raise TokenRefused(code, f"The {'DPoP proof' if is_proof else 'token'} was used before.")


def _compare(token: CapabilityToken, question: TokenQuestion) -> None:
    grounds = token.grounds
    if question.audience is not None and question.audience != grounds.audience:
        raise TokenRefused(TokenCode.AUDIENCE, "The token was made for another server.")
    if question.action is not None and question.action != grounds.action:
        raise TokenRefused(TokenCode.ACT, "The token was made for another act.")
    if question.context is not None and dict(question.context) != dict(grounds.context):
        raise TokenRefused(TokenCode.ACT, "The token was made for an act of other values.")


def _require_valid(chain: ChainReport, token: CapabilityToken) -> None:
    for hop in chain.hops:
        if not hop.valid:
            raise TokenRefused(hop.codes[0], f"Hop {hop.index} of the chain: {hop.detail}")
    if chain.hops[0].delegator != token.grounds.principal:
        raise TokenRefused(TokenCode.MALFORMED, "The token names another principal than its chain begins with.")
