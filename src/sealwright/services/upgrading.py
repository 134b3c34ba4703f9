"""What an office is given when it opens under a later program than the one that founded it or wrote in it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from sealwright.domain.errors import AuditUnavailable, StoreUnavailable
from sealwright.domain.people import system_actor
from sealwright.services.delegation_filling import fill_delegations
from sealwright.services.founding import add_missing_builtin

if TYPE_CHECKING:
    from sealwright.services.office import Office

_log = logging.getLogger(__name__)
ACTOR: Final = system_actor("upgrade")


def bring_up(office: Office) -> None:
    """Register built-in schemas that came later, and take up what an earlier program wrote no rows for.

    Again is harmless and nearly free; whoever is killed in between goes on at the next start.

    An office that cannot be written to (a full disk, a broken audit trail) opens all the same, for whoever has to look
    what is wrong; the rest is left for the next start.
    """
    try:
        add_missing_builtin(office, ACTOR)
        fill_delegations(office.units, office.clock, ACTOR)
    except (AuditUnavailable, StoreUnavailable) as error:
        _log.warning("not brought up to this version until the next start: %s", error)
