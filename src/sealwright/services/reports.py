"""Reports by mail: what a reviewer wants to be told, and the letters that come of it, each once.

A wish keeps the end of the last period that is done with. The mark moves in the transaction that puts the letter into
the outbox, so no crash and no second server sends it twice; an office that slept tells the last period alone.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.errors import (
    DomainError,
    EmailNotVerified,
    MalformedBody,
    NotSignedIn,
    OutOfScope,
    RateLimitExceeded,
)
from sealwright.domain.people import AccountRole, Caller, Person, system_actor
from sealwright.domain.reports import (
    Period,
    Report,
    ReportEvery,
    ReportWish,
    last_period,
    last_whole_period,
    period_before,
)
from sealwright.services.analytics import AnalyticsDesk
from sealwright.services.holders import require_reviewer
from sealwright.services.mailing import MailingDesk
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.report_wishes import keep_wish
from sealwright.vc.errors import Fault

TYPES_AT_MOST: Final = 100
# Whoever asks for a report at once gets the next one after this pause.
ASK_EVERY: Final = timedelta(minutes=5)
# So many people are looked at in one round of the chore.
_DUE_AT_MOST: Final = 10
_BY_CLOCK: Final = system_actor("reports")

_log = logging.getLogger(__name__)


class ReportDesk:
    """Wishes of reviewers, and the chore that serves them."""

    def __init__(self, units: UnitOfWorkFactory, analytics: AnalyticsDesk, mailing: MailingDesk, clock: Clock) -> None:
        self._units = units
        self._analytics = analytics
        self._mailing = mailing
        self._clock = clock
        self._served_up_to = ""

    # -- wishes ------------------------------------------------------------------------------------

    def own(self, caller: Caller) -> ReportWish:
        """What the caller wants to be told; never, where they chose nothing. Raises RoleRequired, NotSignedIn."""
        person = _reviewer(caller)
        with self._units(write=False) as uow:
            return uow.report_wishes.of_person(person.user_id) or ReportWish(person.user_id)

    def wish(
        self, uow: UnitOfWork, caller: Caller, every: ReportEvery, credential_types: Sequence[str] | None
    ) -> ReportWish:
        """Choose how often a report comes, and about what.

        Args:
            credential_types: None means whatever lies in the issuer scope when the letter is made.

        Raises:
            RoleRequired, NotSignedIn: Not a reviewer, or no person.
            OutOfScope: A type outside the issuer scope, or unknown.
            MalformedBody: No type, or too many; for admins an unknown one.
        """
        person = _reviewer(caller)
        _check_types(uow, caller, credential_types)
        known = uow.report_wishes.of_person(person.user_id) or ReportWish(person.user_id)
        chosen = tuple(credential_types) if credential_types is not None else None
        now = self._clock.now()
        wish = known.changed(every, chosen, now)
        keep_wish(uow, known, wish, actor=caller.actor, at=now, request_id=caller.request_id)
        return wish

    # -- letters -----------------------------------------------------------------------------------

    def count(
        self,
        caller: Caller,
        every: ReportEvery | None = None,
        credential_types: Sequence[str] | None = None,
        *,
        types_as_wished: bool = False,
    ) -> Report:
        """Count a report about the last whole week or month, for `send`; it may take a while, and nobody waits for it.

        Args:
            every: As the wish says when None; a week where that says never.
            types_as_wished: Takes the types of the wish instead; those that have left the scope are passed over.

        Raises:
            RoleRequired, NotSignedIn, OutOfScope, MalformedBody: As `wish`; also where nothing is left to tell of.
            EmailNotVerified, RateLimitExceeded: As `send`, so that nothing is counted in vain.
        """
        person = _provable(caller)
        now = self._clock.now()
        with self._units(write=False) as uow:
            known = uow.report_wishes.of_person(person.user_id) or ReportWish(person.user_id)
            if not types_as_wished:
                _check_types(uow, caller, credential_types)
        if known.asked_at is not None and now - ASK_EVERY < known.asked_at <= now:
            raise _too_soon(known, now)
        rhythm = every or known.every
        rhythm = ReportEvery.WEEK if rhythm is ReportEvery.NEVER else rhythm
        types = known.credential_types if types_as_wished else credential_types
        report = self._counted(caller, rhythm, types, last_whole_period(rhythm, now))
        if report is None:
            raise OutOfScope("There is no such credential type in your issuer scope.")
        return report

    def send(self, uow: UnitOfWork, caller: Caller, report: Report) -> None:
        """Put a report that was just counted into the outbox; the wish stays as it is.

        Raises:
            RoleRequired, NotSignedIn: Not a reviewer any more, or no person.
            EmailNotVerified: Letters go only to an address that is proved.
            RateLimitExceeded: One was asked for less than five minutes ago.
        """
        person = _provable(caller)
        now = self._clock.now()
        if not uow.report_wishes.ask(person.user_id, now, now - ASK_EVERY):
            raise _too_soon(uow.report_wishes.of_person(person.user_id), now)
        self._mailing.post(uow, self._mailing.report(uow, person, report))

    def work(self) -> int:
        """Send some of what is due, each period once for each person; gives how many letters were made.

        A round is short, because signing and mail wait for their turn behind it; the next one goes on where it ended.
        """
        now = self._clock.now()
        ends = {every: last_period(every, now).until for every in (ReportEvery.WEEK, ReportEvery.MONTH)}
        with self._units(write=False) as uow:
            due = uow.report_wishes.due(ends, after=self._served_up_to, limit=_DUE_AT_MOST)
        # What fails is passed by and looked at again in the next turn, so that the others do not wait for it.
        self._served_up_to = due[-1].user_id if len(due) == _DUE_AT_MOST else ""
        made = 0
        for wish in due:
            try:
                made += self._serve(wish, last_period(wish.every, now))
            except DomainError as error:
                details = {"object_id": wish.user_id, "kind": type(error).__name__}
                _log.warning("report not made", extra=details)
        return made

    def _serve(self, wish: ReportWish, period: Period) -> int:
        """Count first, then claim: nobody else's write waits while figures are counted."""
        with self._units(write=False) as uow:
            person = uow.people.get(wish.user_id)
        report = self._for_person(person, wish, period)
        with self._units() as uow:
            # Keeps changes of rights, and erasing, out until the letter is in the outbox.
            uow.office.epoch(shared_lock=True)
            present = uow.people.get(wish.user_id)
            if _rights(present) != _rights(person) or not uow.report_wishes.claim(wish, period.until):
                return 0
            if report is not None and present is not None:
                self._mailing.post(uow, self._mailing.report(uow, present, report))
            uow.commit()
        return 1 if report is not None else 0

    def _for_person(self, person: Person | None, wish: ReportWish, period: Period) -> Report | None:
        """None for whoever may not be written to, or reviews nothing now: the period is passed over, the wish rests."""
        if person is None or not person.active or not person.verified or person.erased:
            return None
        caller = Caller(_BY_CLOCK, 0, person=person)
        if not caller.has_role(AccountRole.ISSUER):
            return None
        return self._counted(caller, wish.every, wish.credential_types, period)

    def _counted(
        self, caller: Caller, every: ReportEvery, types: Sequence[str] | None, period: Period
    ) -> Report | None:
        person = _reviewer(caller)
        language = self._mailing.language_of(person)
        figures = self._analytics.reported(caller, period, types, language=language)
        if not figures:
            return None
        before = self._analytics.reported(caller, period_before(every, period), types, language=language)
        return Report(every, period, figures, before, tuple(types) if types is not None else None)


