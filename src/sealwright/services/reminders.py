"""Reminders by the clock: grants that end soon, queues that wait too long, signing keys that grow old.

Each is told once. What was told is kept as a mark of the office: everything up to the mark is done, so a server that
was away catches up, and one that is asked twice tells nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.catalog import CredentialType
from sealwright.domain.dids import DIDRecord, KeyPurpose, MethodState
from sealwright.domain.grants import Grant, GrantStatus
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import AccountRole, Person
from sealwright.domain.requests import RequestFilter, RequestState
from sealwright.services.notices import NoticeDesk
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.vc.encoding.timestamps import format_timestamp, parse_rfc3339

EXPIRY_DAYS: Final = (30, 7, 1)
# Before the daily summaries leave, so that a reminder goes with today's.
REMINDER_HOUR: Final = 6
KEY_NOTICE: Final = timedelta(days=30)
_GRANTS_AT_MOST: Final = 1_000
_DIDS_AT_MOST: Final = 100


class Reminders:
    """A chore. Every part is a transaction of its own."""

    def __init__(self, units: UnitOfWorkFactory, notices: NoticeDesk, clock: Clock, *, key_max_age_days: int) -> None:
        self._units = units
        self._notices = notices
        self._clock = clock
        self._key_life = timedelta(days=key_max_age_days)

    def work(self) -> int:
        """Tell everything that is due; gives how many notices."""
        return self.expiring() + self.queues() + self.keys()

    def expiring(self) -> int:
        """Tell holders 30, 7 and 1 days before a grant ends, and as long before as its type says."""
        now = self._clock.now()
        with self._units(write=False) as uow:
            types = {one.value: one for one in uow.types.all()}
        days = {*EXPIRY_DAYS, *(one.renewal_reminder_days for one in types.values() if one.renewal_reminder_days)}
        told = 0
        for ahead in sorted(days, reverse=True):
            told += self._expiring_in(ahead, types, now)
        return told

    def queues(self) -> int:
        """Once a day, tell reviewers how many requests of their issuer scope are past their target."""
        now = self._clock.now()
        if now.hour < REMINDER_HOUR:
            return 0
        today = now.date().isoformat()
        with self._units() as uow:
            if uow.office.get("reminded_queues") == today:
                return 0
            uow.office.put("reminded_queues", today)
            late = {one.value: _late(uow, one, now) for one in uow.types.all() if one.target_hours is not None}
            told = sum(self._remind(uow, person, late) for person in uow.people.with_role(AccountRole.ISSUER.value))
            uow.commit()
        return told

    def keys(self) -> int:
        """Once for each signing key, tell its DID's owner, or the admins, a month before it is as old as allowed."""
        now = self._clock.now()
        with self._units() as uow:
            mark = uow.office.get("reminded_keys")
            until = now + KEY_NOTICE - self._key_life
            after = parse_rfc3339(mark) if mark is not None else None
            if after is not None and until - after < timedelta(hours=1):
                return 0
            uow.office.put("reminded_keys", format_timestamp(until))
            told = 0
            for record in _all_dids(uow):
                if record.is_active and _has_old_key(record, after, until):
                    told += self._tell_key(uow, record)
            uow.commit()
        return told

    def _expiring_in(self, days: int, types: dict[str, CredentialType], now: datetime) -> int:
        name = f"reminded_expiring_{days}"
        until = now + timedelta(days=days)
        with self._units() as uow:
            mark = uow.office.get(name)
            if mark is None:
                # A new office begins here: what ends sooner is told by the shorter reminders.
                uow.office.put(name, format_timestamp(until))
                uow.commit()
                return 0
            after = parse_rfc3339(mark)
            if after >= until:
                return 0
            found, reached = _whole_seconds(uow.grants.expiring(after, until, _GRANTS_AT_MOST), until)
            told = 0
            for grant in found:
                wanted = _wanted_days(types.get(grant.credential_type), grant, now)
                if grant.status is GrantStatus.ACTIVE and wanted == days:
                    told += self._tell_expiring(uow, grant, now)
            uow.office.put(name, format_timestamp(reached))
            uow.commit()
        return told

    def _tell_expiring(self, uow: UnitOfWork, grant: Grant, now: datetime) -> int:
        assert grant.expires_at is not None
        left = max(1, -((now - grant.expires_at) // timedelta(days=1)))
        data = {
            "grant_id": grant.grant_id,
            "credential_type": grant.credential_type,
            "days": str(left),
            "expires_at": format_timestamp(grant.expires_at),
        }
        return self._notices.tell(uow, NoticeKind.EXPIRING, [grant.user_id], data)

    def _remind(self, uow: UnitOfWork, person: Person, late: dict[str, int]) -> int:
        pending = sum(late.get(value, 0) for value in person.scopes)
        if not pending:
            return 0
        return self._notices.tell(uow, NoticeKind.QUEUE_REMINDER, [person.user_id], {"pending": str(pending)})

    def _tell_key(self, uow: UnitOfWork, record: DIDRecord) -> int:
        data = {"did": record.did}
        if record.owner_user_id is not None:
            return self._notices.tell(uow, NoticeKind.KEY_EXPIRING, [record.owner_user_id], data)
        return self._notices.tell_admins(uow, NoticeKind.KEY_EXPIRING, data)


def _late(uow: UnitOfWork, known: CredentialType, now: datetime) -> int:
    """How many pending requests of a type wait longer than it promises."""
    wanted = RequestFilter(
        states=frozenset({RequestState.PENDING}),
        types=frozenset({known.value}),
        requested_before=now - timedelta(hours=known.target_hours or 0),
    )
    return uow.requests.list(wanted, page=1, count=1).total


def _wanted_days(known: CredentialType | None, grant: Grant, now: datetime) -> int | None:
    """Which of the reminders fits now: the shortest, so that an office that slept does not send several at once."""
    assert grant.expires_at is not None
    days = {*EXPIRY_DAYS, *((known.renewal_reminder_days,) if known and known.renewal_reminder_days else ())}
    return min((one for one in days if grant.expires_at <= now + timedelta(days=one)), default=None)


def _whole_seconds(found: tuple[Grant, ...], until: datetime) -> tuple[tuple[Grant, ...], datetime]:
    """Cut a full page back to whole seconds, so that the mark never stands among grants that end together."""
    if len(found) < _GRANTS_AT_MOST:
        return found, until
    last = found[-1].expires_at
    kept = tuple(grant for grant in found if grant.expires_at != last)
    if not kept or kept[-1].expires_at is None:
        return found, last or until
    return kept, kept[-1].expires_at


def _all_dids(uow: UnitOfWork) -> Iterable[DIDRecord]:
    cursor = None
    while True:
        page = uow.dids.list(owner=None, limit=_DIDS_AT_MOST, cursor=cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _has_old_key(record: DIDRecord, after: datetime | None, until: datetime) -> bool:
    return any(
        method.state is MethodState.ACTIVE
        and method.use is KeyPurpose.CREDENTIALS
        and method.created_at <= until
        and (after is None or method.created_at > after)
        for method in record.methods
    )
