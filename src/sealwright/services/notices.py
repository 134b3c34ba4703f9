"""Telling people: an entry in the inbox for every event, and a mail when its time has come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.errors import MalformedBody, NotSignedIn
from sealwright.domain.ids import new_id
from sealwright.domain.notices import ESSENTIAL_KINDS, Notice, NoticeKind, NoticeMode, default_mode
from sealwright.domain.people import AccountRole, Caller
from sealwright.locales import texts_for
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.letters import tell_notice
from sealwright.services.notice_words import InboxEntry, kept_words, with_labels, with_names
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.vc.errors import Fault

# Daily summaries leave at this hour, UTC.
DIGEST_HOUR: Final = 7
_TEXT_MAX: Final = 2_000


class NoticeDesk:
    """Inboxes. `tell` is called inside the act that people are told about, so that both happen or neither."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def tell(
        self,
        uow: UnitOfWork,
        kind: NoticeKind,
        user_ids: Iterable[str],
        data: Mapping[str, str],
        *,
        mail_after: datetime | None = None,
    ) -> int:
        """Put a notice into each inbox; gives how many.

        Args:
            user_ids: Each is told once, however often they stand there.
            data: Ids and words that sentences are made of; `services.letters.notices` tells the members of each kind.
                Names of others are not kept: they are looked up when the inbox is read.
            mail_after: No mail leaves before this moment (the undo window); None: at once.
        """
        now = self._clock.now()
        words = kept_words(kind, data, _TEXT_MAX)
        earliest = max(mail_after or now, now)
        told = tuple(dict.fromkeys(user_ids))
        modes = uow.notices.modes_of_many(told, kind)
        notices = [
            Notice(
                notice_id=new_id("ntc"),
                user_id=user_id,
                kind=kind,
                created_at=now,
                data=words,
                mail_due_at=_mail_due(modes.get(user_id, default_mode(kind)), earliest),
            )
            for user_id in told
        ]
        uow.notices.add_many(notices)
        return len(notices)

    def tell_admins(self, uow: UnitOfWork, kind: NoticeKind, data: Mapping[str, str]) -> int:
        """Tell every active admin."""
        admins = uow.people.with_role(AccountRole.ADMIN.value)
        return self.tell(uow, kind, [person.user_id for person in admins], data)

    def tell_reviewers(
        self,
        uow: UnitOfWork,
        kind: NoticeKind,
        credential_type: str,
        data: Mapping[str, str],
        *,
        but: str | None = None,
        mail_after: datetime | None = None,
    ) -> int:
        """Tell every issuer whose scope covers a credential type; admins where no issuer does."""
        told = [
            person.user_id
            for person in uow.people.with_role(AccountRole.ISSUER.value)
            if credential_type in person.scopes and person.user_id != but
        ] or [person.user_id for person in uow.people.with_role(AccountRole.ADMIN.value) if person.user_id != but]
        return self.tell(uow, kind, told, data, mail_after=mail_after)

    def inbox(self, caller: Caller, *, page: int = 1, count: int = 20, unread: bool = False) -> NumberedPage[Notice]:
        """The caller's own notices, newest first; raises NotSignedIn for API keys and the operator."""
        user_id = _own_id(caller)
        with self._units(write=False) as uow:
            return uow.notices.list(user_id, page=page, count=count, unread=unread)

    def inbox_in(
        self, caller: Caller, language: str, *, page: int = 1, count: int = 20, unread: bool = False
    ) -> NumberedPage[InboxEntry]:
        """The same with what each notice says: title, sentences, where to go. Raises NotSignedIn."""
        user_id = _own_id(caller)
        texts = texts_for(language)
        with self._units(write=False) as uow:
            found = uow.notices.list(user_id, page=page, count=count, unread=unread)
            types = {one.value: one for one in uow.types.all()}
            words = [with_labels(one, with_names(uow, one), types, language) for one in found.items]
        entries = tuple(
            InboxEntry(one, tell_notice(one.kind, said, texts)) for one, said in zip(found.items, words, strict=True)
        )
        return NumberedPage(entries, found.page, found.count, found.total)

    def unread(self, caller: Caller) -> int:
        """How many of the caller's notices are unread; 0 for callers without an inbox."""
        if caller.person is None:
            return 0
        with self._units(write=False) as uow:
            return uow.notices.unread(caller.person.user_id)

    def mark_read(self, uow: UnitOfWork, caller: Caller, notice_ids: Sequence[str] | None = None) -> int:
        """Mark some of the caller's notices as read, or all; those of others are left alone. Raises NotSignedIn."""
        return uow.notices.mark_read(_own_id(caller), notice_ids, self._clock.now())

    def modes(self, caller: Caller) -> Mapping[NoticeKind, NoticeMode]:
        """How the caller is told by mail, for every kind; raises NotSignedIn."""
        user_id = _own_id(caller)
        with self._units(write=False) as uow:
            chosen = uow.notices.modes(user_id)
        return {kind: chosen.get(kind, default_mode(kind)) for kind in NoticeKind}

    def set_mode(self, uow: UnitOfWork, caller: Caller, kind: NoticeKind, mode: NoticeMode) -> None:
        """Choose how to be told about a kind.

        Raises:
            NotSignedIn: The caller has no inbox.
            MalformedBody: Mails about one's rights and sign-ins cannot be switched off.
        """
        user_id = _own_id(caller)
        if mode is NoticeMode.OFF and kind in ESSENTIAL_KINDS:
            detail = "Mails about your rights and your sign-ins cannot be switched off."
            raise MalformedBody(detail, faults=[Fault("/mode", "INVALID_VALUE", detail)])
        uow.notices.put_mode(user_id, kind, mode)


def _mail_due(mode: NoticeMode, earliest: datetime) -> datetime | None:
    if mode is NoticeMode.OFF:
        return None
    return earliest if mode is NoticeMode.AT_ONCE else next_digest(earliest)


def next_digest(now: datetime) -> datetime:
    """When the next daily summaries leave."""
    today = now.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)


def _own_id(caller: Caller) -> str:
    if caller.person is None:
        raise NotSignedIn("Only people have an inbox.")
    return caller.person.user_id