def _reviewer(caller: Caller) -> Person:
    require_reviewer(caller)
    if caller.person is None:
        raise NotSignedIn("Only people get letters.")
    return caller.person


def _provable(caller: Caller) -> Person:
    person = _reviewer(caller)
    if not person.verified:
        raise EmailNotVerified("Verify your e-mail address first; letters go nowhere else.")
    return person


def _too_soon(known: ReportWish | None, now: datetime) -> RateLimitExceeded:
    asked_at = known.asked_at if known is not None and known.asked_at is not None else now
    detail = "A report is on its way to you already; ask for the next one in some minutes."
    return RateLimitExceeded(detail, retry_after_seconds=max(1, int((asked_at + ASK_EVERY - now).total_seconds())))


def _check_types(uow: UnitOfWork, caller: Caller, types: Sequence[str] | None) -> None:
    if types is None:
        return
    if not 1 <= len(types) <= TYPES_AT_MOST:
        detail = f"Name 1 to {TYPES_AT_MOST} credential types, or none for all of your scope."
        raise MalformedBody(detail, faults=[Fault("/credential_types", "INVALID_VALUE", detail)])
    known = {one.value for one in uow.types.all() if caller.covers(one.value)}
    for place, value in enumerate(types):
        if value not in known:
            if caller.is_admin:
                detail = "There is no such credential type."
                raise MalformedBody(detail, faults=[Fault(f"/credential_types/{place}", "INVALID_VALUE", detail)])
            raise OutOfScope("This lies outside your issuer scope.")


def _rights(person: Person | None) -> object:
    """What a letter depends on, beside the figures."""
    if person is None:
        return None
    return person.active, person.verified, person.erased, person.email, person.roles, person.scopes
