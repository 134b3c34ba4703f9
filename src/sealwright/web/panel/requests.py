"""One credential request: reading it, deciding on it, and everything short of a decision (S5)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.errors import DomainError, NotFound, VersionConflict
from sealwright.domain.requests import RequestState
from sealwright.locales import N_
from sealwright.services.review_values import Decision
from sealwright.vc.errors import VcError
from sealwright.web.panel.claims_form import read_claims
from sealwright.web.panel.effect_words import EffectLine, effect_line
from sealwright.web.panel.issuer import labels_of, types_of
from sealwright.web.panel.page_call import PageCall, Toast
from sealwright.web.panel.page_form import REQUIRED, Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.queue_filters import FILTER_FIELDS, filter_of, kept_query, queue_path
from sealwright.web.panel.refusal_words import fault_words, refusal_words
from sealwright.web.panel.request_view import claims_to_ask, detail_values, schema_of
from sealwright.web.problems import problem_for
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealwright.domain.catalog import CredentialType
    from sealwright.services.review_values import Decided, RequestDetail

TEMPLATE: Final = "issuer/request.html"
STATE_CHOICES: Final = tuple(one.value for one in (RequestState.PENDING, RequestState.APPROVED, RequestState.REJECTED))
CLAIMS: Final = "claims."
NOTHING_CHANGED: Final = N_("Nothing was changed, so nothing was saved.")

WHERE: Final = Form(*FILTER_FIELDS, Field("choose", Kind.CHOICE, choices=STATE_CHOICES), Field("version", Kind.NUMBER))
DECISION: Final = Form(
    Field("state", Kind.CHOICE, choices=STATE_CHOICES),
    Field("quick", Kind.CHOICE, choices=STATE_CHOICES),
    Field("shown", Kind.CHOICE, choices=STATE_CHOICES),
    Field("version", Kind.NUMBER),
    Field("note", max_length=2000),
    Field("message", max_length=2000),
    Field("expires", Kind.DATE),
    Field("item", many=True, max_length=500),
    Field(f"{CLAIMS}*", max_length=20_000),
)
WORDS: Final = Form(Field("message", required=True, max_length=2000))
ASSIGN: Final = Form(Field("assignee", max_length=255))


def show(page: PageCall) -> Reply:
    """GET /issuer/requests/{id}."""
    detail = page.office.review.get(page.caller, page.params["id"])
    return _page(page, detail, chosen=page.query.choice("choose", ""))


def _page(
    page: PageCall,
    detail: RequestDetail,
    *,
    chosen: str = "",
    status: int = 200,
    effect: EffectLine | None = None,
    conflict: bool = False,
) -> Reply:
    types = types_of(page)
    request = detail.view.request
    state = chosen or request.state.value
    can_decide = not detail.view.is_yours and request.state is not RequestState.WITHDRAWN
    if effect is None and can_decide and state != request.state.value:
        effect = _foreseen(page, detail, RequestState(state), types)
    form = page.form if page.form.form is DECISION else page.fresh_form(DECISION)
    return page.render(
        TEMPLATE,
        partial="dialog",
        dialog="dialog",
        status=status,
        **detail_values(page, detail, labels_of(page, types)),
        **_around(page, detail, types),
        form=form,
        state=state,
        effect=effect,
        conflict=conflict,
        can_decide=can_decide,
        end=_end_of(page, detail),
        claim_inputs=claims_to_ask(page, detail),
        ask_form=page.form if page.form.form is WORDS else page.fresh_form(WORDS),
        assign_form=page.fresh_form(ASSIGN),
        assignable=[
            (one.user_id, one.display_name)
            for one in page.office.review.reviewers(page.caller, request.request_id)
            if one.user_id != request.user_id
        ],
    )


def _around(page: PageCall, detail: RequestDetail, types: Mapping[str, CredentialType]) -> dict[str, Any]:
    """Where the request stands in the list that the viewer came from."""
    kept = kept_query(page.query)
    wanted = filter_of(page, page.query, types)
    before, after = page.office.review.neighbors(page.caller, wanted, detail.view.request.request_id)
    also = f"?{kept}" if kept else ""
    return {
        "kept": kept,
        "also": also,
        "back": queue_path(page.query),
        "previous": f"/issuer/requests/{before}{also}" if before else None,
        "next": f"/issuer/requests/{after}{also}" if after else None,
        "undo_seconds": page.office.limits.undo_seconds,
    }


def _end_of(page: PageCall, detail: RequestDetail) -> date | None:
    """The day on which a grant made now ends by itself."""
    end = detail.type.end_of_grant(page.now) if detail.type is not None else None
    return end.astimezone(page.zone).date() if end is not None else None


def _moment_of(page: PageCall, day: date | None, detail: RequestDetail) -> datetime | None:
    """The moment that a day in the form stands for; None where it is the type's own, which the service takes."""
    if day is None or day == _end_of(page, detail):
        return None
    return datetime.combine(day, time(23, 59, 59), tzinfo=page.zone).astimezone(UTC)


