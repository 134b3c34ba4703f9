"""Mail: letters made of notices when their time has come, and sent until a server takes them."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from sealwright.domain.errors import MailNotSent, NotSignedIn
from sealwright.domain.ids import new_id
from sealwright.domain.notices import ESSENTIAL_KINDS, Mail, Notice, NoticeMode, default_mode
from sealwright.domain.people import Caller, Person
from sealwright.domain.reports import REPORT_MAIL, Report
from sealwright.services.desk_ports import Mailer, NumberedPage
from sealwright.services.email_addresses import read_email
from sealwright.services.letters import DIGEST, TEST, Letter, LetterHead, write_digest, write_letter, write_report
from sealwright.services.notice_words import with_labels
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.stop_links import stop_address
from sealwright.services.tasks import MAIL, Tasks

# Letters to sign in with are waited for; whoever posts one wakes us besides.
MAIL_EVERY: Final = timedelta(seconds=2)
_DUE_AT_MOST: Final = 200
_SENT_AT_MOST: Final = 50
# After so many refusals in a row the server is at fault, not a recipient: the rest waits for the next round.
_GIVE_UP_AFTER: Final = 2

_log = logging.getLogger(__name__)


class LinkedLetters(Protocol):
    """Letters whose link is no part of their row: it is put in while they are sent."""

    def completed(self, uow: UnitOfWork, mail: Mail) -> Mail:
        """Put the link in; letters of other kinds stay as they are."""

    def left(self, uow: UnitOfWork, mail: Mail) -> None:
        """Note that a letter has left."""


class MailingDesk:
    """The outbox. `work` is a chore: two short transactions for a letter, and none is open while a server is asked.

    Attributes:
        linked: Completes letters of offers; joined later, for whoever writes them needs this desk.
    """

    linked: LinkedLetters | None

    def __init__(
        self, units: UnitOfWorkFactory, mailer: Mailer, clock: Clock, *, head: LetterHead, default_locale: str
    ) -> None:
        self._units = units
        self._mailer = mailer
        self._clock = clock
        self._head = head
        self._default_locale = default_locale
        self.linked = None

    @property
    def default_language(self) -> str:
        """The language of letters to people whom we do not know."""
        return self._default_locale

    @property
    def is_local(self) -> bool:
        """Tell whether letters only go to the outbox folder, because no server is configured."""
        return self._mailer.is_local

    def letter(self, kind: str, locale: str, data: Mapping[str, str], *, to: str, user_id: str | None = None) -> Mail:
        """Write a letter that nobody can stop: ``sign_in``, ``verify_email``, ``invitation``, ``test``.

        Args:
            data: For the links of accounts ``link`` (a whole address) and ``minutes`` (how long it works).
        """
        return self._mail(kind, locale, write_letter(kind, locale, data, self._head), to, user_id)

    def language_of(self, person: Person) -> str:
        """The language of letters to a person."""
        return person.locale or self._default_locale

    def report(self, uow: UnitOfWork, person: Person, report: Report) -> Mail:
        """Write the letter of a week's or a month's figures, in the person's language."""
        locale = self.language_of(person)
        stop_link = self._stop_link(uow, person.user_id, REPORT_MAIL)
        letter = write_report(report, locale, self._head, stop_link=stop_link)
        return self._mail(REPORT_MAIL, locale, letter, person.email, person.user_id)

    @staticmethod
    def post(uow: UnitOfWork, mail: Mail) -> None:
        """Put a letter into the outbox; it leaves after the commit, within seconds."""
        uow.notices.add_mail(mail)
        uow.jobs.wake(MAIL)

    def outbox(self, caller: Caller, *, page: int = 1, count: int = 20) -> NumberedPage[Mail]:
        """Letters sent and waiting, newest first; raises RoleRequired for all but admins."""
        caller.require_admin()
        with self._units(write=False) as uow:
            return uow.notices.mails(page=page, count=count)

    def send_test(self, caller: Caller, to: str | None = None) -> Mail:
        """Send a test letter now: to the admin, or to an address that they name.

        Raises:
            RoleRequired: Not an admin.
            NotSignedIn: No address was named, and the operator has none.
            MalformedBody: What was named is no address.
            MailNotSent: The server did not take it; it is not tried again.
        """
        caller.require_admin()
        person = caller.person
        if to is None and person is None:
            raise NotSignedIn("Name an address to send to.")
        address = read_email(to, "/to") if to is not None else person.email if person is not None else ""
        locale = (person.locale if person is not None else None) or self._default_locale
        mail = self.letter(TEST, locale, {}, to=address, user_id=person.user_id if person is not None else None)
        self._mailer.send(mail)
        with self._units() as uow:
            uow.notices.add_mail(mail)
            uow.notices.sent(mail.mail_id, self._clock.now())
            uow.commit()
        return mail

    def join(self, tasks: Tasks) -> None:
        """Let letters leave."""
        tasks.add(MAIL, self.work, MAIL_EVERY, look=_is_due)

    def work(self) -> int:
        """Make the letters that are due, and send what waits; gives how many left."""
        self.prepare()
        return self.deliver()

    def prepare(self) -> int:
        """Turn due notices into letters, each once; gives how many letters."""
        now = self._clock.now()
        with self._units() as uow:
            due = uow.notices.due(now, _DUE_AT_MOST)
            if not due:
                return 0
            mails = self._letters(uow, due)
            for mail in mails:
                uow.notices.add_mail(mail)
            uow.notices.mailed([notice.notice_id for notice in due])
            uow.commit()
        return len(mails)

    def deliver(self) -> int:
        """Send waiting letters; what a server refuses is tried again after a pause that grows. Gives how many left."""
        sent = refused = 0
        while sent + refused < _SENT_AT_MOST and refused < _GIVE_UP_AFTER:
            mail = self._claim(self._clock.now())
            if mail is None:
                break
            try:
                self._mailer.send(mail)
            except MailNotSent as error:
                refused += 1
                _log.warning("mail not sent", extra={"object_id": mail.mail_id, "kind": mail.kind, "why": error.detail})
                continue
            with self._units() as uow:
                uow.notices.sent(mail.mail_id, self._clock.now())
                if self.linked is not None:
                    self.linked.left(uow, mail)
                uow.commit()
            sent += 1
        return sent

    def _claim(self, now: datetime) -> Mail | None:
        """Take one letter: its attempt is counted before it is made, so that no other worker makes it meanwhile."""
        with self._units() as uow:
            found = uow.notices.unsent(now, 1)
            if not found:
                return None
            uow.notices.failed(found[0].mail_id, now)
            mail = replace(found[0], stop_link=self._stop_link(uow, found[0].user_id, found[0].kind))
            if self.linked is not None:
                mail = self.linked.completed(uow, mail)
            uow.commit()
        return mail

    def _stop_link(self, uow: UnitOfWork, user_id: str | None, kind: str) -> str | None:
        return stop_address(uow, self._head.public_url, user_id, kind)

    def _letters(self, uow: UnitOfWork, due: Sequence[Notice]) -> list[Mail]:
        people = uow.people.get_many(sorted({notice.user_id for notice in due}))
        labels = {one.value: one for one in uow.types.all()}
        mails: list[Mail] = []
        daily: dict[str, list[Notice]] = defaultdict(list)
        for notice in due:
            person = people.get(notice.user_id)
            if person is None or not _may_be_written_to(person):
                continue
            mode = uow.notices.modes(person.user_id).get(notice.kind, default_mode(notice.kind))
            if mode is NoticeMode.DAILY:
                daily[person.user_id].append(notice)
            elif mode is NoticeMode.AT_ONCE or notice.kind in ESSENTIAL_KINDS:
                locale = person.locale or self._default_locale
                words = with_labels(notice, notice.data, labels, locale)
                kind = notice.kind.value
                stop_link = self._stop_link(uow, person.user_id, kind)
                letter = write_letter(kind, locale, words, self._head, stop_link=stop_link)
                mails.append(self._mail(kind, locale, letter, person.email, person.user_id))
        for user_id, notices in daily.items():
            person = people[user_id]
            locale = person.locale or self._default_locale
            told = [(one.kind, with_labels(one, one.data, labels, locale)) for one in notices if one.read_at is None]
            if told:
                stop_link = self._stop_link(uow, user_id, DIGEST)
                letter = write_digest(told, locale, self._head, stop_link=stop_link)
                mails.append(self._mail(DIGEST, locale, letter, person.email, user_id))
        return mails

    def _mail(self, kind: str, locale: str, letter: Letter, to: str, user_id: str | None) -> Mail:
        return Mail(
            mail_id=new_id("mal"),
            user_id=user_id,
            to=to,
            kind=kind,
            locale=locale,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            created_at=self._clock.now(),
        )


def _may_be_written_to(person: Person) -> bool:
    """Tell whether notices go to this address: to an unproved one they might reach a stranger."""
    return person.active and person.verified and not person.erased


def _is_due(uow: UnitOfWork, now: datetime) -> bool:
    return bool(uow.notices.due(now, 1) or uow.notices.unsent(now, 1))
