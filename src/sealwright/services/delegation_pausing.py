"""Who lets a paused delegation go on: whoever stands at least as high in its chain as whoever paused it, or an admin.

For whom it was paused stands in the audit row of the pause, which nobody can change: there is no second record of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sealwright.domain.audit import AuditFilter
from sealwright.domain.delegations import Delegation
from sealwright.domain.errors import NotDIDOwner
from sealwright.domain.people import Caller
from sealwright.services.authorizing_parties import acts_for
from sealwright.services.ports import UnitOfWork
from sealwright.services.registry import RegistryView
from sealwright.vc.encoding.strict_json import JSONValue, parse_json

PAUSED: Final = "delegation.suspended"
PAUSED_FOR: Final = "suspendedFor"


def paused_by(caller: Caller, chain: Sequence[Delegation], view: RegistryView) -> str | None:
    """For whom a caller pauses the last delegation of a chain: the highest delegator they act for; None: the office."""
    hop = None if caller.is_admin else _hop_of(caller, chain, view)
    return chain[hop].delegator_did if hop is not None else None


def may_resume(uow: UnitOfWork, caller: Caller, chain: Sequence[Delegation], view: RegistryView) -> bool:
    """Tell whether a caller may let the last delegation of a chain, which is paused, go on."""
    hop = _hop_of(caller, chain, view)
    return caller.is_admin or (hop is not None and hop <= _paused_at(uow, chain))


def require_may_resume(uow: UnitOfWork, caller: Caller, chain: Sequence[Delegation], view: RegistryView) -> None:
    """Refuse to let a delegation go on that somebody further up has paused.

    Raises:
        NotDIDOwner: With who may.
    """
    if not may_resume(uow, caller, chain, view):
        above = lowest_to_resume(uow, chain)
        raise NotDIDOwner(
            f"It was suspended further up. Who acts for {above}, or for a delegator above, or an admin reinstates it."
        )


def holds_higher(uow: UnitOfWork, caller: Caller, chain: Sequence[Delegation], view: RegistryView) -> bool:
    """Tell whether a caller who pauses what is paused stands higher than whoever did it first."""
    if caller.is_admin:
        return _paused_at(uow, chain) > 0
    hop = _hop_of(caller, chain, view)
    return hop is not None and hop < _paused_at(uow, chain)


def lowest_to_resume(uow: UnitOfWork, chain: Sequence[Delegation]) -> str:
    """The lowest delegator of a chain who may let its last delegation, which is paused, go on."""
    return chain[_paused_at(uow, chain)].delegator_did


def _hop_of(caller: Caller, chain: Sequence[Delegation], view: RegistryView) -> int | None:
    """The highest hop whose delegator a caller acts for; an admin acts for all of them."""
    return next((hop for hop, one in enumerate(chain) if acts_for(caller, one.delegator_did, view)), None)


def _paused_at(uow: UnitOfWork, chain: Sequence[Delegation]) -> int:
    """The hop for whose delegator the last delegation of a chain was paused: the root's where the office did it.

    What was paused before that was written down, its own delegator may let go on, as it was then.
    """
    wanted = AuditFilter(object_id=chain[-1].delegation_id, actions=frozenset({PAUSED}))
    newest = uow.audit.list(wanted, limit=1, cursor=None).items
    row = parse_json(newest[0].body) if newest else None
    data: JSONValue = row.get("data") if isinstance(row, dict) else None
    if not isinstance(data, dict) or PAUSED_FOR not in data:
        return len(chain) - 1
    return next((hop for hop, one in enumerate(chain) if one.delegator_did == data[PAUSED_FOR]), 0)