def _foreseen(
    page: PageCall,
    detail: RequestDetail,
    state: RequestState,
    types: Mapping[str, CredentialType],
    day: date | None = None,
) -> EffectLine | None:
    """What a decision would do, from the same call as the API's dry run; None where it is not possible now."""
    request = detail.view.request
    try:
        wish = Decision(
            request.request_id,
            state,
            # A rule that asks for a reason asks when it is saved; what will happen does not depend on its words.
            note="preview",
            expected_version=request.version,
            expires_at=_moment_of(page, day, detail),
            dry_run=True,
        )
        done = page.office.review.preview(page.caller, wish)
    except (DomainError, VcError) as error:
        return EffectLine(
            page._("This cannot be saved now: %(reason)s", reason=refusal_words(page.texts, error)), takes=True
        )
    labels = labels_of(page, types)
    label = labels.get(request.credential_type, request.credential_type)
    until = wish.expires_at or (detail.type.end_of_grant(page.now) if detail.type is not None else None)
    return effect_line(page, done.effects, label=label, until=until)


EFFECT: Final = Form(Field("state", Kind.CHOICE, choices=STATE_CHOICES), Field("expires", Kind.DATE))


def foresee(page: PageCall) -> Reply:
    """GET /issuer/requests/{id}/effect: the line for what the form has chosen so far."""
    detail = page.office.review.get(page.caller, page.params["id"])
    state = page.query.choice("state", detail.view.request.state.value)
    effect = None
    if state != detail.view.request.state.value:
        effect = _foreseen(page, detail, RequestState(state), types_of(page), page.query.date("expires"))
    return page.render(
        "issuer/effect.html", partial="line", effect=effect, state=state, back=f"/issuer/requests/{page.params['id']}"
    )


def decide(page: PageCall) -> Reply:
    """POST /issuer/requests/{id}/decision."""
    detail = page.office.review.get(page.caller, page.params["id"])
    request = detail.view.request
    state = page.form.choice("quick", "") or page.form.choice("state", request.state.value)
    wish = _wish(page, detail, RequestState(state))
    if not page.form.errors and state == request.state.value and wish.expected_version in {None, request.version}:
        page.form.fail("state", NOTHING_CHANGED)
    if state == RequestState.REJECTED.value and not wish.note:
        page.form.fail("note", REQUIRED)
    if page.form.errors:
        return _page(page, detail, chosen=state, status=422)
    leaves = request.state is RequestState.APPROVED and state != request.state.value
    if leaves and (not wish.note or page.form.text("shown") != state):
        # Nothing is taken away that was not shown before: the form comes back with the line and wants a second post.
        if page.form.text("shown") == state:
            page.form.fail("note", REQUIRED)
        return _page(page, detail, chosen=state, status=422 if page.form.errors else 200)
    try:
        done = page.office.review.decide(page.caller, wish)
    except VersionConflict:
        return _page(
            page, page.office.review.get(page.caller, request.request_id), chosen=state, status=409, conflict=True
        )
    except (DomainError, VcError) as error:
        return _refused(page, detail, error, state)
    return page.done(queue_path(page.query), _toast(page, detail, done))


def _wish(page: PageCall, detail: RequestDetail, state: RequestState) -> Decision:
    form = page.form
    claims = None
    typed = form.under(CLAIMS)
    if typed and state is RequestState.APPROVED and detail.type is not None:
        claims, faults = read_claims(schema_of(page, detail.type.schema_id), typed)
        for fault in faults:
            form.fail(f"{CLAIMS}{fault.pointer}", fault.text)
    version = form.number("version") or page.query.number("version")
    return Decision(
        detail.view.request.request_id,
        state,
        note=form.optional("note"),
        message=form.optional("message"),
        expected_version=version or None,
        expires_at=_moment_of(page, form.date("expires"), detail) if state is RequestState.APPROVED else None,
        claims=claims,
        checklist=form.many("item"),
        hold=True,
    )


def _refused(page: PageCall, detail: RequestDetail, error: Exception, state: str) -> Reply:
    """The form again with what the service said of it, beside the fields that it named."""
    problem = problem_for(error)
    if problem.status not in {400, 403, 409, 422, 503}:
        raise error
    for name, sentence in fault_lines(page, error):
        page.form.fail_in_words(name, sentence)
    return _page(page, detail, chosen=state, status=problem.status)


def fault_lines(page: PageCall, error: Exception) -> list[tuple[str, str]]:
    """Each fault with the field it belongs to: ``/note`` to its field, what lies in the claims to the claim's."""
    from sealwright.web.problems import faults_of

    lines = []
    for fault in faults_of(error):
        pointer = fault["pointer"]
        name = pointer.lstrip("/")
        if pointer.startswith("/claims/"):
            name = f"{CLAIMS}{pointer.removeprefix('/claims')}"
        elif name == "expires_at":
            name = "expires"
        known = page.form.form.field(name) is not None
        lines.append((name if known else "", fault_words(page.texts, error, fault)))
    return lines or [("", refusal_words(page.texts, error))]


