"""Who answers for agents: the operators that their DIDs name."""

from __future__ import annotations

from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import MalformedBody, NotDIDOwner
from sealwright.domain.people import Caller
from sealwright.services.access import Access
from sealwright.services.ports import UnitOfWork
from sealwright.vc.errors import Fault


def operator_for(uow: UnitOfWork, caller: Caller, kind: DIDKind, operator: str | None) -> str | None:
    """The operator that a caller names for a new DID, by its canonical id; of what is no agent it is what was named.

    Nobody is made to answer for the agent of a stranger.

    Raises:
        MalformedBody: An agent without an operator that is kept here, active, and no agent itself.
        NotDIDOwner: The operator is somebody else's.
    """
    if kind is not DIDKind.AGENT:
        return operator
    record = uow.dids.get(operator) if operator is not None else None
    if record is None or record.kind is DIDKind.AGENT or not record.is_active:
        code = "MISSING_FIELD" if operator is None else "INVALID_VALUE"
        fault = Fault("/operator", code, "An agent names an active operator that is kept here and is no agent.")
        raise MalformedBody(fault.detail, faults=[fault])
    if not Access.may_act_for(caller, record):
        raise NotDIDOwner(f"{record.did} belongs to somebody else.")
    return record.did
