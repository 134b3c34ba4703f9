"""Holders: finding somebody, everything they hold and held, and acts on their grants (S6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.credentials import ReasonCode
from sealwright.domain.errors import DomainError, GrantInForce, GrantNotFound, InvalidFilter
from sealwright.locales import N_
from sealwright.services.holders import SEARCH_LEAST
from sealwright.services.review_values import NewGrant
from sealwright.vc.errors import VcError
from sealwright.web.panel.claims_form import claim_fields, read_claims
from sealwright.web.panel.effect_words import EffectLine, effect_line, reinstate_line, suspend_line
from sealwright.web.panel.grant_view import (
    CSV_COLUMNS,
    REINSTATE,
    REVOKE,
    SUSPEND,
    GrantLine,
    csv_line,
    line_of,
)
from sealwright.web.panel.issuer import labels_of, types_of
from sealwright.web.panel.page_call import PageCall, Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import ROLE_NAMES, PageAudience, PageRoute
from sealwright.web.panel.paging import Paging, wanted_page
from sealwright.web.panel.refusal_words import refusal_words
from sealwright.web.panel.request_view import schema_of
from sealwright.web.panel.requests import CLAIMS, fault_lines
from sealwright.web.problems import problem_for
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.domain.catalog import CredentialType
    from sealwright.services.holders import HolderDetail
    from sealwright.services.ports import UnitOfWork

HOLDERS: Final = "/issuer/holders"
SEARCH: Final = Form(Field("q", max_length=300), Field("page", Kind.NUMBER), Field("count", Kind.NUMBER))
# Beginnings of texts that can only mean one person.
_EXACT: Final = ("usr_", "did:", "0x")

REASON_WORDS: Final = {
    ReasonCode.UNSPECIFIED: N_("Not said in public"),
    ReasonCode.REQUIREMENTS_NOT_MET: N_("Requirements are not met"),
    ReasonCode.HOLDER_REQUEST: N_("The holder asked for it"),
    ReasonCode.MISCONDUCT: N_("Misconduct"),
    ReasonCode.ISSUED_IN_ERROR: N_("Issued in error"),
    ReasonCode.KEY_COMPROMISE: N_("A key was compromised"),
    ReasonCode.SUPERSEDED: N_("Replaced by another"),
    ReasonCode.PRIVILEGE_WITHDRAWN: N_("The privilege was withdrawn"),
}


def find(page: PageCall) -> Reply:
    """GET /issuer/holders: one box for name, email, id, DID or wallet address."""
    text = page.query.text("q").strip()
    number, count = wanted_page(page)
    found = None
    problem = ""
    if len(text) >= SEARCH_LEAST:
        try:
            found = page.office.holders.find(page.caller, text, page=number, count=count)
        except InvalidFilter as error:
            problem = refusal_words(page.texts, error)
    if found is not None and found.total == 1 and text.startswith(_EXACT) and not page.is_partial:
        return page.redirect(f"{HOLDERS}/{found.items[0].user_id}")
    return page.render(
        "holders/find.html",
        partial="results",
        role_names={role.value: page._(word) for role, word in ROLE_NAMES.items()},
        text=text,
        least=SEARCH_LEAST,
        problem=problem,
        people=found.items if found is not None else (),
        total=found.total if found is not None else None,
        paging=Paging.of(page, found) if found is not None else None,
        said=page.ngettext("%(num)s person", "%(num)s people", found.total) if found is not None else "",
    )


def show(page: PageCall) -> Reply:
    """GET /issuer/holders/{user_id}."""
    detail = page.office.holders.detail(page.caller, page.params["user_id"])
    types = types_of(page)
    lines = _lines(page, detail, types)
    labels = labels_of(page, types)
    return page.render(
        "holders/holder.html",
        partial="grants",
        detail=detail,
        person=detail.person,
        lines=lines,
        requests=[(one, labels.get(one.credential_type, one.credential_type)) for one in detail.requests],
        work=[(one, labels.get(one.credential_type, one.credential_type)) for one in detail.work],
        can_grant=not detail.is_yours and detail.person.is_improver and bool(_grantable(page, detail, types)),
        is_improver=detail.person.is_improver,
        several=sum(REVOKE in line.acts for line in lines) > 1,
    )


def _lines(page: PageCall, detail: HolderDetail, types: dict[str, CredentialType]) -> list[GrantLine]:
    return [line_of(page, one, types, detail.people, is_yours=detail.is_yours) for one in detail.grants]


def _grantable(page: PageCall, detail: HolderDetail, types: dict[str, CredentialType]) -> list[CredentialType]:
    """Active types inside the viewer's issuer scope that the person does not hold."""
    held = {one.credential_type for one in detail.grants if one.is_in_force(page.now)}
    return [one for one in types.values() if one.active and page.caller.covers(one.value) and one.value not in held]


def export(page: PageCall) -> Reply:
    """GET /issuer/holders/{user_id}/grants.csv."""
    detail = page.office.holders.detail(page.caller, page.params["user_id"])
    rows = [csv_line(one, page.now) for one in detail.grants]
    page.office.looks.exported(page.caller, "user", detail.person.user_id, len(rows))
    return page.csv([page._(word) for word in CSV_COLUMNS], rows, "grants.csv")


