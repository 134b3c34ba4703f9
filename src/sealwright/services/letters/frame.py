"""The frame of every letter: office, paragraphs, one button, why it was sent. No pictures, no tracking, no script."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final

from sealwright.domain.shown_text import without_disturbance
from sealwright.locales import Texts
from sealwright.services.letters.tables import LetterTable, table_html, table_text

# Letters promise to stay below this, as HTML and as text.
LETTER_MAX_BYTES: Final = 30_000
_PARAGRAPH: Final = "margin:0 0 16px;font-size:16px;line-height:1.5;color:#1b1b1f"
_QUOTE: Final = "margin:0 0 16px;padding:8px 16px;border-left:4px solid #767680;color:#1b1b1f;white-space:pre-line"
_BUTTON: Final = (
    "display:inline-block;padding:12px 20px;background:#1f3a5f;color:#ffffff;text-decoration:none;"
    "border-radius:6px;font-size:16px"
)
_SMALL: Final = "margin:0 0 8px;font-size:14px;line-height:1.5;color:#44444c"
_QUOTE_MAX: Final = 2_000


@dataclass(frozen=True, slots=True)
class LetterHead:
    """Who writes: the shown name of the office, and the base of its links."""

    organization: str
    public_url: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a letter says.

    Args:
        quote: Words of a person, set apart from ours.
        act: A button's label and its whole address.
        items: A list of short sentences, each with an address or none.
        table: Figures, after the items.
        notes: What the table needs said beneath it.
        may_stop: The reader can switch such letters off.
        chosen_at: The path of the page where they do.
    """

    subject: str
    lines: tuple[str, ...]
    why: str
    quote: str | None = None
    act: tuple[str, str] | None = None
    items: tuple[tuple[str, str | None], ...] = ()
    table: LetterTable | None = None
    notes: tuple[str, ...] = ()
    may_stop: bool = False
    chosen_at: str = "/settings/notifications"


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that can be sent."""

    subject: str
    text: str
    html: str


def framed(content: Content, head: LetterHead, texts: Texts, *, stop_link: str | None = None) -> Letter:
    """Set a letter in both forms; whatever people wrote is escaped, and cut so that the letter stays small.

    Args:
        stop_link: The address that stops such letters without signing in; for letters that may be stopped.
    """
    ways = _ways_out(f"{head.public_url}{content.chosen_at}", texts, stop_link) if content.may_stop else ()
    subject = " ".join(without_disturbance(content.subject, instead=" ").split())
    quote = _cut(content.quote) if content.quote and content.quote.strip() else None
    return Letter(subject, _text(content, head, quote, ways), _html(content, head, texts, quote, ways))


def _ways_out(chosen_at: str, texts: Texts, stop_link: str | None) -> tuple[tuple[str, str], ...]:
    choose = (texts.gettext("Choose which letters you get"), chosen_at)
    return ((texts.gettext("Stop letters of this kind"), stop_link), choose) if stop_link else (choose,)


def _cut(text: str) -> str:
    kept = without_disturbance(text, keep_lines=True).strip()
    return kept if len(kept) <= _QUOTE_MAX else kept[: _QUOTE_MAX - 1].rstrip() + "…"


def _text(content: Content, head: LetterHead, quote: str | None, ways: tuple[tuple[str, str], ...]) -> str:
    parts = list(content.lines)
    if quote is not None:
        parts.append("\n".join(f"> {line}" for line in quote.splitlines()))
    if content.items:
        parts.append("\n".join(f"- {said}" + (f"\n  {link}" if link else "") for said, link in content.items))
    if content.table is not None:
        parts.append(table_text(content.table))
    parts += content.notes
    if content.act is not None:
        parts.append(f"{content.act[0]}:\n{content.act[1]}")
    parts.append(f"-- \n{head.organization}\n{head.public_url}\n\n{content.why}")
    parts += [f"{said}:\n{link}" for said, link in ways]
    return "\n\n".join(parts) + "\n"


def _html(
    content: Content, head: LetterHead, texts: Texts, quote: str | None, ways: tuple[tuple[str, str], ...]
) -> str:
    body = [f'<p style="{_PARAGRAPH}">{escape(line)}</p>' for line in content.lines]
    if quote is not None:
        body.append(f'<blockquote style="{_QUOTE}">{escape(quote)}</blockquote>')
    if content.items:
        rows = "".join(f"<li>{_linked(said, link)}</li>" for said, link in content.items)
        body.append(f'<ul style="{_PARAGRAPH};padding-left:20px">{rows}</ul>')
    if content.table is not None:
        body.append(table_html(content.table))
    body += [f'<p style="{_SMALL}">{escape(line)}</p>' for line in content.notes]
    if content.act is not None:
        label, address = content.act
        body.append(f'<p style="{_PARAGRAPH}"><a href="{escape(address)}" style="{_BUTTON}">{escape(label)}</a></p>')
        body.append(f'<p style="{_SMALL};word-break:break-all">{escape(address)}</p>')
    foot = [f'<p style="{_SMALL}">{escape(content.why)}</p>']
    if ways:
        foot.append(f'<p style="{_SMALL}">{" · ".join(_linked(said, link) for said, link in ways)}</p>')
    return (
        f'<!doctype html>\n<html lang="{escape(texts.language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(content.subject)}</title></head>"
        '<body style="margin:0;background:#f4f4f6;font-family:system-ui,-apple-system,Segoe UI,Roboto,sans-serif">'
        '<div style="max-width:600px;margin:0 auto;padding:24px;background:#ffffff">'
        f'<p style="{_SMALL};font-weight:600">{escape(head.organization)}</p>'
        f'<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3;color:#1b1b1f">{escape(content.subject)}</h1>'
        + "\n".join(body)
        + '<hr style="border:0;border-top:1px solid #c7c7cf;margin:24px 0 16px">'
        + "\n".join(foot)
        + "</div></body></html>\n"
    )


def _linked(said: str, link: str | None) -> str:
    return f'<a href="{escape(link)}" style="color:#1f3a5f">{escape(said)}</a>' if link else escape(said)
