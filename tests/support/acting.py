"""A reviewer who lets an agent act for their DID, and what that agent does."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.credentials import IssuanceRequest
from sealwright.domain.delegations import Approval, Delegation
from sealwright.domain.people import Caller
from sealwright.services.acting import Footing
from sealwright.services.agents import NewAgent
from sealwright.services.approving import ApprovalWish
from sealwright.services.dids import NewDID
from sealwright.services.office import Office
from sealwright.services.orders import IssuanceOrder
from sealwright.services.review_values import NewRequest
from tests.support.delegations import delegated
from tests.support.desk import DPW, DPW_SCHEMA, act
from tests.support.office import api_key_for, degree_request
from tests.support.review import improver, reviewer

SCOPE: Final = ["credential:issue", "credential:request"]


class Cast:
    """A reviewer with a DID of their own, who lets an agent act for it; and a holder who may be granted things."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.rex = reviewer(office, "rex")
        self.issuer = self.own_did(self.rex)
        self.ada = improver(office, "ada")
        self.holder = self.own_did(self.ada)
        self.agent = self.new_agent()
        # Kept by somebody else, so that what befalls the reviewer is seen by the chain and not by the key.
        self.key = api_key_for(office, self.agent, owner=self.ada.user_id)

    def own_did(self, caller: Caller) -> str:
        return act(self.office, caller, lambda uow, me: self.office.dids.create(uow, me, NewDID())).did

    def new_agent(self) -> str:
        wish = NewAgent(name="Clerk", operator=self.issuer)
        made = act(self.office, self.rex, lambda uow, me: self.office.delegations.agents.create(uow, me, wish))
        return made.record.did

    def delegate(self, delegator: str | None = None, delegate: str | None = None, **more: Any) -> Delegation:
        terms = {"scope": SCOPE, "constraints": None, **more}
        return delegated(self.office, delegator or self.issuer, delegate or self.agent, **terms)

    def order(
        self, wish: IssuanceRequest | None = None, *, caller: Caller | None = None, **footing: Any
    ) -> IssuanceOrder:
        wanted = wish or degree_request(holder_did=self.holder)
        return self.office.delegations.acting.order(caller or self.key, self.agent, wanted, Footing(**footing))

    def issue(self, wish: IssuanceRequest | None = None, **footing: Any) -> Any:
        return self.office.issuing.issue(self.order(wish, **footing)).record

    def request(self, credential_type: str = DPW, **footing: Any) -> Any:
        wish = NewRequest(credential_type)
        acting = self.office.delegations.acting
        permit = acting.permit_request(self.key, self.agent, wish, Footing(**footing))
        return act(self.office, self.key, lambda uow, me: acting.file(uow, me, permit, wish), registry=False)

    def approved(self, wish: ApprovalWish) -> Approval:
        """Have the agent ask, and the reviewer say yes."""
        approving = self.office.delegations.approving
        asked = act(self.office, self.key, lambda uow, me: approving.ask(uow, me, wish), registry=False).approval
        return act(self.office, self.rex, lambda uow, me: approving.approve(uow, me, asked.approval_id), registry=False)

    def counted(self, made: Delegation) -> int:
        with self.office.units(write=False) as uow:
            found = uow.delegations.get(made.delegation_id)
        assert found is not None
        return found.calls

    def typed(self) -> IssuanceRequest:
        claims = {"qualification": DPW}
        return degree_request(schema_id=DPW_SCHEMA, holder_did=self.holder, claims=claims, expiration=None)