# -- granting --------------------------------------------------------------------------------------

GRANT_QUERY: Final = Form(Field("type", max_length=64))
GRANT: Final = Form(
    Field("type", required=True, max_length=64),
    Field("expires", Kind.DATE),
    Field("note", max_length=2000),
    Field(f"{CLAIMS}*", max_length=20_000),
)


def grant_form(page: PageCall) -> Reply:
    """GET /issuer/holders/{user_id}/grant: choose a type, then say the rest."""
    return _grant_page(page, page.query.text("type"))


def _grant_page(page: PageCall, value: str, *, status: int = 200, held: str | None = None) -> Reply:
    detail = page.office.holders.detail(page.caller, page.params["user_id"])
    types = types_of(page)
    choices = _grantable(page, detail, types)
    if not value and len(choices) == 1:
        value = choices[0].value
    chosen = next((one for one in choices if one.value == value), None)
    language = page.texts.language
    return page.render(
        "holders/grant.html",
        partial="dialog",
        dialog="dialog",
        status=status,
        form=page.form if page.form.form is GRANT else page.fresh_form(GRANT),
        person=detail.person,
        is_improver=detail.person.is_improver,
        is_yours=detail.is_yours,
        choices=[(one.value, one.label_in(language), one.description or "") for one in choices],
        chosen=chosen,
        label=chosen.label_in(language) if chosen is not None else "",
        end=_end_of(page, chosen),
        claim_inputs=[
            one for one in claim_fields(schema_of(page, chosen.schema_id), None) if one.is_asked
        ] if chosen is not None else [],
        effect=_foreseen(page, detail, chosen) if chosen is not None else None,
        held=held,
        back=f"{HOLDERS}/{detail.person.user_id}",
    )  # fmt: skip


def _end_of(page: PageCall, chosen: CredentialType | None) -> str | None:
    end = chosen.end_of_grant(page.now) if chosen is not None else None
    return end.astimezone(page.zone).date().isoformat() if end is not None else None


def _foreseen(page: PageCall, detail: HolderDetail, chosen: CredentialType) -> EffectLine:
    until = chosen.end_of_grant(page.now)
    try:
        wish = NewGrant(detail.person.user_id, chosen.value, note="preview", dry_run=True)
        done = page.office.granting.grant(page.caller, wish)
    except VcError:
        # Claims are still to be typed; what granting does is known all the same.
        until_day = page._("What the credential says is checked when you save.")
        return EffectLine(until_day)
    except DomainError as error:
        return EffectLine(
            page._("This cannot be saved now: %(reason)s", reason=refusal_words(page.texts, error)), takes=True
        )
    return effect_line(page, done.effects, label=chosen.label_in(page.texts.language), until=until)


def grant(page: PageCall) -> Reply:
    """POST /issuer/holders/{user_id}/grant."""
    types = types_of(page)
    value = page.form.text("type")
    chosen = types.get(value)
    claims = None
    if chosen is not None and (typed := page.form.under(CLAIMS)):
        claims, faults = read_claims(schema_of(page, chosen.schema_id), typed)
        for fault in faults:
            page.form.fail(f"{CLAIMS}{fault.pointer}", fault.text)
    if page.form.errors:
        return _grant_page(page, value, status=422)
    day = page.form.date("expires")
    # The type's own end is left to the service; only another day is an end of one's own.
    own_end = day is not None and day.isoformat() != _end_of(page, chosen)
    expires = datetime.combine(day, time(23, 59, 59), tzinfo=page.zone).astimezone(UTC) if day and own_end else None
    wish = NewGrant(page.params["user_id"], value, expires, page.form.optional("note"), claims, hold=True)
    try:
        done = page.office.granting.grant(page.caller, wish)
    except GrantInForce as error:
        page.form.fail_in_words("", page._("This person holds the credential type already."))
        held = error.extra.get("grant_id") if error.extra else None
        return _grant_page(page, value, status=409, held=str(held) if held else "")
    except (DomainError, VcError) as error:
        if problem_for(error).status not in {400, 409, 422, 503}:
            raise
        for name, sentence in fault_lines(page, error):
            page.form.fail_in_words(name, sentence)
        return _grant_page(page, value, status=problem_for(error).status)
    label = chosen.label_in(page.texts.language) if chosen is not None else value
    line = effect_line(page, done.effects, label=label, until=done.grant.expires_at)
    return page.done(f"{HOLDERS}/{page.params['user_id']}", Toast(page._("Granted. %(effect)s", effect=line.text)))


# -- ending and pausing ----------------------------------------------------------------------------

ACT_QUERY: Final = Form(Field("grant", many=True, max_length=80))
ACT: Final = Form(
    Field("grant", many=True, required=True, max_length=80),
    Field("reason", required=True, max_length=2000),
    Field("code", Kind.CHOICE, choices=tuple(one.value for one in ReasonCode)),
)


