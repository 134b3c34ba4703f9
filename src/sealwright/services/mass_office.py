"""Joins mass acts: the desk, and the carrier of their revocations."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sealwright.services.batch_authority import BatchAuthority
from sealwright.services.batch_desk import Engine
from sealwright.services.batch_rows import BatchRows
from sealwright.services.mass_acts import MassActs
from sealwright.services.mass_carrier import RevokingCarrier
from sealwright.services.mass_gathering import TASK, Gathering
from sealwright.services.tasks import Tasks

if TYPE_CHECKING:
    from sealwright.services.bulk_office import BulkGround

# What a call did not put together to its end goes on soon, and so does what waited for a re-issue.
GATHER_EVERY: Final = timedelta(seconds=2)


def revoking_carrier(ground: BulkGround, rows: BatchRows) -> RevokingCarrier:
    """The carrier of batches of kind ``revoke``."""
    return RevokingCarrier(
        units=ground.units,
        access=ground.access,
        revocation=ground.revocation,
        rows=rows,
        clock=ground.clock,
        code_of=ground.code_of,
    )


def join_mass(ground: BulkGround, authority: BatchAuthority, rows: BatchRows, engine: Engine, tasks: Tasks) -> MassActs:
    """The desk of mass acts, and its work for the clock."""
    gathering = Gathering(
        units=ground.units,
        registry=ground.registry,
        access=ground.access,
        authority=authority,
        engine=engine,
        rows=rows,
        canon=ground.canon,
        clock=ground.clock,
        code_of=ground.code_of,
    )
    tasks.add(TASK, gathering.work, GATHER_EVERY, look=gathering.has_work)
    return MassActs(
        units=ground.units,
        access=ground.access,
        acts=ground.acts,
        checks=ground.checks,
        authority=authority,
        gathering=gathering,
        clock=ground.clock,
    )
