"""The pieces in process: markup is text everywhere, states are told apart, colors reach their contrast."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any, Final

import pytest
from jinja2 import TemplateError

from sealwright.locales import texts_for
from sealwright.web.panel.badges import BADGES, MARKERS
from sealwright.web.panel.page_form import Field, Form, FormData, Kind
from sealwright.web.panel.paging import Paging
from sealwright.web.panel.rendering import TEMPLATES, Viewer, environment, initials, middle, seen_by
from sealwright.web.panel.static_urls import FOLDER, static_files
from sealwright.web.panel.toasts import Toast

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
MARKUP: Final = "<b onclick=x>&amp; “x”</b>"
STYLES: Final = (FOLDER / "static" / "app.css").read_text(encoding="utf-8")
ICONS: Final = static_files()["icons.svg"].content.decode("utf-8")


def piece(source: str, language: str = "en", token: str = "", **values: Any) -> str:
    """Render a line of template in which the pieces are on hand."""
    with seen_by(Viewer(texts_for(language), UTC, NOON, token)):
        return environment(language).from_string(source).render(values)


# -- markup is text --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "{{ ui.avatar(x) }}",
        "{{ ui.marker('files', x) }}",
        "{{ ui.ident(x, x) }}",
        "{{ ui.tabs(x, [(x, x, 1, true)]) }}",
        "{{ ui.empty('check', x, x, x) }}",
        "{{ ui.problem(x, x, code=x, request_id=x, retry=x) }}",
        "{{ ui.effect_line(x) }}",
        "{{ ui.code_view(x, x, formats=[(x, x, true)], download=x) }}",
        "{{ ui.secret_once(x, x, x) }}",
        "{{ ui.verdict('valid', x) }}",
        "{{ ui.checks([(x, x, 'passed')]) }}",
        "{{ ui.stat_strip(x, [{'value': x, 'label': x, 'href': x, 'late': true}]) }}",
        "{{ ui.steps([x], 0) }}",
        "{{ ui.find('q', x, x) }}{{ ui.pick('p', x, x, [(x, x)]) }}{{ ui.picks('p', x, [x], [(x, x)]) }}",
        "{{ ui.active_filters(x, chips=[(x, x)], clear=x, views=[(x, x, 1, true)]) }}",
        "{% call ui.dialog_form(x, subtitle=x, close=x, position=x, name=x) %}{{ x }}{% endcall %}",
        "{{ ui.history([{'icon': 'note', 'tone': none, 'actor': x, 'text': x, 'at': none, 'note': x, 'lang': none,"
        " 'todo': false}]) }}",
    ],
)
def test_markup_in_values_is_text(source: str) -> None:
    text = piece(source, x=MARKUP)
    assert "<b onclick" not in text
    # Attributes end where they should: no quote of a value gets out.
    assert "onclick=x>" not in re.sub(r"&lt;b onclick=x&gt;", "", text)


def test_undefined_name_in_a_template_is_an_error() -> None:
    with pytest.raises(TemplateError):
        piece("{{ nobody_has_set_this }}")


def test_unknown_piece_is_an_error() -> None:
    with pytest.raises((TemplateError, AttributeError)):
        piece("{{ ui.no_such_piece() }}")


# -- one table of states ---------------------------------------------------------------------------


@pytest.mark.parametrize("state", BADGES)
def test_badge_has_icon_word_and_color(state: str) -> None:
    text = piece("{{ ui.badge(x) }}", x=state)
    one = BADGES[state]
    assert f">{one.word}</span>" in text
    assert f"#i-{one.icon}" in text
    assert f'id="i-{one.icon}"' in ICONS
    assert f".b-{one.tone} " in STYLES


def test_states_that_differ_never_share_icon_and_color() -> None:
    looks = {}
    for state, one in BADGES.items():
        looks.setdefault((one.tone, one.icon), set()).add(one.word)
        assert state == state.lower()
    shared = {words for look, words in ((look, frozenset(words)) for look, words in looks.items()) if len(words) > 1}
    # What has ended in a like way, and what two stages of issuing are called, may look alike: their words differ.
    assert shared <= {
        frozenset({"Withdrawn", "Declined", "Canceled", "Draft", "Inactive", "Retired", "Skipped", "Void"}),
        frozenset({"Issued", "Valid"}),
        frozenset({"Pending", "Signing"}),
        frozenset({"Rejected", "Issuing failed"}),
    }


def test_promised_words_stand_as_the_guide_has_them() -> None:
    words = {state: BADGES[state].word for state in ("pending", "approved", "rejected")}
    assert words == {"pending": "Pending", "approved": "Approved", "rejected": "Rejected"}


def test_never_more_than_three_badges_in_a_cell() -> None:
    assert piece("{{ ui.badges(x) }}", x=list(BADGES)).count('class="badge b-') == 3


def test_every_icon_that_templates_name_is_drawn() -> None:
    drawn = set(re.findall(r'id="i-([a-z-]+)"', ICONS))
    named = {marker.icon for marker in MARKERS.values()} | {badge.icon for badge in BADGES.values()}
    for path in TEMPLATES.rglob("*.html"):
        named |= set(re.findall(r'ui\.icon\("([a-z-]+)"', path.read_text(encoding="utf-8")))
    assert named - drawn == set()


# -- colors ----------------------------------------------------------------------------------------


def tokens(theme: str) -> dict[str, str]:
    """Colors by token in a theme, read from the stylesheet."""
    head = {"light": ':root:not([data-theme="dark"]) {', "dark": ':root[data-theme="dark"] {'}[theme]
    block = STYLES.partition(head)[2].partition("\n}")[0]
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", block))


def luminance(color: str) -> float:
    """Relative luminance. Spec: WCAG 2.2, "relative luminance"."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    bright, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_badges_reach_their_contrast(theme: str) -> None:
    colors = tokens(theme)
    for tone in {one.tone for one in BADGES.values()}:
        assert contrast(colors[f"b-{tone}"], colors[f"b-{tone}-ink"]) >= 7, f"{tone} in {theme}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_and_controls_reach_their_contrast(theme: str) -> None:
    colors = tokens(theme)
    for ground in ("paper", "card", "sunk"):
        assert contrast(colors["ink"], colors[ground]) >= 7
        assert contrast(colors["muted"], colors[ground]) >= 5.5
        assert contrast(colors["accent"], colors[ground]) >= 4.5
        assert contrast(colors["edge"], colors[ground]) >= 3
    assert contrast(colors["accent"], colors["accent-ink"]) >= 4.5
    assert contrast(colors["danger"], colors["danger-ink"]) >= 4.5
    for number in range(1, 7):
        assert contrast(colors[f"p{number}"], colors["card"]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_states_are_told_apart_in_gray(theme: str) -> None:
    """By icon and word always; Revoked by its ground too, so that it is not taken for Rejected."""
    colors = tokens(theme)
    assert contrast(colors["b-revoked"], colors["b-rejected"]) >= 3
    for first, second in combinations(("pending", "approved", "rejected"), 2):
        assert BADGES[first].icon != BADGES[second].icon


def test_colors_stand_in_the_token_blocks_alone() -> None:
    _, _, rest = STYLES.partition("/* QR codes")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)", re.sub(r"url\([^)]*\)", "", rest)) == []
    assert "rgb(" not in rest


