"""What goes into mass acts and comes out of them: wishes, previews, and the filter behind both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sealwright.domain.batches import Batch, Selection
from sealwright.domain.credentials import CredentialStatus
from sealwright.services.batch_ports import MassFilter
from sealwright.services.status_moves import Cause

# Ids that a preview shows.
SAMPLE: Final = 10
REISSUE: Final = "reissue"
REPLACED: Final = "replaced:"


@dataclass(frozen=True, slots=True)
class MassWish:
    """Which credentials of an issuer somebody wants to revoke, and why."""

    issuer_did: str
    selection: Selection
    cause: Cause
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ReissueWish:
    """Which valid credentials of an issuer are to be issued anew with its present key.

    Args:
        expiration: For all of them, unless each keeps its own.
        revoke_old: Whether the credentials that are replaced end.
        cause: Of the revocation of those that are replaced.
    """

    issuer_did: str
    selection: Selection
    expiration: datetime | None
    cause: Cause
    revoke_old: bool = True
    name: str | None = None


@dataclass(frozen=True, slots=True)
class MassPreview:
    """What a mass act would take in.

    Args:
        count: Credentials that the act would change.
        by_status: Of all that the filter finds and that are not revoked: ``valid``, ``suspended``, ``expired``.
        not_revocable: Issued without a status entry; they would fail.
        not_reissuable: Valid ones that nothing can be made of: documents of callers' own making, erased ones.
        grants: How many of `count` are credentials of grants.
        copies: How many of `count` are further forms of other credentials.
        sample: Ids of the oldest ones.
    """

    count: int
    by_status: Mapping[str, int] = field(default_factory=dict)
    not_revocable: int = 0
    not_reissuable: int = 0
    grants: int = 0
    copies: int = 0
    sample: tuple[str, ...] = ()


def filter_of(issuer_did: str, selection: Selection, until: datetime) -> MassFilter:
    """The filter of a selection, over what was issued up to a moment: nothing that comes later runs into it."""
    issued_to = min(selection.issued_to, until) if selection.issued_to is not None else until
    return MassFilter(
        issuer_did,
        schema_id=selection.schema_id,
        batch_id=selection.batch_id,
        verification_method=selection.verification_method,
        issued_from=selection.issued_from,
        issued_to=issued_to,
        proof_type=selection.proof_type,
        revocable=selection.revocable,
        suspendable=selection.suspendable,
    )


def replaced_batch(batch: Batch) -> str | None:
    """The re-issue whose predecessors a batch ends; None for every other batch."""
    origin = batch.options.origin or ""
    return origin.removeprefix(REPLACED) if origin.startswith(REPLACED) else None


OPEN_STATES: Final = frozenset({CredentialStatus.VALID, CredentialStatus.SUSPENDED})
