"""The letter of a report: aligned in plain text, a table in HTML, small and escaped however many types there are."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sealwright.domain.figures import rate
from sealwright.domain.reports import Period, PeriodFigures, Report, ReportEvery
from sealwright.locales import LANGUAGES
from sealwright.services.letters import LetterHead, write_report
from sealwright.services.letters.frame import LETTER_MAX_BYTES
from sealwright.services.letters.report import TYPES_SHOWN
from tests.unit.services.letters.test_letters import HOSTILE

HEAD = LetterHead("Oficina", "https://office.example")
STOP = "https://office.example/mail/stop/abc"
WEEK = Period(datetime(2026, 11, 9, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC))
JANUARY = Period(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC))


def figures(number: int, label: str | None = None) -> PeriodFigures:
    return PeriodFigures(
        credential_type=f"type_{number:03}",
        label=label or f"Type {number}",
        requested=12_345 + number,
        approved=30,
        rejected=10,
        revoked=number,
        approval_rate=rate(30, 40),
        median_seconds=7200,
        pending=2,
    )


def quiet(number: int) -> PeriodFigures:
    return replace(
        figures(number), requested=0, approved=0, rejected=0, revoked=0, approval_rate=None, median_seconds=None
    )


def report(
    *now: PeriodFigures, before: tuple[PeriodFigures, ...] = (), chosen: tuple[str, ...] | None = None
) -> Report:
    return Report(ReportEvery.WEEK, WEEK, now, before, chosen)


@pytest.mark.parametrize("language", LANGUAGES)
def test_300_types_with_hostile_labels_stay_small_and_escaped(language: str) -> None:
    many = tuple(figures(number, f"{number}{HOSTILE}" * 5) for number in range(300))
    letter = write_report(report(*many), language, HEAD, stop_link=STOP)
    assert len(letter.html.encode()) < LETTER_MAX_BYTES
    assert len(letter.text.encode()) < LETTER_MAX_BYTES
    assert "<img" not in letter.html
    assert "\u202e" not in letter.html + letter.text
    assert not re.search(r"<(script|link|iframe|object|video|style|base|form)\b", letter.html)
    assert "url(" not in letter.html
    for address in re.findall(r'(?:src|href)="([^"]*)"', letter.html):
        assert address.startswith("https://office.example")
    assert letter.html.count("<tr") == 2 * TYPES_SHOWN + 1
    assert str(300 - TYPES_SHOWN) in letter.text
    assert "%(" not in letter.text + letter.html + letter.subject


def test_the_widest_letters_stay_small() -> None:
    # Labels of which each sign takes four bytes, or becomes six characters in HTML.
    for sign in ("𠀀", '"', "&"):
        letter = write_report(report(*(figures(number, sign * 200) for number in range(300))), "en", HEAD)
        assert max(len(letter.html.encode()), len(letter.text.encode())) < LETTER_MAX_BYTES


def test_changes_are_told_beside_the_period_before() -> None:
    before = (figures(1), quiet(2))
    now = (replace(figures(1), requested=12_340, approved=33), quiet(2))
    letter = write_report(report(*now, before=before), "en", HEAD)
    assert "- Requests: 12,340, 6 fewer than the week before" in letter.text
    assert "- Approvals: 33, 3 more than the week before" in letter.text
    assert "- Rejections: 10, as many as the week before" in letter.text
    assert "- Pending now: 4" in letter.text
    assert re.search(r"^Type 1 +12,340 \(−6\) +33 \(\+3\) +10 +1 +75% +2 hr$", letter.text, re.MULTILINE)
    assert re.search(r"^Type 2 +0 +0 +0 +0 +– +–$", letter.text, re.MULTILINE)


def test_plain_text_stays_aligned_whatever_the_letters() -> None:
    letter = write_report(report(figures(1, "公共事業部門"), figures(2, "Ñandú"), figures(3, "مهندس")), "en", HEAD)
    lines = letter.text.splitlines()
    (rule,) = [place for place, line in enumerate(lines) if line.startswith("----")]
    first = len(lines[rule].split("  ")[0])
    wide = next(line for line in lines if line.startswith("公"))
    plain = next(line for line in lines if line.startswith("Ñ"))
    # Six letters of double width stand for twelve columns.
    assert len(wide) + 6 == len(plain) == len(lines[rule])
    assert lines[rule - 1].startswith("Credential Type".ljust(first))


def test_html_is_a_table_with_headings() -> None:
    letter = write_report(report(figures(1, "A & B")), "en", HEAD)
    assert letter.html.count('scope="col"') == 6
    assert '<th scope="rowgroup" colspan="6" align="left">A &amp; B</th>' in letter.html
    assert "<caption" in letter.html


def test_those_with_most_to_tell_come_first() -> None:
    letter = write_report(report(quiet(1), figures(2), *(figures(n) for n in range(10, 40))), "en", HEAD)
    assert "Type 1 " not in letter.text
    assert letter.text.index("Type 39 ") < letter.text.index("Type 38 ")
    assert "and 7 more types" in letter.text


def test_months_are_named_in_the_readers_language() -> None:
    monthly = Report(ReportEvery.MONTH, JANUARY, (figures(1),), (figures(1),))
    english, spanish = write_report(monthly, "en", HEAD), write_report(monthly, "es", HEAD)
    assert (english.subject, spanish.subject) == ("Your monthly report", "Su informe mensual")
    assert "The figures of January 2027, in UTC." in english.text
    assert "Las cifras de enero de 2027, en UTC." in spanish.text
    assert "12.346, igual que el mes anterior" in spanish.text


@pytest.mark.parametrize(
    ("chosen", "path"),
    [
        (None, "/analytics?span=30"),
        (("type_001",), "/analytics?span=30&type=type_001"),
        (("type_001", "type_002"), "/analytics?span=30&type=type_001&compare=type_002"),
        (("gone", "type_002"), "/analytics?span=30&type=type_002"),
        (("type_001", "type_002", "type_003"), "/analytics?span=30"),
    ],
)
def test_the_button_leads_to_the_page_with_the_same_filter(chosen: tuple[str, ...] | None, path: str) -> None:
    letter = write_report(report(figures(1), figures(2), figures(3), chosen=chosen), "en", HEAD)
    assert f"Open Analytics:\nhttps://office.example{path}\n" in letter.text


def test_the_foot_says_why_and_how_to_stop() -> None:
    letter = write_report(report(figures(1)), "en", HEAD, stop_link=STOP)
    assert "You get this because you chose a weekly report on the analytics page." in letter.text
    assert f"Stop letters of this kind:\n{STOP}\n" in letter.text
    assert "Choose which letters you get:\nhttps://office.example/analytics\n" in letter.text
