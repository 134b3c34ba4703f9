"""A grant as a line of a holder's table, and what may be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sealwright.domain.grants import GrantStatus
from sealwright.domain.requests import Issuance
from sealwright.locales import N_

if TYPE_CHECKING:
    from sealwright.domain.catalog import CredentialType
    from sealwright.domain.grants import Grant
    from sealwright.domain.people import Person
    from sealwright.services.csv_text import Cell
    from sealwright.web.panel.page_call import PageCall

REVOKE, SUSPEND, REINSTATE = "revoke", "suspend", "reinstate"

CSV_COLUMNS: Final = (
    N_("Grant id"),
    N_("User id"),
    N_("Credential Type"),
    N_("Status"),
    N_("Issued at"),
    N_("Issued by"),
    N_("Expires"),
    N_("Revoked at"),
    N_("Revoked by"),
    N_("Reason"),
    N_("Request id"),
    N_("Credential"),
)


@dataclass(frozen=True, slots=True)
class GrantLine:
    """One grant.

    Args:
        acts: What the viewer may do with it; empty outside their issuer scope, on their own, and after its end.
        is_open: Inside the viewer's issuer scope: reason and request are shown.
    """

    grant: Grant
    label: str
    badges: tuple[str, ...]
    issued_by: str
    revoked_by: str | None
    acts: tuple[str, ...]
    is_open: bool


def line_of(
    page: PageCall,
    grant: Grant,
    types: Mapping[str, CredentialType],
    people: Mapping[str, Person],
    *,
    is_yours: bool,
) -> GrantLine:
    """Make a line of a grant."""
    known = types.get(grant.credential_type)
    is_open = page.caller.covers(grant.credential_type)
    status = grant.status_at(page.now)
    return GrantLine(
        grant=grant,
        label=known.label_in(page.texts.language) if known is not None else grant.credential_type,
        badges=grant_badges(grant, page.now),
        issued_by=_name(people, grant.issued_by),
        revoked_by=_name(people, grant.revoked_by) if grant.revoked_by is not None else None,
        acts=() if is_yours or not is_open else acts_on(status, known),
        is_open=is_open,
    )


def grant_badges(grant: Grant, now: datetime) -> tuple[str, ...]:
    """The badges of a grant: its state, and what signing has come to."""
    status = grant.status_at(now)
    badges = [status.value]
    if status is GrantStatus.ACTIVE and grant.issuance is not Issuance.ISSUED:
        badges.append("failed" if grant.issuance is Issuance.FAILED else "signing")
    return tuple(badges)


def acts_on(status: GrantStatus, known: CredentialType | None) -> tuple[str, ...]:
    """What can be done with a grant in a state; whether it may be is asked of the service."""
    if status is GrantStatus.ACTIVE:
        return (SUSPEND, REVOKE) if known is not None and known.suspendable else (REVOKE,)
    return (REINSTATE, REVOKE) if status is GrantStatus.SUSPENDED else ()


def _name(people: Mapping[str, Person], user_id: str) -> str:
    person = people.get(user_id)
    return person.display_name if person is not None else user_id


def csv_line(grant: Grant, now: datetime) -> tuple[Cell, ...]:
    """A grant as a line of the export."""
    return (
        grant.grant_id,
        grant.user_id,
        grant.credential_type,
        grant.status_at(now).value,
        grant.issued_at,
        grant.issued_by,
        grant.expires_at,
        grant.revoked_at,
        grant.revoked_by,
        grant.reason,
        grant.request_id,
        grant.credential_id,
    )
