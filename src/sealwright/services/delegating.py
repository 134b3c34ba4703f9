"""The desk for delegations: making, showing, ending and narrowing them."""

from __future__ import annotations

from sealwright.services.delegation_ground import DelegationGround


class DelegationDesk:
    """Delegations, for those whom they concern."""

    def __init__(self, ground: DelegationGround) -> None:
        self._ground = ground
