"""What agents asked and were answered, for those whom a delegation concerns."""

from __future__ import annotations

from typing import Final

from sealwright.domain.delegation_errors import DelegationNotFound
from sealwright.domain.delegations import DelegationCall
from sealwright.domain.people import Caller
from sealwright.services.authorizing_parties import is_party
from sealwright.services.delegation_ground import DelegationGround
from sealwright.services.ports import Page, UnitOfWork

# More delegations than this are not gathered into one list.
BELOW_MOST: Final = 1_000


class ActRecords:
    """The record of questions whether agents may act."""

    def __init__(self, ground: DelegationGround) -> None:
        self._units = ground.units
        self._registry = ground.registry

    def list(
        self, caller: Caller, reference: str, *, below: bool = False, limit: int = 20, cursor: str | None = None
    ) -> Page[DelegationCall]:
        """Questions that a delegation decided, newest first.

        Args:
            reference: The delegation, or its credential.
            below: Those that rest on it decided, too; of the first 1,000.

        Raises:
            DelegationNotFound: There is none, or it does not concern the caller.
            InvalidPagination: The cursor is not of this list.
        """
        view = self._registry.current()
        with self._units(write=False) as uow:
            chain = uow.delegations.chain(reference)
            if not chain or not is_party(caller, chain, view.through(uow)):
                raise DelegationNotFound("There is no such delegation.")
            last = chain[-1].delegation_id
            wanted = _tree(uow, last) if below else (last,)
            return uow.delegations.calls(wanted, limit=limit, cursor=cursor)


def _tree(uow: UnitOfWork, delegation_id: str) -> tuple[str, ...]:
    """A delegation and what rests on it, level by level."""
    found: list[str] = [delegation_id]
    level: tuple[str, ...] = (delegation_id,)
    while level and len(found) < BELOW_MOST:
        level = tuple(one.delegation_id for one in uow.delegations.children(level))
        found += level
    return tuple(found[:BELOW_MOST])
