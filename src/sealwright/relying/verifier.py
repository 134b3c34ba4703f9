"""The verifier of a resource server: everything between a call that came in and the act that it asks for.

What costs nothing is looked at first and what is used up last, so that neither a stranger makes this server work nor a
refused call burns a token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from sealwright.protocols.capability.proof import REMEMBERED, bearer_of, check_proof
from sealwright.protocols.capability.refusals import TokenCode, TokenRefused
from sealwright.protocols.capability.token import (
    SKEW,
    CapabilityToken,
    check_times,
    check_token_signature,
    read_token,
    require_audience,
)
from sealwright.protocols.openid4vci.dpop import DPoPProof
from sealwright.relying.chains import ChainChecker, CheckedChain
from sealwright.relying.office import Office, OfficeUnavailable, Ruling
from sealwright.relying.replay import LocalMemory, MemoryFull, ReplayMemory
from sealwright.relying.values import ANYBODY, Act, Anybody, Call, Permit, Refused
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import DIDUnresolvable, VcError

Principals = Collection[str] | Callable[[str], bool] | Anybody


class Verifier:
    """Tells whether a call may do what it asks for.

    Safe for many threads. Blocking: what the office publishes is fetched where it is not at hand.

    Args:
        audience: This server's address, as agents name it: ``https://host[:port][/path]``, no slash at the end.
        office: Where the delegations are kept.
        principals: In whose name agents may act here: DIDs, a question, or `ANYBODY`. No default, as a chain says no
            more than that its principal wants the act.
        authorize: Ask the office about each act and have it counted; needs an office with an API key. Without it,
            what was revoked passes until the office's list is read again, and chains with budgets are refused.
        accept_uncounted_budgets: Take acts under chains with budgets that nobody counts. The limit of a single act
            is kept even so.
        memory: Where used tokens are remembered; one that all processes of the server share. Left out, this process
            remembers, and takes no proof that was made before it began to.
        clock: The present, aware UTC.

    Raises:
        ValueError: The audience has another form, or the office cannot be asked.
    """

    def __init__(
        self,
        audience: str,
        office: Office,
        *,
        principals: Principals,
        authorize: bool = False,
        accept_uncounted_budgets: bool = False,
        memory: ReplayMemory | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        try:
            self._audience = require_audience(audience)
        except TokenRefused as error:
            raise ValueError(error.detail) from None
        if authorize and not office.can_authorize:
            raise ValueError("To have acts authorized, an office needs an API key.")
        self._office = office
        self._chains = ChainChecker(office)
        self._principals = principals
        self._authorize = authorize
        self._accept_uncounted = accept_uncounted_budgets
        self._memory = memory if memory is not None else LocalMemory()
        self._clock = clock
        # What was used before this process began, it cannot know; so what is as old as that is not taken at all.
        self._remembers_since = clock().replace(microsecond=0) if memory is None else None

    def permit(self, call: Call, act: Act) -> Permit:
        """Permit an act, once.

        Args:
            call: As it came.
            act: What it would really do, by this server's own reckoning.

        Raises:
            Refused: Not permitted, or it cannot be checked now.
        """
        now = self._clock()
        try:
            token, proof = self._read(call, act, now)
            self._check_agent(token)
            chain = self._chains.check(token, now, has_approval=self._authorize and token.grounds.approval is not None)
            uncounted = self._uncounted(chain)
            self._spend(token, proof, now)
            ruling = self._ask(token, chain) if self._authorize else None
        except TokenRefused as error:
            raise Refused.because(error) from None
        return Permit(
            agent=token.grounds.agent,
            principal=token.grounds.principal,
            act=act,
            token_id=token.jti,
            delegations=chain.credential_ids,
            expires_at=token.expires_at,
            uncounted=uncounted,
            call_id=ruling.call_id if ruling is not None else None,
            remaining=ruling.remaining if ruling is not None else None,
        )

    def _read(self, call: Call, act: Act, now: datetime) -> tuple[CapabilityToken, DPoPProof]:
        """Everything that can be told from the call alone."""
        token = read_token(bearer_of(call.authorization))
        check_times(token, now)
        if token.grounds.audience != self._audience:
            raise TokenRefused(TokenCode.AUDIENCE, "The token was made for another server.")
        proof = check_proof(call.proof, token, method=call.method, url=call.url, now=now)
        if self._remembers_since is not None and proof.issued_at < self._remembers_since:
            raise TokenRefused(TokenCode.PROOF_INVALID, "The DPoP proof is older than this server's memory of proofs.")
        if token.grounds.action != act.action or _exact(token.grounds.context) != _exact(act.context):
            raise TokenRefused(TokenCode.ACT, "The token was made for another act than this call would do.")
        if not self._knows(token.grounds.principal):
            raise TokenRefused(TokenCode.PRINCIPAL, "Nobody is known here in whose name the agent would act.")
        return token, proof

    def _knows(self, principal: str) -> bool:
        if isinstance(self._principals, Anybody):
            return self._principals is ANYBODY
        return self._principals(principal) if callable(self._principals) else principal in self._principals

    def _check_agent(self, token: CapabilityToken) -> None:
        try:
            resolved = self._office.resolve(token.grounds.agent)
        except DIDUnresolvable:
            raise _unavailable("The agent's DID could not be looked up now.") from None
        except VcError:
            raise TokenRefused(TokenCode.SIGNATURE, "The agent's DID is not known, or ended.") from None
        check_token_signature(token, resolved)

    def _uncounted(self, chain: CheckedChain) -> tuple[str, ...]:
        if self._authorize or not chain.budgets:
            return ()
        if not self._accept_uncounted:
            detail = "The delegation has a budget over time, and nobody counts it here."
            raise TokenRefused(TokenCode.BUDGET, detail)
        return chain.budgets

    def _spend(self, token: CapabilityToken, proof: DPoPProof, now: datetime) -> None:
        """Take the proof and the token, each for the only time."""
        grounds = token.grounds
        # A proof's date may lie ahead by as much as clocks may be apart, so it is counted from whatever is later.
        proof_end = max(proof.issued_at, now) + REMEMBERED
        try:
            if not self._memory.spend(f"proof {proof.jkt} {proof.jti}", until=proof_end, now=now):
                raise TokenRefused(TokenCode.PROOF_REPLAYED, "The DPoP proof was used before.")
            if not self._memory.spend(f"token {grounds.agent} {token.jti}", until=token.expires_at + SKEW, now=now):
                raise TokenRefused(TokenCode.REPLAYED, "The token was used before.")
        except MemoryFull:
            raise _unavailable("It cannot be remembered now that the token was used.") from None

    def _ask(self, token: CapabilityToken, chain: CheckedChain) -> Ruling:
        grounds = token.grounds
        try:
            ruling = self._office.authorize(
                agent=grounds.agent,
                action=grounds.action,
                context=grounds.context,
                credential_id=chain.credential_ids[-1],
                approval=grounds.approval,
                once=hashlib.sha256(token.opened.text.encode("ascii")).hexdigest(),
            )
        except OfficeUnavailable:
            raise _unavailable("The office that keeps the delegation could not be asked.") from None
        if not ruling.allowed:
            raise TokenRefused(ruling.code or TokenCode.UNAVAILABLE, ruling.detail)
        return ruling


def _exact(context: Mapping[str, JSONValue | Decimal]) -> dict[str, object]:
    """A context whose numbers compare by value, as JSON writes them: 42 is 42.0, and 0.1 is one tenth."""
    return {name: _number(value) if _is_number(value) else value for name, value in context.items()}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _number(value: object) -> Decimal:
    return Decimal(str(value))


def _unavailable(detail: str) -> TokenRefused:
    return TokenRefused(TokenCode.UNAVAILABLE, detail)
