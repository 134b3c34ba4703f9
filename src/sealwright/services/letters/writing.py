"""From a kind and its data to a whole letter: notices, digests, and letters about the account itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sealwright.domain.notices import ESSENTIAL_KINDS, NoticeKind
from sealwright.domain.reports import Report
from sealwright.locales import LANGUAGES, Texts, texts_for
from sealwright.services.letters.frame import Content, Letter, LetterHead, framed
from sealwright.services.letters.notices import tell_notice
from sealwright.services.letters.report import report_content
from sealwright.services.letters.told import Told

DIGEST: Final = "digest"
TEST: Final = "test"
OFFER: Final = "offer"
# A digest names at most so many events; the inbox has them all.
DIGEST_ITEMS: Final = 40
_ITEM_MAX: Final = 160


def write_letter(
    kind: str, language: str, data: Mapping[str, str], head: LetterHead, *, stop_link: str | None = None
) -> Letter:
    """Write the letter of a notice kind, or of one of `ACCOUNT_KINDS`, whose `data` has ``link`` and ``minutes``.

    Args:
        language: One that is offered; others are answered in English.
        stop_link: The address that stops such letters; letters that cannot be stopped leave it out.

    Raises:
        ValueError: There is no such kind.
    """
    texts = _texts(language)
    account = ACCOUNT_KINDS.get(kind)
    if account is not None:
        return framed(account(data, texts, head), head, texts)
    return framed(_noticed(NoticeKind(kind), data, texts, head), head, texts, stop_link=stop_link)


def write_digest(
    told: Sequence[tuple[NoticeKind, Mapping[str, str]]],
    language: str,
    head: LetterHead,
    *,
    stop_link: str | None = None,
) -> Letter:
    """Write one letter about a day's notices, oldest first."""
    texts = _texts(language)
    said = [tell_notice(kind, data, texts) for kind, data in told]
    items = [_item(one, head) for one in said[:DIGEST_ITEMS]]
    more = len(said) - len(items)
    if more:
        items.append((texts.ngettext("and %(num)s more", "and %(num)s more", more), None))
    content = Content(
        subject=texts.ngettext("%(num)s thing has happened", "%(num)s things have happened", len(said)),
        lines=(texts.gettext("This is what has happened since the last summary:"),),
        why=texts.gettext("You get this once a day because you chose a daily summary for some events."),
        items=tuple(items),
        act=(texts.gettext("Open your inbox"), f"{head.public_url}/inbox"),
        may_stop=True,
    )
    return framed(content, head, texts, stop_link=stop_link)


def write_report(report: Report, language: str, head: LetterHead, *, stop_link: str | None = None) -> Letter:
    """Write the letter of a week's or a month's figures."""
    texts = _texts(language)
    return framed(report_content(report, head, texts), head, texts, stop_link=stop_link)


def _texts(language: str) -> Texts:
    return texts_for(language if language in LANGUAGES else LANGUAGES[0])


def _noticed(kind: NoticeKind, data: Mapping[str, str], texts: Texts, head: LetterHead) -> Content:
    told = tell_notice(kind, data, texts)
    act = (told.act[0], f"{head.public_url}{told.act[1]}") if told.act is not None else None
    is_essential = kind in ESSENTIAL_KINDS
    why = (
        texts.gettext("You get this because it changes what you may do, or concerns the safety of your account.")
        if is_essential
        else texts.gettext("You get this because you have an account here and want to be told of such events.")
    )
    return Content(told.title, told.lines, why, quote=told.quote, act=act, may_stop=not is_essential)


def _item(told: Told, head: LetterHead) -> tuple[str, str | None]:
    line = told.lines[0]
    short = line if len(line) <= _ITEM_MAX else line[: _ITEM_MAX - 1].rstrip() + "…"
    return short, f"{head.public_url}{told.act[1]}" if told.act is not None else None


def _life(data: Mapping[str, str], texts: Texts) -> str:
    minutes = int(data.get("minutes", "15"))
    if minutes >= 120 and minutes % 60 == 0:
        return texts.ngettext(
            "The link works once, within %(num)s hour.", "The link works once, within %(num)s hours.", minutes // 60
        )
    return texts.ngettext(
        "The link works once, within %(num)s minute.", "The link works once, within %(num)s minutes.", minutes
    )


def _sign_in(data: Mapping[str, str], texts: Texts, head: LetterHead) -> Content:
    return Content(
        subject=texts.gettext("Your link to sign in"),
        lines=(
            texts.gettext("Open this link to sign in at %(organization)s.", organization=head.organization),
            _life(data, texts),
            texts.gettext("If you did not ask for it, do nothing: nobody can sign in without this letter."),
        ),
        why=texts.gettext("You get this because somebody entered your e-mail address to sign in."),
        act=(texts.gettext("Sign in"), data["link"]),
    )


def _verify_email(data: Mapping[str, str], texts: Texts, head: LetterHead) -> Content:
    return Content(
        subject=texts.gettext("Confirm your e-mail address"),
        lines=(
            texts.gettext(
                "Open this link to show that this address is yours at %(organization)s.",
                organization=head.organization,
            ),
            _life(data, texts),
            texts.gettext("If you have no account there, do nothing."),
        ),
        why=texts.gettext("You get this because somebody entered your e-mail address for an account."),
        act=(texts.gettext("Confirm the address"), data["link"]),
    )


def _invitation(data: Mapping[str, str], texts: Texts, head: LetterHead) -> Content:
    return Content(
        subject=texts.gettext("You are invited to %(organization)s", organization=head.organization),
        lines=(
            texts.gettext(
                "Open this link to take over your account at %(organization)s.", organization=head.organization
            ),
            _life(data, texts),
        ),
        why=texts.gettext("You get this because somebody there invited you. Without the link nothing happens."),
        act=(texts.gettext("Accept the invitation"), data["link"]),
    )


def _offer(data: Mapping[str, str], texts: Texts, head: LetterHead) -> Content:
    hours = int(data["hours"])
    lines = [
        texts.gettext("%(organization)s has a credential for you.", organization=head.organization),
        texts.ngettext(
            "Open the link to take it: on this device, or in a wallet. It works for %(num)s hour.",
            "Open the link to take it: on this device, or in a wallet. It works for %(num)s hours.",
            hours,
        ),
        texts.gettext("Nobody else can take it with this letter: you sign in, or your wallet proves that it is yours.")
        if data.get("bound")
        else texts.gettext("Whoever has this link can take it, so do not pass this letter on."),
    ]
    if data.get("code"):
        lines.append(texts.gettext("You will be asked for a code of six digits. It is told to you apart."))
    return Content(
        subject=texts.gettext("A credential is waiting for you"),
        lines=tuple(lines),
        why=texts.gettext("You get this because somebody there had it sent to this address."),
        act=(texts.gettext("Take the credential"), data["link"]),
    )


def _test(_: Mapping[str, str], texts: Texts, head: LetterHead) -> Content:
    return Content(
        subject=texts.gettext("A test letter"),
        lines=(texts.gettext("Mail leaves this office. Accents arrive as they were sent: Muñoz, Nguyễn, 陳大文."),),
        why=texts.gettext("You get this because an administrator tried the mail settings."),
        act=(texts.gettext("Open the office"), head.public_url),
    )


ACCOUNT_KINDS: Final[Mapping[str, Callable[[Mapping[str, str], Texts, LetterHead], Content]]] = {
    "sign_in": _sign_in,
    "verify_email": _verify_email,
    "invitation": _invitation,
    OFFER: _offer,
    TEST: _test,
}
