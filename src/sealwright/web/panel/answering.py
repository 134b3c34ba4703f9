"""Answering a verifier's request from one's own pages: what is asked, what would be shown, and the one act that shows.

The verifier's link is pasted here, or leads here. Nothing is shown before its holder says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from sealwright.domain.delivery_errors import PresentationNotFound
from sealwright.domain.errors import CredentialErased
from sealwright.domain.people import AccountRole
from sealwright.locales import N_
from sealwright.services.answering import Chosen
from sealwright.services.claim_words import member_words, spelled_claims
from sealwright.services.deriving import source_of
from sealwright.services.verify_content import content_of
from sealwright.vc.errors import VcError
from sealwright.web.panel.credential import OWN
from sealwright.web.panel.own_forms import answer
from sealwright.web.panel.page_form import Field, Form, FormData
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.toasts import Toast
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.services.answering import AskedPart, Offered, Preview
    from sealwright.web.panel.page_call import PageCall

ANSWER: Final = "/improver/answer"
_TEMPLATE: Final = "credential/answer.html"
_REQUEST: Final = Field("request", max_length=4096)
QUERY: Final = Form(_REQUEST)
_PART: Final = "part:"
ANSWER_FORM: Final = Form(Field("request", required=True, max_length=4096), Field(f"{_PART}*", max_length=600))
# Each is derived to be looked at; nobody reads more.
_OFFERED_MOST: Final = 8
_NO_REQUEST: Final = N_("No request of this office stands behind this link, or its time is over.")
_NOTHING: Final = N_("Choose what to show.")


@dataclass(frozen=True, slots=True)
class Option:
    """A credential that would answer, and everything that would be seen of its claims.

    Args:
        is_whole: It is shown with all that it says, asked for or not.
    """

    credential_id: str
    label: str
    issuer: str
    claims: tuple[tuple[str, str], ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class PartLine:
    """One thing that is asked for.

    Args:
        is_needed: Whether the shortest answer has it.
        unmet: Why nothing answers it; empty where something does.
    """

    field: str
    name: str
    purpose: str
    asked: tuple[str, ...]
    options: tuple[Option, ...]
    is_needed: bool
    unmet: str


def show(page: PageCall) -> Reply:
    """GET /improver/answer: what is asked, or the field for the verifier's link."""
    request = page.query.text("request")
    return _page(page, FormData.blank(ANSWER_FORM), request)


def send(page: PageCall) -> Reply:
    """POST /improver/answer: show what was chosen, and exactly that."""
    form = page.form
    request = form.text("request")
    chosen = [Chosen(part, credential) for part, credential in form.under(_PART).items() if credential]
    if not chosen and not form.errors:
        form.fail("", _NOTHING)

    def act() -> Reply:
        try:
            verifier = page.office.answering.open(page.caller, request).verifier
            page.office.answering.answer(page.caller, request, chosen)
        except PresentationNotFound:
            form.fail("request", _NO_REQUEST)
            return _page(page, form, "", 422)
        said = Toast(page._("Shown to %(name)s, and to nobody else.", name=verifier))
        return page.done(_list_of(page) or ANSWER, said)

    return answer(page, partial(_again, page), act)


def _again(page: PageCall, status: int) -> Reply:
    return _page(page, page.form, page.form.text("request"), status)


def _page(page: PageCall, form: FormData, request: str, status: int = 200) -> Reply:
    asked: Preview | None = None
    if request:
        try:
            asked = page.office.answering.open(page.caller, request)
        except PresentationNotFound:
            form.fail("request", _NO_REQUEST)
            status = 422
    suggested = asked.suggested or () if asked is not None else ()
    parts = [_part(page, one, suggested) for one in asked.parts] if asked is not None else []
    return page.render(
        _TEMPLATE,
        status=status,
        answer_form=form,
        request=request,
        asked=asked,
        parts=parts,
        can_answer=bool(suggested) and any(one.options for one in parts),
        list_of_own=_list_of(page),
    )


def _list_of(page: PageCall) -> str:
    """Where one's credentials are listed; empty for people without the account role that has this page."""
    return OWN if page.caller.has_role(AccountRole.IMPROVER) else ""


def _part(page: PageCall, one: AskedPart, suggested: tuple[str, ...]) -> PartLine:
    # What shows least stands first, and is what is ticked.
    ready = sorted((offered for offered in one.offered if offered.hindrance is None), key=lambda it: it.is_whole)
    shown = (_option(page, offered) for offered in ready)
    options = tuple(islice((option for option in shown if option is not None), _OFFERED_MOST))
    return PartLine(
        field=f"{_PART}{one.part.part_id}",
        name=one.part.name or (options[0].label if options else one.part.part_id),
        purpose=one.part.purpose or "",
        asked=tuple(_asked_words(text) for text in one.asked),
        options=options,
        is_needed=one.part.part_id in suggested,
        unmet="" if options else page._("None of your credentials answers this."),
    )


def _option(page: PageCall, offered: Offered) -> Option | None:
    """What would be seen of a credential; None where it cannot be shown, as under a key that is known to be out."""
    record = offered.record
    try:
        shown = source_of(record) if offered.is_whole else page.office.deriving.shown(record, offered.pointers)
    except (CredentialErased, VcError):
        return None
    content = content_of(shown)
    issuer = page.view().did(record.issuer_did)
    name = next((one for one in record.types if one != "VerifiableCredential"), "VerifiableCredential")
    return Option(
        credential_id=record.credential_id,
        label=member_words(name),
        issuer=(issuer.name if issuer is not None else None) or record.issuer_did,
        claims=tuple(spelled_claims(content.claims)),
        is_whole=offered.is_whole,
    )


def _asked_words(path: str) -> str:
    """A path of a question in words: ``$.credentialSubject.degree.name`` and ``/degree/name`` are “Degree, name”."""
    steps = [one for one in path.replace("$", "").replace("/", ".").split(".") if one]
    inner = [one for one in steps if one not in ("credentialSubject", "vc")] or steps
    words = [member_words(one) for one in inner]
    return ", ".join([*words[:1], *(one.lower() for one in words[1:])])


PAGES: Final = (
    PageRoute("GET", ANSWER, PageAudience.SIGNED_IN, show, query=QUERY),
    PageRoute("POST", ANSWER, PageAudience.SIGNED_IN, send, form=ANSWER_FORM),
)