def test_both_dark_blocks_are_the_same() -> None:
    by_system = STYLES.partition("@media (prefers-color-scheme: dark)")[2].partition("\n}\n}")[0]
    assert dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", by_system)) == tokens("dark")


# -- fields ----------------------------------------------------------------------------------------

FORM: Final = Form(
    Field("note", required=True, max_length=5, label="Reason"),
    Field("hours", Kind.NUMBER),
    Field("kind", Kind.CHOICE, choices=("a", "b")),
    Field("types", many=True),
)


def test_field_ties_its_fault_and_help_and_keeps_what_was_typed() -> None:
    data = FORM.read([("note", "far too long"), ("hours", "soon")])
    text = piece('{{ ui.field(f, "note", "Reason", help="Shown to nobody.") }}', f=data)
    assert 'aria-describedby="f-note-help f-note-err"' in text
    assert 'aria-invalid="true"' in text
    assert 'value="far too long"' in text
    assert "At most 5 characters, please; there are 12." in text
    assert "(required)" in text


def test_password_never_comes_back() -> None:
    data = FORM.read([("note", "x")])
    assert "value" not in piece('{{ ui.field(f, "note", "Password", type="password") }}', f=data)


def test_faults_are_listed_with_links_and_names() -> None:
    data = FORM.read([("hours", "soon")])
    text = piece("{{ ui.form_errors(f, labels={'hours': 'Target hours'}) }}", f=data)
    assert "2 things are not right yet." in text
    assert '<a href="#f-note">Reason: Please fill this in.</a>' in text
    assert '<a href="#f-hours">Target hours: Give a whole number, such as 72.</a>' in text
    assert "Rellene este campo." in piece("{{ ui.form_errors(f) }}", "es", f=data)


def test_blank_form_shows_no_fault() -> None:
    assert piece("{{ ui.form_errors(f) }}", f=FormData.blank(FORM)) == ""


def test_form_token_stands_only_where_somebody_is_signed_in() -> None:
    assert piece("{{ ui.csrf() }}") == ""
    assert 'name="csrf_token"' in piece("{{ ui.csrf() }}", token="0" * 64)


# -- lists -----------------------------------------------------------------------------------------


def paging(page: int, total: int, count: int = 20) -> Paging:
    return Paging(page, count, total, lambda **changes: f"?{changes}")


def test_next_is_absent_on_the_last_page_also_when_it_is_full() -> None:
    assert paging(2, 40).next_href is None
    assert paging(1, 40).next_href is not None
    assert paging(1, 0).pages == 1
    text = piece('{{ ui.page_bar(p, "40 requests") }}', p=paging(2, 40))
    assert "Page 2 of 2 (40 requests)" in text
    assert ">Next<" not in text
    assert "Previous" in text


def test_toast_with_undo_carries_a_form_and_a_quiet_count() -> None:
    text = piece("{{ ui.toast(t) }}", t=Toast("Approved.", "/issuer/requests/1/undo", 10), token="0" * 64)
    assert 'action="/issuer/requests/1/undo"' in text
    assert 'aria-hidden="true" data-seconds="10"' in text
    assert "data-passing" not in text


def test_times_are_said_for_people_and_machines() -> None:
    assert piece("{{ x | when }}", x=NOON - timedelta(days=3)) == (
        '<time datetime="2026-11-17T12:00:00Z">17 Nov 2026, 3 d</time>'
    )
    assert "UTC" in piece("{{ x | moment }}", x=NOON)
    assert piece("{{ x | day }}", "es", x=NOON) == '<time datetime="2026-11-20T12:00:00Z">20 nov 2026</time>'
    assert piece("{{ 120960 | span }} {{ 30 | span }} {{ 3600 | span }}") == "1.4 d 30 s 1 h"
    assert piece("{{ x | age }}", x=NOON + timedelta(hours=2)) == "in 2 h"


def test_ids_are_shortened_in_their_middle() -> None:
    assert middle("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK") == "did:key:z6Mk…2doK"
    assert middle("short") == "short"
    assert [initials(name) for name in ("María Muñoz", "陳大文", "", "<b>")] == ["MM", "陳", "?", "?"]
