"""Links in letters that stop letters: sealed in the address itself, so that nothing is kept and nothing runs out.

Such a link names a person and one kind of letter, unreadable for whoever holds it. It can do one thing: put the mail of
that kind off for that person. The key lies in the database, beside the outbox that holds the same links in clear; it
depends neither on the key-encryption key nor on a process, so letters of last year still stop what they name.

Spec: RFC 8058, "Mail Senders When Sending Mail" (the address holds all that is needed, and cannot be guessed).
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from sealwright.domain.audit import AuditEntry
from sealwright.domain.errors import LinkSpent
from sealwright.domain.notices import ESSENTIAL_KINDS, NoticeKind, NoticeMode, default_mode
from sealwright.domain.people import Actor, ActorKind, Person
from sealwright.domain.reports import REPORT_MAIL
from sealwright.services.letters import DIGEST
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.report_wishes import end_reports

# Opening the page changes nothing: mail scanners open links. Its button does, and a mail program's own.
STOP_PATH: Final = "/mail/stop/"
# How somebody is recognized who holds such a link, in the audit trail.
LINK_AUTH: Final = "link"
KEY_SETTING: Final = "stop_link_key"
_KEY_BYTES: Final = 64
_LABEL: Final = b"sealwright letters to stop 1"
# Every kind takes the same room, so that the length of a link does not tell which one it is.
_KIND_BYTES: Final = 24
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{40,1600}")
_SPENT: Final = "This link stops no letters: it was copied in part, or what it stops is not there any more."


@dataclass(frozen=True, slots=True)
class StopLink:
    """What a link stops, and for whom.

    Args:
        kind: A notice kind that is not essential, or ``digest``, or ``analytics_report``.
        language: Of the letters that this person gets.
    """

    user_id: str
    kind: str
    language: str


def can_be_stopped(kind: str) -> bool:
    """Tell whether letters of this kind may be switched off: digests, reports, notices that change no rights."""
    return kind in (DIGEST, REPORT_MAIL) or (kind in set(NoticeKind) and kind not in ESSENTIAL_KINDS)


def stop_address(uow: UnitOfWork, public_url: str, user_id: str | None, kind: str) -> str | None:
    """The whole address that stops such letters for a person, always the same one; None for what cannot be stopped.

    Args:
        uow: One that writes: the first link of all makes the office's key for them.
    """
    if user_id is None or not can_be_stopped(kind):
        return None
    key = uow.office.get(KEY_SETTING) or uow.office.put_once(KEY_SETTING, _new_key())
    plain = kind.encode("ascii").ljust(_KIND_BYTES) + user_id.encode("utf-8")
    return f"{public_url}{STOP_PATH}{_spelled(_cipher(key).encrypt(plain, [_LABEL]))}"


class LetterStops:
    """Puts letters off by their links. Whoever holds a link is taken for its addressee, for this one act."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, *, default_locale: str) -> None:
        self._units = units
        self._clock = clock
        self._default_locale = default_locale

    def check(self, token: str) -> StopLink:
        """Tell what a link would stop; changes nothing.

        Raises:
            LinkSpent: Not ours, copied in part, of a kind that cannot be stopped, or of somebody who is gone.
        """
        with self._units(write=False) as uow:
            return self._found(uow, token)

    def stop(self, token: str, *, request_id: str | None = None) -> StopLink:
        """Put off the mail that a link names, as often as asked; the inbox goes on, and so do essential letters.

        A digest's link puts off every kind that came with the digest. Essential kinds that came with it come at once
        from now on, because they cannot be put off and no digest is to come any more.

        Raises:
            LinkSpent: As `check`.
        """
        with self._units() as uow:
            # Keeps erasing out: what is written here must not be the choice of somebody who is gone.
            uow.office.epoch(shared_lock=True)
            link = self._found(uow, token)
            actor = Actor(ActorKind.USER, link.user_id, LINK_AUTH)
            if link.kind == REPORT_MAIL:
                end_reports(uow, link.user_id, actor=actor, at=self._clock.now(), request_id=request_id)
            changed = [kind for kind, mode in _modes_after(uow, link) if uow.notices.put_mode(link.user_id, kind, mode)]
            if changed:
                uow.audit.append(
                    AuditEntry(
                        actor=actor,
                        request_id=request_id,
                        action="user.updated",
                        object_type="user",
                        object_id=link.user_id,
                        at=self._clock.now(),
                        data={"change": "letters_stopped", "kind": link.kind},
                    )
                )
            uow.commit()
        return link

    def _found(self, uow: UnitOfWork, token: str) -> StopLink:
        key = uow.office.get(KEY_SETTING)
        user_id, kind = _opened(key, token) if key is not None else ("", "")
        person = uow.people.get(user_id) if can_be_stopped(kind) else None
        if person is None or person.erased:
            raise LinkSpent(_SPENT)
        return StopLink(person.user_id, kind, self._language(person))

    def _language(self, person: Person) -> str:
        return person.locale or self._default_locale


def _modes_after(uow: UnitOfWork, link: StopLink) -> list[tuple[NoticeKind, NoticeMode]]:
    if link.kind == REPORT_MAIL:
        return []
    if link.kind != DIGEST:
        return [(NoticeKind(link.kind), NoticeMode.OFF)]
    chosen = uow.notices.modes(link.user_id)
    daily = [kind for kind in NoticeKind if chosen.get(kind, default_mode(kind)) is NoticeMode.DAILY]
    return [(kind, NoticeMode.AT_ONCE if kind in ESSENTIAL_KINDS else NoticeMode.OFF) for kind in daily]


def _opened(key: str, token: str) -> tuple[str, str]:
    """Person and kind of a token; both empty for what is none of ours."""
    if _TOKEN.fullmatch(token) is None:
        return "", ""
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        plain = _cipher(key).decrypt(sealed, [_LABEL])
    except (binascii.Error, ValueError, InvalidTag):
        return "", ""
    # Base64 spells some bytes in several ways; only the one that we write is ours.
    if _spelled(sealed) != token:
        return "", ""
    return plain[_KIND_BYTES:].decode("utf-8"), plain[:_KIND_BYTES].decode("ascii").rstrip()


def _cipher(key: str) -> AESSIV:
    return AESSIV(base64.b64decode(key))


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")


def _spelled(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode("ascii").rstrip("=")
