"""Turning values into pages: one Jinja environment a language, the pieces on hand as `ui`, everything escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.runtime import Macro
from markupsafe import Markup

from sealwright.locales import Texts, texts_for
from sealwright.services.papers import emblem_tone
from sealwright.web.auth.form_token import masked
from sealwright.web.panel import moments
from sealwright.web.panel.badges import BADGES, MARKERS
from sealwright.web.panel.page_form import FieldError, FormData
from sealwright.web.panel.static_urls import static_url

TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
PIECES: Final = "pieces"
FAULTS: Final = "form_errors.html"
_SHOWN_ENDS: Final = (10, 4)


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom a page is made: what filters and pieces must know beside their arguments.

    Args:
        form_token: The session's token for forms; empty for who is not signed in.
    """

    texts: Texts
    zone: tzinfo = UTC
    now: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    form_token: str = ""


_VIEWER: ContextVar[Viewer] = ContextVar("viewer")
# Lists of faults stand above the fields whose labels they name, so they are filled in when the page is complete.
_LATER: ContextVar[list[Mapping[str, object]] | None] = ContextVar("later", default=None)
_PLACE: Final = "<!-- faults %d -->"


@contextmanager
def seen_by(viewer: Viewer) -> Iterator[None]:
    """Whoever renders inside the block renders for this viewer."""
    token = _VIEWER.set(viewer)
    try:
        yield
    finally:
        _VIEWER.reset(token)


class Pieces:
    """The macros of templates/pieces by their name, wherever their file is; templates call them as ``ui.badge(…)``."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._macros: dict[str, Macro] | None = None

    def __getattr__(self, name: str) -> Macro:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._macros is None:
            self._macros = self._load()
        try:
            return self._macros[name]
        except KeyError as error:
            raise AttributeError(f"there is no piece {name}") from error

    def _load(self) -> dict[str, Macro]:
        found: dict[str, Macro] = {}
        for path in sorted((TEMPLATES / PIECES).glob("*.html")):
            module = self._environment.get_template(f"{PIECES}/{path.name}").module
            for name, macro in vars(module).items():
                if isinstance(macro, Macro) and not name.startswith("_"):
                    if name in found:
                        raise ValueError(f"the piece {name} is there twice")
                    found[name] = macro
        return found


@cache
def environment(language: str) -> Environment:
    """The templates in one language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    texts = texts_for(language).raw
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(  # type: ignore[attr-defined]
        texts.gettext, texts.ngettext, newstyle=True, pgettext=texts.pgettext, npgettext=texts.npgettext
    )
    made.filters.update(_FILTERS)
    made.globals.update(
        ui=Pieces(made),
        static=static_url,
        badge_of=BADGES.__getitem__,
        marker_of=MARKERS.__getitem__,
        form_token=_token,
        said=_said,
        faults_of=_faults_of,
    )
    return made


def render(template: str, values: Mapping[str, object], *, viewer: Viewer, block: str | None = None) -> str:
    """Render a template, or one of its blocks alone, for a viewer.

    Raises:
        KeyError: The template has no such block.
    """
    found = environment(viewer.texts.language).get_template(template)
    waiting: list[Mapping[str, object]] = []
    token = _LATER.set(waiting)
    try:
        with seen_by(viewer):
            if block is None:
                text = found.render(values)
            else:
                context = found.new_context(dict(values))
                text = "".join(found.blocks[block](context))
            for number, given in enumerate(waiting):
                text = text.replace(_PLACE % number, _listed(given))
    finally:
        _LATER.reset(token)
    return text


# -- filters and globals ---------------------------------------------------------------------------


def _viewer() -> Viewer:
    return _VIEWER.get()


def _token() -> str:
    token = _viewer().form_token
    return masked(token) if token else ""


def _faults_of(form: FormData, labels: Mapping[str, str]) -> Markup:
    """The list of a form's faults: a mark for it within a page, the list itself for a piece alone."""
    given = {"form": form, "labels": labels}
    waiting = _LATER.get()
    if waiting is None:
        return Markup(_listed(given))  # noqa: S704 - rendered from a template of ours
    waiting.append(given)
    return Markup(_PLACE % (len(waiting) - 1))  # noqa: S704 - a comment of ours


def _listed(given: Mapping[str, object]) -> str:
    return environment(_viewer().texts.language).get_template(FAULTS).render(given)


def _said(fault: FieldError) -> str:
    return _viewer().texts.gettext(fault.text, **dict(fault.values)) if fault.is_translated else fault.text


def _when(moment: datetime | None) -> Markup:
    """For lists: day and age."""
    if moment is None:
        return Markup("–")
    one = _viewer()
    text = f"{moments.day_text(moment, one.texts, one.zone)}, {moments.age_text(moment, one.now, one.texts)}"
    return _time(moment, text)


def _moment(moment: datetime | None) -> Markup:
    """For detail views: local time, and exact UTC as text."""
    if moment is None:
        return Markup("–")
    one = _viewer()
    utc = moments.utc_text(moment, one.texts)
    local = f"{moments.day_text(moment, one.texts, one.zone)}, {moments.clock_text(moment, one.texts, one.zone)}"
    return _time(moment, utc if one.zone is UTC else f"{local} ({utc})")


def _day(moment: datetime | date | None) -> Markup:
    if moment is None:
        return Markup("–")
    one = _viewer()
    return _time(moment, moments.day_text(moment, one.texts, one.zone))


def _age(moment: datetime) -> str:
    one = _viewer()
    return moments.age_text(moment, one.now, one.texts)


def _ago(moment: datetime) -> Markup:
    """For sentences: how long ago; a clock that runs ahead of ours makes nothing later than now."""
    one = _viewer()
    return _time(
        moment, one.texts.gettext("%(age)s ago", age=moments.age_text(min(moment, one.now), one.now, one.texts))
    )


def _span(seconds: float | None) -> str:
    return "–" if seconds is None else moments.span_text(seconds, _viewer().texts, exact=True)


def _num(number: float) -> str:
    return moments.number_text(number, _viewer().texts)


def _time(moment: datetime | date, text: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(moments.machine_text(moment), text)


def middle(text: object, front: int = _SHOWN_ENDS[0], back: int = _SHOWN_ENDS[1]) -> str:
    """Shorten an id in its middle: a DID keeps its method, everything keeps its last characters."""
    whole = str(text)
    if whole.startswith("did:"):
        front = max(front, whole.find(":", 4) + 5)
    return whole if len(whole) <= front + back + 1 else f"{whole[:front]}…{whole[-back:]}"


def initials(name: str) -> str:
    """Up to two letters for somebody's picture."""
    words = [word for word in name.split() if word[:1].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "?"


_FILTERS: Final[Mapping[str, Any]] = {
    "emblem_tone": emblem_tone,
    "when": _when,
    "moment": _moment,
    "day": _day,
    "age": _age,
    "ago": _ago,
    "span": _span,
    "num": _num,
    "middle": middle,
    "initials": initials,
}
