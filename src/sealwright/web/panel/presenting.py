"""Asking a wallet in person: which credential, which claims; a code to scan; the verdict once it has answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwright.domain.errors import MalformedBody, TypeNotFound
from sealwright.domain.presenting import PresentationState
from sealwright.locales import N_
from sealwright.services.claim_words import member_words, spelled_claims
from sealwright.services.presentation_judging import DECLINED
from sealwright.services.presenting import MadeRequest
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.web.panel.page_form import Field, Form, FormData
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.qr import qr_svg
from sealwright.web.panel.verify_words import Line, kept_lines
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.services.presentation_kinds import AskableKind
    from sealwright.web.panel.page_call import PageCall

ASK: Final = "/verify/ask"
_ONE: Final = f"{ASK}/{{id}}"
_READ: Final = f"{ASK}/{{id}}/{{reader}}"
_TYPE: Final = Field("type", max_length=128)
ASK_QUERY: Final = Form(_TYPE)
SEEN_QUERY: Final = Form(Field("seen", max_length=16))
ASK_FORM: Final = Form(Field("type", required=True, max_length=128), Field("claims", many=True, max_length=256))
_CHOOSE: Final = "verify/ask.html"
_ASKED: Final = "verify/asked.html"
_GONE: Final = N_("Choose a credential from the list.")

_SENTENCES: Final[Mapping[str, str]] = {
    "valid": N_("The wallet showed it, and proved that it is for its holder. Every check that applies has passed."),
    "invalid": N_("At least one check failed. Do not rely on it."),
    "open": N_("Nothing failed, but a check is open, so this is not a Valid. Do not rely on it yet."),
}


@dataclass(frozen=True, slots=True)
class ShownResult:
    """What a wallet showed, in words."""

    verdict: str
    sentence: str
    lines: tuple[Line, ...]
    credential_lines: tuple[Line, ...]
    issuer: str
    is_own: bool
    claims: tuple[tuple[str, str], ...]


def choose(page: PageCall) -> Reply:
    """GET /verify/ask: first which credential, then which of its claims."""
    return _choose(page, page.query.text("type"), FormData.blank(ASK_FORM))


def ask(page: PageCall) -> Reply:
    """POST /verify/ask."""
    form = page.form
    if form.errors:
        return _choose(page, form.text("type"), form, status=422)
    try:
        made = page.office.presenting.ask_now(page.signed_in, form.text("type"), form.many("claims"))
    except (TypeNotFound, MalformedBody):
        form.fail("type", _GONE)
        return _choose(page, "", form, status=422)
    return page.redirect(_path_of(made))


def show_own(page: PageCall) -> Reply:
    """GET /verify/ask/{id}: for whoever asked while signed in."""
    return _show(page, page.office.presenting.own(page.caller, page.params["id"]))


def show(page: PageCall) -> Reply:
    """GET /verify/ask/{id}/{reader}: for whoever holds the address that was given out."""
    return _show(page, page.office.presenting.by_reader(page.params["id"], page.params["reader"]))


def _choose(page: PageCall, name: str, form: FormData, *, status: int = 200) -> Reply:
    kinds = page.office.presenting.kinds(page.signed_in)
    language = page.texts.language
    chosen = next((one for one in kinds if one.name == name), None)
    return page.render(
        _CHOOSE,
        status=status,
        form=form,
        kinds=[(one.name, _label(one, language)) for one in kinds],
        chosen=chosen,
        label=_label(chosen, language) if chosen is not None else "",
        claims=[(one, member_words(one)) for one in chosen.claims] if chosen is not None else [],
    )


def _show(page: PageCall, made: MadeRequest) -> Reply:
    request = made.request
    # A question in a program's own words is named by no type.
    label = _label(made.kind, page.texts.language) or page._("Credential")
    is_waiting = request.state in (PresentationState.CREATED, PresentationState.FETCHED)
    if page.is_partial and page.query.text("seen") == request.state.value:
        return Reply(204, b"", None, tuple(page.headers))
    page.headers.append((b"x-robots-tag", b"noindex"))
    return page.render(
        _ASKED,
        partial="state",
        path=_path_of(made),
        label=label,
        asked=[member_words(one) for one in request.claims],
        state=request.state.value,
        is_waiting=is_waiting,
        svg=qr_svg(made.deep_link, page._("Code for a wallet: %(type)s", type=label)) if is_waiting else None,
        link=made.deep_link,
        answer_by=made.answer_by,
        answered_at=request.answered_at,
        kept_until=request.expires_at,
        declined=request.report is not None and request.report.get("verdict") == DECLINED,
        result=_result(page, request.report),
    )


def _result(page: PageCall, report: Mapping[str, JSONValue] | None) -> ShownResult | None:
    if report is None or report.get("verdict") == DECLINED:
        return None
    verdict = str(report["verdict"])
    # One that was kept by an earlier version tells of its one credential at the top.
    shown = _objects(report.get("credentials")) or [dict(report)]
    checks = [check for one in shown for check in _objects(_object(one.get("credentialReport")).get("checks"))]
    issuer = _object(report.get("issuer"))
    return ShownResult(
        verdict=verdict,
        sentence=page._(_SENTENCES[verdict]),
        lines=tuple(kept_lines(page, _objects(report.get("checks")))),
        credential_lines=tuple(kept_lines(page, checks)),
        issuer=str(issuer.get("name") or issuer.get("did") or ""),
        is_own=issuer.get("isOwn") is True,
        claims=tuple(line for one in shown for line in spelled_claims(_object(one.get("claims")))),
    )


def _object(value: JSONValue) -> dict[str, JSONValue]:
    return value if isinstance(value, dict) else {}


def _objects(value: JSONValue) -> Sequence[dict[str, JSONValue]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _label(kind: AskableKind | None, language: str) -> str:
    if kind is None:
        return ""
    return kind.label_in(language) if kind.type is not None else member_words(kind.label_in(language))


def _path_of(made: MadeRequest) -> str:
    path = f"{ASK}/{made.request.presentation_id}"
    return f"{path}/{made.reader}" if made.reader is not None else path


PAGES: Final = (
    PageRoute("GET", ASK, PageAudience.ANYONE, choose, query=ASK_QUERY),
    PageRoute("POST", ASK, PageAudience.ANYONE, ask, form=ASK_FORM),
    PageRoute("GET", _ONE, PageAudience.SIGNED_IN, show_own, query=SEEN_QUERY, quiet=True),
    PageRoute("GET", _READ, PageAudience.ANYONE, show, query=SEEN_QUERY, quiet=True),
)
