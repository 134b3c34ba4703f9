"""Agents present what was delegated to them, or its whole chain, signed by a key that is kept here for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sealwright.domain.delegation_errors import DelegationNotFound
from sealwright.domain.delegations import Delegation
from sealwright.domain.dids import DIDRecord
from sealwright.domain.ids import credential_urn, new_credential_uid
from sealwright.domain.people import Caller
from sealwright.services.capability_tokens import acting_agent, credentials_of
from sealwright.services.delegation_ground import DelegationGround
from sealwright.services.delegation_standing import is_effective
from sealwright.services.holder_signing import Contents, HolderSigning, Occasion, signatory
from sealwright.services.ports import UnitOfWork
from sealwright.services.presentation_making import DEFAULT_LIFE, PresentationWish, inside, model_of, presented
from sealwright.services.registry import RegistryView
from sealwright.vc.encoding.strict_json import JSONValue


@dataclass(frozen=True, slots=True)
class DelegationPresentationWish:
    """What an agent wants to present, and to whom.

    Args:
        challenge: The verifier's nonce.
        domain: The verifier.
        credential_id: A delegation to the agent; None takes the newest that is in force.
        with_chain: Show the delegations above it too. They are about other agents, which not every verifier takes.
        proof_type: The suite of the presentation's proof; None takes what suits.
    """

    agent_did: str
    challenge: str
    domain: str
    credential_id: str | None = None
    with_chain: bool = False
    proof_type: str | None = None
    life: timedelta = DEFAULT_LIFE


@dataclass(frozen=True, slots=True)
class PresentedDelegation:
    """A signed presentation, and whose chain is in it, the root first."""

    document: dict[str, JSONValue]
    shown: tuple[Delegation, ...]


class AgentPresenting:
    """Makes presentations of delegations."""

    def __init__(self, ground: DelegationGround) -> None:
        self._access = ground.access
        self._registry = ground.registry
        self._making = ground.presentation_making
        self._signing = HolderSigning(ground.keys, ground.canon)
        self._clock = ground.clock

    def create(self, uow: UnitOfWork, caller: Caller, wish: DelegationPresentationWish) -> PresentedDelegation:
        """Sign a presentation, and put on record that it was signed.

        Whether a delegation that was asked for by name has ended is not for its agent to hide: the verifier finds it
        out.

        Raises:
            DIDRecordNotFound, NotDIDOwner, DIDDeactivated: It is no agent that the caller may act as.
            DelegationNotFound: Nothing is delegated to it, or not by this name.
            DerivationInvalid, ProofInvalid: A credential of the chain is not one that can be shown.
            HolderNotFound, UnsupportedProofType, ProofTypeUnavailable: No key of the agent signs so.
            SigningFailed, Sealed: The key does not sign now.
        """
        now = self._clock.now()
        view = self._registry.inside(uow, uow.office.epoch(shared_lock=True))
        agent = acting_agent(self._access.may_act_for, caller, uow.dids.get(wish.agent_did))
        chain = self._chain(uow, agent, wish, view)
        shown = chain if wish.with_chain else chain[-1:]
        credentials = credentials_of(uow, shown)
        looked = PresentationWish(agent.did, wish.challenge, wish.domain)
        for hop, credential in zip(shown, credentials, strict=True):
            self._making.look(looked, hop.delegate_did, (credential,), "/credentialId")
        model = model_of(credentials)
        signer = signatory(agent, wish.proof_type, model.value)
        contents = Contents(
            credential_urn(new_credential_uid()), model.base_context, tuple(inside(one) for one in credentials)
        )
        occasion = Occasion(wish.challenge, wish.domain, now, now + wish.life)
        made = self._signing.presentation(uow, signer, contents, occasion)
        uow.audit.append(presented(caller, agent.did, signer.proof_type, len(credentials), now))
        return PresentedDelegation(made, shown)

    def _chain(
        self, uow: UnitOfWork, agent: DIDRecord, wish: DelegationPresentationWish, view: RegistryView
    ) -> tuple[Delegation, ...]:
        if wish.credential_id is not None:
            chain = uow.delegations.chain(wish.credential_id)
            if not chain or chain[-1].delegate_did != agent.did:
                raise DelegationNotFound("No such delegation to this agent is kept here.")
            return chain
        known = {one.delegation_id: one for one in uow.delegations.chains_to([agent.did])}
        held = sorted((one for one in known.values() if one.delegate_did == agent.did), key=lambda one: one.uid)
        for one in reversed(held):
            chain = (*(known[above] for above in one.lineage), one)
            if is_effective(chain, view, self._clock.now()):
                return chain
        raise DelegationNotFound("No delegation to this agent is in force.")