def _toast(page: PageCall, detail: RequestDetail, done: Decided) -> Toast:
    """A word on the decision, with what it does, and the way back while there is one."""
    view, name = done.view, done.view.requester.display_name
    request = view.request
    said = {
        RequestState.APPROVED: page._("Approved %(name)s.", name=name),
        RequestState.REJECTED: page._("Rejected %(name)s.", name=name),
        RequestState.PENDING: page._("%(name)s is pending again.", name=name)
        if detail.view.request.state is not RequestState.PENDING
        else page._("Your approval of %(name)s counts as the first of two.", name=name),
        RequestState.WITHDRAWN: "",
    }[request.state]
    types = types_of(page)
    label = labels_of(page, types).get(request.credential_type, request.credential_type)
    until = view.grant.expires_at if view.grant is not None else None
    if request.state is RequestState.APPROVED:
        said = f"{said} {effect_line(page, done.effects, label=label, until=until).text}"
    if view.undo_until is None:
        return Toast(said)
    left = max(1, int((view.undo_until - page.now).total_seconds()))
    return Toast(said, undo=f"/issuer/requests/{request.request_id}/undo?version={request.version}", seconds=left)


def undo(page: PageCall) -> Reply:
    """POST /issuer/requests/{id}/undo."""
    done = page.office.review.undo(page.caller, page.params["id"], page.query.number("version") or None)
    name = done.view.requester.display_name
    return page.done(_after(page), Toast(page._("%(name)s is pending again. Nothing was sent.", name=name)))


def issue_now(page: PageCall) -> Reply:
    """POST /issuer/requests/{id}/issue-now."""
    view = page.office.review.issue_now(page.caller, page.params["id"])
    return page.done(
        _own_path(page), Toast(page._("The credential of %(name)s was signed.", name=view.requester.display_name))
    )


def retry(page: PageCall) -> Reply:
    """POST /issuer/requests/{id}/retry: try again to sign what could not be signed."""
    detail = page.office.review.get(page.caller, page.params["id"])
    if detail.view.grant is None:
        raise NotFound("This request has made no grant.")
    page.office.granting.retry_issuance(page.caller, detail.view.grant.grant_id)
    return page.done(_own_path(page), Toast(page._("The credential was signed.")))


def ask(page: PageCall) -> Reply:
    """POST /issuer/requests/{id}/ask."""
    if page.form.errors:
        return _page(page, page.office.review.get(page.caller, page.params["id"]), status=422)
    view = page.act(lambda uow, me: page.office.review.ask(uow, me, page.params["id"], page.form.text("message")))
    return page.done(
        queue_path(page.query), Toast(page._("%(name)s was asked for information.", name=view.requester.display_name))
    )


def assign(page: PageCall) -> Reply:
    """POST /issuer/requests/{id}/assign."""
    page.act(lambda uow, me: page.office.review.assign(uow, me, page.params["id"], page.form.optional("assignee")))
    return page.done(_own_path(page), Toast(page._("Saved who takes care of it.")))


def evidence(page: PageCall) -> Reply:
    """GET /issuer/requests/{id}/evidence/{attachment_id}: a file, kept and never shown in place."""
    detail = page.office.review.get(page.caller, page.params["id"])
    wanted = page.params["attachment_id"]
    if all(one.attachment_id != wanted for one in detail.view.request.evidence):
        raise NotFound("This request has no such file.")
    found = page.office.attachments.get(page.caller, wanted)
    return page.download(found.content, found.name, found.media_type)


def _own_path(page: PageCall) -> str:
    kept = kept_query(page.query)
    path = f"/issuer/requests/{page.params['id']}"
    return f"{path}?{kept}" if kept else path


def _after(page: PageCall) -> str:
    """Where an undo leads: to the list, since the request stands there again."""
    return queue_path(page.query)


_ONE: Final = "/issuer/requests/{id}"
PAGES: Final = (
    PageRoute("GET", _ONE, PageAudience.ISSUER, show, query=WHERE),
    PageRoute("GET", f"{_ONE}/effect", PageAudience.ISSUER, foresee, query=EFFECT),
    PageRoute("GET", f"{_ONE}/evidence/{{attachment_id}}", PageAudience.ISSUER, evidence),
    PageRoute("POST", f"{_ONE}/decision", PageAudience.ISSUER, decide, form=DECISION, query=WHERE),
    PageRoute("POST", f"{_ONE}/undo", PageAudience.ISSUER, undo, query=WHERE),
    PageRoute("POST", f"{_ONE}/issue-now", PageAudience.ISSUER, issue_now, query=WHERE),
    PageRoute("POST", f"{_ONE}/retry", PageAudience.ISSUER, retry, query=WHERE),
    PageRoute("POST", f"{_ONE}/ask", PageAudience.ISSUER, ask, form=WORDS, query=WHERE),
    PageRoute("POST", f"{_ONE}/assign", PageAudience.ISSUER, assign, form=ASSIGN, query=WHERE),
)
