"""One-time links: 256 random bits in an address, kept as a digest, good for one thing and one use."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Protocol

from sealwright.domain.access import digest_of
from sealwright.domain.errors import LinkSpent
from sealwright.domain.ids import new_id
from sealwright.domain.notices import Mail
from sealwright.domain.sign_in import LinkPurpose, OneTimeLink
from sealwright.services.ports import Clock, UnitOfWork

# A sign-in link opens an account by itself, so it is short-lived; the others need their addressee's patience.
LINK_LIVES: Final[Mapping[LinkPurpose, timedelta]] = {
    LinkPurpose.SIGN_IN: timedelta(minutes=15),
    LinkPurpose.VERIFY_EMAIL: timedelta(hours=72),
    LinkPurpose.INVITATION: timedelta(hours=72),
    LinkPurpose.SETUP: timedelta(hours=1),
}
# Opening one of these pages spends nothing: mail scanners open links too. The page's button does.
LINK_PATHS: Final[Mapping[LinkPurpose, str]] = {
    LinkPurpose.SIGN_IN: "/login/link/",
    LinkPurpose.VERIFY_EMAIL: "/settings/emails/verify/",
    LinkPurpose.INVITATION: "/login/invitation/",
    LinkPurpose.SETUP: "/setup/",
}
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_SPENT: Final = "This link does not work: it was used, it is too old, or it was copied in part."


class LetterWriter(Protocol):
    """Writes a letter in somebody's language."""

    def __call__(self, kind: str, locale: str, data: Mapping[str, str], *, to: str, user_id: str | None = None) -> Mail:
        """`kind` is ``sign_in``, ``verify_email`` or ``invitation``; `data` has ``link``, ``minutes``."""
        ...


class Links:
    """Makes and spends one-time links."""

    def __init__(self, clock: Clock, public_url: str) -> None:
        self._clock = clock
        self._public_url = public_url

    def make(self, uow: UnitOfWork, purpose: LinkPurpose, *, user_id: str | None, email: str | None) -> str:
        """Make a link and give its whole address, this once.

        Earlier ones of the same person and purpose end; those that verify addresses do not, for there may be several.
        """
        now = self._clock.now()
        if (user_id is not None and purpose is not LinkPurpose.VERIFY_EMAIL) or purpose is LinkPurpose.SETUP:
            uow.sign_ins.void_links(purpose=purpose.value, user_id=user_id, at=now)
        token = secrets.token_urlsafe(32)
        uow.sign_ins.add_link(
            OneTimeLink(
                link_id=new_id("lnk"),
                digest=digest_of(token),
                purpose=purpose,
                user_id=user_id,
                email=email,
                created_at=now,
                expires_at=now + LINK_LIVES[purpose],
            )
        )
        return f"{self._public_url}{LINK_PATHS[purpose]}{token}"

    def find(self, uow: UnitOfWork, purpose: LinkPurpose, token: str) -> OneTimeLink:
        """Look a link up without spending it.

        Raises:
            LinkSpent: Used, too old, unknown, or for another purpose; all in the same words.
        """
        link = uow.sign_ins.link(digest_of(token)) if _TOKEN.fullmatch(token) else None
        if link is None or link.purpose is not purpose or not link.is_open(self._clock.now()):
            raise LinkSpent(_SPENT)
        return link

    def use(self, uow: UnitOfWork, purpose: LinkPurpose, token: str) -> OneTimeLink:
        """Spend a link: one winner, whoever else holds it. Raises LinkSpent."""
        link = self.find(uow, purpose, token)
        if not uow.sign_ins.use_link(link.link_id, self._clock.now()):
            raise LinkSpent(_SPENT)
        return link


def token_of(link: str) -> str:
    """The token at the end of a link's address."""
    return link.rpartition("/")[2]
