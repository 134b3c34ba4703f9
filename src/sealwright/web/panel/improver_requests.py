"""Asking for a credential and following the request: withdraw, reply, ask again (S12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.catalog import CredentialType, Visibility
from sealwright.domain.errors import DomainError, TypeNotFound
from sealwright.domain.requests import RequestState
from sealwright.locales import N_
from sealwright.services.claim_words import spelled_claims
from sealwright.services.papers import emblem_tone
from sealwright.services.review_values import NewRequest
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.errors import UnreadableJSON, VcError
from sealwright.web.panel.claims_form import claim_fields, read_claims
from sealwright.web.panel.improver import NEW, REQUESTS, Catalog, badges_of
from sealwright.web.panel.own_forms import form_of, save, tell
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealwright.domain.requests import HistoryEntry
    from sealwright.services.review_values import RequestDetail
    from sealwright.web.panel.page_call import PageCall

REQUEST_FORM: Final = Form(
    Field("claims.*", max_length=10_000),
    Field("answers.*"),
    Field("evidence", Kind.FILE, many=True),
    Field("kept", many=True, max_length=64),
    Field("note"),
    Field("consent", Kind.FLAG),
)
REPLY_FORM: Final = Form(
    Field("message", required=True),
    Field("evidence", Kind.FILE, many=True),
    Field("kept", many=True, max_length=64),
)
CONSENT: Final = N_("Tick this, so that the office may decide.")
_FORM_PAGE: Final = "improver/new_request.html"
_DETAIL: Final = "improver/request.html"


@dataclass(frozen=True, slots=True)
class TypeChoice:
    """A credential type that may be asked for, or why it cannot be now."""

    value: str
    label: str
    description: str | None
    criteria: str | None
    tone: int
    wait_seconds: int | None
    target_hours: int | None
    validity_days: int | None
    pending: str | None = None
    is_held: bool = False


# -- choosing and asking -----------------------------------------------------------------------------


def choose(page: PageCall) -> Reply:
    """GET /improver/requests/new: the public types."""
    catalog = Catalog(page)
    pending = {
        view.request.credential_type: view.request.request_id
        for view in page.office.intake.own(page.caller)
        if view.request.state is RequestState.PENDING
    }
    held = {one.credential_type for one in page.office.granting.own(page.caller) if one.is_in_force(page.now)}
    public = [one for one in catalog.visible if one.active and one.visibility is Visibility.PUBLIC]
    waits = page.office.analytics.usual_waits([one.value for one in public])
    choices = [_choice(one, page, waits, pending=pending.get(one.value), is_held=one.value in held) for one in public]
    return page.render("improver/choose.html", choices=choices, is_verified=page.person.verified)


def _choice(
    one: CredentialType, page: PageCall, waits: Mapping[str, int], *, pending: str | None = None, is_held: bool = False
) -> TypeChoice:
    return TypeChoice(
        one.value,
        one.label_in(page.appearance.language),
        one.description,
        one.criteria,
        emblem_tone(one.value),
        waits.get(one.value),
        one.target_hours,
        one.validity_days,
        pending,
        is_held,
    )


def _type(page: PageCall) -> CredentialType:
    found = page.office.catalog.get(page.caller, page.params["type"])
    if not found.active or found.visibility is Visibility.PRIVATE:
        raise TypeNotFound("No such credential type.")
    return found


def _schema(page: PageCall, schema_id: str) -> Mapping[str, object]:
    try:
        content = parse_json(page.office.schemas.get(schema_id).content)
    except (DomainError, UnreadableJSON):
        return {}
    return content if isinstance(content, dict) else {}


def show_form(page: PageCall, status: int = 200, kept: tuple[tuple[str, str], ...] = ()) -> Reply:
    """GET /improver/requests/new/{type}; of an earlier request named by `again` what was written comes back."""
    one = _type(page)
    earlier = _earlier(page)
    form = form_of(page, REQUEST_FORM)
    schema = _schema(page, one.schema_id)
    claims = earlier.view.request.claims if earlier is not None else None
    fields = [
        (field, form.under("claims.").get(field.pointer, "") if form.was_sent else field.value)
        for field in claim_fields(schema, claims)
        if field.is_asked
    ]
    answers = dict(earlier.view.request.answers) if earlier is not None else {}
    waits = page.office.analytics.usual_waits([one.value])
    return page.render(
        _FORM_PAGE,
        status=status,
        choice=_choice(one, page, waits),
        fields=fields,
        questions=[(f"answers.{place}", text, answers.get(text, "")) for place, text in enumerate(one.questions)],
        earlier=earlier.view.request if earlier is not None else None,
        kept=kept,
        request_form=form,
        action=f"{NEW}/{one.value}",
        is_verified=page.person.verified,
    )


def _earlier(page: PageCall) -> RequestDetail | None:
    wanted = page.query.text("again")
    return page.office.intake.own_one(page.caller, wanted) if wanted else None


def ask(page: PageCall) -> Reply:
    """POST /improver/requests/new/{type}."""
    one, form = _type(page), page.form
    claims, faults = read_claims(_schema(page, one.schema_id), form.under("claims."))
    for fault in faults:
        form.fail(f"claims.{fault.pointer}", fault.text)
    if not form.flag("consent"):
        form.fail("consent", CONSENT)
    kept = _keep_files(page)

    def act() -> tuple[str, Toast | None]:
        wish = NewRequest(
            credential_type=one.value,
            allow_unlisted=one.visibility is Visibility.UNLISTED,
            claims=claims or None,
            evidence=tuple(attachment_id for attachment_id, _ in kept),
            answers=_answers(form.under("answers."), one.questions),
            note=form.optional("note"),
        )
        made = page.act(lambda uow, me: page.office.intake.request(uow, me, wish))
        said = page._("Your request is with the office. You hear of its decision by mail and here.")
        return f"{REQUESTS}/{made.request.request_id}", Toast(said)

    return save(page, lambda status: show_form(page, status, kept), act)


def _answers(given: Mapping[str, str], questions: tuple[str, ...]) -> dict[str, str]:
    return {text: given[str(place)] for place, text in enumerate(questions) if given.get(str(place))}


def _keep_files(page: PageCall) -> tuple[tuple[str, str], ...]:
    """Take the files in before anything else is judged: a browser does not send them again after a fault.

    Gives id and name of every file that goes with the form.
    """
    kept: list[tuple[str, str]] = []
    for attachment_id in page.form.many("kept"):
        try:
            known = page.office.attachments.get(page.caller, attachment_id)
        except DomainError:
            continue
        kept.append((known.attachment_id, known.name))
    for upload in page.form.files("evidence"):
        try:
            made = page.act(
                lambda uow, me, one=upload: page.office.attachments.upload(uow, me, one.name, one.content)  # type: ignore[misc]
            )
        except (DomainError, VcError) as error:
            tell(page, error, {"file": "evidence", "": "evidence"})
            continue
        kept.append((made.attachment_id, made.name))
    return tuple(dict(kept).items())


# -- following a request -------------------------------------------------------------------------------


def show(page: PageCall, status: int = 200, kept: tuple[tuple[str, str], ...] = ()) -> Reply:
    """GET /improver/requests/{id}."""
    detail = page.office.intake.own_one(page.caller, page.params["id"])
    request = detail.view.request
    catalog = Catalog(page)
    grant = detail.view.grant
    is_pending = request.state is RequestState.PENDING
    type_open = detail.type is not None and detail.type.active and detail.type.visibility is not Visibility.PRIVATE
    return page.render(
        _DETAIL,
        status=status,
        detail=detail,
        request=request,
        grant=grant,
        credential_href=f"/improver/credentials/{grant.credential_id}"
        if grant is not None and grant.credential_id
        else None,
        label=catalog.label(request.credential_type),
        tone=emblem_tone(request.credential_type),
        badges=badges_of(detail.view),
        entries=[_entry(page, detail, entry) for entry in detail.history],
        claims=list(spelled_claims(request.claims or {})),
        question=_question(detail) if is_pending and request.needs_info else None,
        again=f"{NEW}/{request.credential_type}?again={request.request_id}"
        if request.state in {RequestState.REJECTED, RequestState.WITHDRAWN} and type_open
        else None,
        reply_form=form_of(page, REPLY_FORM),
        kept=kept,
    )


_CAUSES: Final[Mapping[str, tuple[str, str | None, str]]] = {
    "requested": ("inbox", None, N_("asked for this credential")),
    "asked": ("question", "info", N_("asks for more information")),
    "replied": ("note", None, N_("replied")),
    "assigned": ("user", None, N_("takes care of the request")),
    "endorsed": ("people", None, N_("endorsed the request; a second reviewer decides")),
    "withdrawn": ("dash", "neutral", N_("withdrew the request")),
    "undone": ("undo", None, N_("took the decision back")),
}
_DECIDED: Final[Mapping[RequestState, tuple[str, str | None, str]]] = {
    RequestState.APPROVED: ("check", "approved", N_("approved the request")),
    RequestState.REJECTED: ("cross", "rejected", N_("rejected the request")),
    RequestState.PENDING: ("clock", "pending", N_("put the request back into the queue")),
}


def _entry(page: PageCall, detail: RequestDetail, entry: HistoryEntry) -> dict[str, Any]:
    known = _DECIDED.get(entry.to_state) if entry.cause == "decided" else _CAUSES.get(entry.cause)
    icon, tone, text = known or ("note", None, N_("changed the request"))
    actor = detail.people.get(entry.actor)
    if entry.actor == page.person.user_id:
        name = page.person.display_name
    else:
        name = actor.display_name if actor is not None else page._("The office")
    return {
        "icon": icon,
        "tone": tone,
        "actor": name,
        "text": page._(text),
        "at": entry.at,
        "note": entry.message,
        "lang": None,
        "todo": False,
    }


def _question(detail: RequestDetail) -> str | None:
    return next((one.message for one in reversed(detail.history) if one.cause == "asked"), None)


def reply(page: PageCall) -> Reply:
    """POST /improver/requests/{id}/reply."""
    request_id = page.params["id"]
    kept = _keep_files(page)

    def act() -> tuple[str, Toast | None]:
        evidence = [attachment_id for attachment_id, _ in kept]
        page.act(lambda uow, me: page.office.intake.reply(uow, me, request_id, page.form.text("message"), evidence))
        return f"{REQUESTS}/{request_id}", Toast(page._("Your reply is sent. The request keeps its place."))

    return save(page, lambda status: show(page, status, kept), act)


def confirm_withdrawal(page: PageCall) -> Reply:
    """GET /improver/requests/{id}/withdraw: taking it back is for good, so it is asked once."""
    detail = page.office.intake.own_one(page.caller, page.params["id"])
    return page.render(
        "improver/withdraw.html",
        dialog="dialog",
        request=detail.view.request,
        label=Catalog(page).label(detail.view.request.credential_type),
        back=f"{REQUESTS}/{page.params['id']}",
    )


def withdraw(page: PageCall) -> Reply:
    """POST /improver/requests/{id}/withdraw."""
    request_id = page.params["id"]

    def act() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.intake.withdraw(uow, me, request_id))
        return f"{REQUESTS}/{request_id}", Toast(page._("Your request is withdrawn. You may ask again."))

    return save(page, lambda status: show(page, status), act)


_M: Final = PageAudience.IMPROVER
_ONE: Final = f"{REQUESTS}/{{id}}"

PAGES: Final = (
    PageRoute("GET", NEW, _M, choose),
    PageRoute("GET", f"{NEW}/{{type}}", _M, show_form, query=Form(Field("again", max_length=64))),
    PageRoute("POST", f"{NEW}/{{type}}", _M, ask, form=REQUEST_FORM, uploads=True),
    PageRoute("GET", _ONE, _M, show),
    PageRoute("POST", f"{_ONE}/reply", _M, reply, form=REPLY_FORM, uploads=True),
    PageRoute("GET", f"{_ONE}/withdraw", _M, confirm_withdrawal),
    PageRoute("POST", f"{_ONE}/withdraw", _M, withdraw),
)