def act_form(page: PageCall) -> Reply:
    """GET /issuer/holders/{user_id}/revoke (suspend, reinstate): the reason, and what it does to each grant."""
    return _act_page(page, page.query.many("grant"))


def _act_of(page: PageCall) -> str:
    return page.route.path.rpartition("/")[2]


def _act_page(page: PageCall, grant_ids: Sequence[str], *, status: int = 200, refused: Sequence[str] = ()) -> Reply:
    detail = page.office.holders.detail(page.caller, page.params["user_id"])
    types = types_of(page)
    act = _act_of(page)
    lines = [line for line in _lines(page, detail, types) if line.grant.grant_id in grant_ids and act in line.acts]
    if not lines and not refused:
        raise GrantNotFound("There is no such grant to act on.")
    return page.render(
        "holders/act.html",
        partial="dialog",
        dialog="dialog",
        status=status,
        form=page.form if page.form.form is ACT else page.fresh_form(ACT),
        person=detail.person,
        act=act,
        lines=[(line, _act_line(page, act, line)) for line in lines],
        refused=refused,
        codes=[(code.value, page._(word)) for code, word in REASON_WORDS.items()],
        back=f"{HOLDERS}/{detail.person.user_id}",
    )


def _act_line(page: PageCall, act: str, line: GrantLine) -> EffectLine:
    """What an act does to a grant, from the same call as the API's dry run."""
    grant_id = line.grant.grant_id
    granting = page.office.granting
    if act == SUSPEND:
        return suspend_line(page, line.label)
    if act == REINSTATE:
        return reinstate_line(page, line.label)
    try:
        done = page.act(lambda uow, me: granting.revoke(uow, me, reason="preview", grant_id=grant_id, dry_run=True))
    except DomainError as error:
        return EffectLine(
            page._("This cannot be saved now: %(reason)s", reason=refusal_words(page.texts, error)), takes=True
        )
    return effect_line(page, done.effects, label=line.label)


def act(page: PageCall) -> Reply:
    """POST /issuer/holders/{user_id}/revoke (suspend, reinstate): each grant by itself."""
    grant_ids = page.form.many("grant")
    if page.form.errors:
        return _act_page(page, grant_ids, status=422)
    refused, done = [], 0
    for grant_id in grant_ids:
        try:
            page.act(_one_act(page, _act_of(page), grant_id))
            done += 1
        except DomainError as error:
            refused.append(refusal_words(page.texts, error))
    if refused:
        for sentence in refused:
            page.form.fail_in_words("", sentence)
        return _act_page(page, grant_ids, status=409, refused=refused)
    said = {
        REVOKE: page.ngettext("Revoked %(num)s grant.", "Revoked %(num)s grants.", done),
        SUSPEND: page.ngettext("Suspended %(num)s grant.", "Suspended %(num)s grants.", done),
        REINSTATE: page.ngettext("Reinstated %(num)s grant.", "Reinstated %(num)s grants.", done),
    }[_act_of(page)]
    return page.done(f"{HOLDERS}/{page.params['user_id']}", Toast(said))


def _one_act(page: PageCall, name: str, grant_id: str) -> Any:
    granting, reason = page.office.granting, page.form.text("reason")
    code = ReasonCode(page.form.choice("code", ReasonCode.UNSPECIFIED.value))

    def run(uow: UnitOfWork, me: Any) -> object:
        if name == SUSPEND:
            return granting.suspend(uow, me, grant_id, reason)
        if name == REINSTATE:
            return granting.reinstate(uow, me, grant_id, reason)
        return granting.revoke(uow, me, reason=reason, grant_id=grant_id, reason_code=code)

    return run


def retry(page: PageCall) -> Reply:
    """POST /issuer/holders/{user_id}/retry: sign what could not be signed."""
    for grant_id in page.form.many("grant"):
        page.office.granting.retry_issuance(page.caller, grant_id)
    return page.done(f"{HOLDERS}/{page.params['user_id']}", Toast(page._("The credential was signed.")))


_ONE: Final = f"{HOLDERS}/{{user_id}}"
_ONE_GRANT: Final = Form(Field("grant", many=True, required=True, max_length=80))
PAGES: Final = (
    PageRoute("GET", HOLDERS, PageAudience.ISSUER, find, query=SEARCH),
    PageRoute("GET", _ONE, PageAudience.ISSUER, show),
    PageRoute("GET", f"{_ONE}/grants.csv", PageAudience.ISSUER, export),
    PageRoute("GET", f"{_ONE}/grant", PageAudience.ISSUER, grant_form, query=GRANT_QUERY),
    PageRoute("POST", f"{_ONE}/grant", PageAudience.ISSUER, grant, form=GRANT),
    *(
        route
        for name in (REVOKE, SUSPEND, REINSTATE)
        for route in (
            PageRoute("GET", f"{_ONE}/{name}", PageAudience.ISSUER, act_form, query=ACT_QUERY),
            PageRoute("POST", f"{_ONE}/{name}", PageAudience.ISSUER, act, form=ACT),
        )
    ),
    PageRoute("POST", f"{_ONE}/retry", PageAudience.ISSUER, retry, form=_ONE_GRANT),
)
