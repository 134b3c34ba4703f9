"""Proposed workflows, judged against the office: the credential types that their roles name, and their schedule."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

from sealwright.domain.errors import ConflictingFields, UnknownCredentialType
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.plan_limits import require_limits
from sealwright.domain.recurrence import Recurrence, Schedule, zone_named
from sealwright.domain.work_errors import InvalidSchedule
from sealwright.domain.workflow_plans import WorkflowPlan
from sealwright.services.ports import UnitOfWork
from sealwright.services.standing import check_types
from sealwright.vc.errors import Fault


def check_plan(uow: UnitOfWork, caller: Caller, plan: WorkflowPlan, *, held: Collection[str] = ()) -> WorkflowPlan:
    """Take a plan as its proposer sent it; gives it with each role's types once and sorted.

    Args:
        plan: `required_credentials` stand in the order in which they were sent, so that faults name the right place.
        held: Types that may stay although they were retired since.

    Raises:
        MalformedBody: A part is too long, too many or unreadable.
        UnknownCredentialType: A role names types that are unknown, retired or hidden from the proposer.
    """
    require_limits(plan)
    wanted = {value for role in plan.roles for value in role.required_credentials}
    unknown = {value for value in wanted if not _is_known(uow, caller, value, held)}
    faults = [
        Fault(f"/roles/{place}/required_credentials/{number}", "UNKNOWN_CREDENTIAL_TYPE", "is unknown or retired")
        for place, role in enumerate(plan.roles)
        for number, value in enumerate(role.required_credentials)
        if value in unknown
    ]
    if faults:
        raise UnknownCredentialType("A role names a credential type that is unknown or retired.", faults=faults)
    roles = tuple(
        replace(role, required_credentials=tuple(sorted(set(role.required_credentials)))) for role in plan.roles
    )
    return replace(plan, roles=roles)


def sees_private_types(caller: Caller) -> bool:
    """Tell whether private credential types exist for somebody: for reviewers and admins."""
    return caller.has_role(AccountRole.ISSUER)


def check_schedule(recurrence: Recurrence, anchor_at: datetime, until: datetime | None, time_zone: str) -> Schedule:
    """Make a schedule of whole seconds in UTC.

    Raises:
        InvalidSchedule: The zone is unknown, the end lies before the beginning, or what happens once has an end.
    """
    try:
        zone_named(time_zone)
    except InvalidSchedule as refused:
        raise _at("/time_zone", refused.detail) from None
    if until is not None and recurrence is Recurrence.ONE_TIME:
        detail = "What is done once does not recur."
        raise ConflictingFields(detail, faults=[Fault("/recurrence_end_at", "CONFLICTING_FIELDS", detail)])
    anchor, end = _whole(anchor_at), _whole(until) if until is not None else None
    try:
        schedule = Schedule(recurrence, anchor, None, time_zone)
    except InvalidSchedule as refused:
        raise _at("/start_at", refused.detail) from None
    try:
        return replace(schedule, until=end)
    except InvalidSchedule as refused:
        raise _at("/recurrence_end_at", refused.detail) from None


def _is_known(uow: UnitOfWork, caller: Caller, value: str, held: Collection[str]) -> bool:
    try:
        check_types(uow, [value], held=held, private=sees_private_types(caller))
    except UnknownCredentialType:
        return False
    return True


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _at(pointer: str, detail: str) -> InvalidSchedule:
    return InvalidSchedule(detail, faults=[Fault(pointer, "INVALID_DATE", detail)])
