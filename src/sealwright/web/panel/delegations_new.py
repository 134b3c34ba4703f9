"""Allowing something, and allowing less of it: the form, the sentence that is confirmed, and then the signature (S16).

Nothing is signed before its sentence was shown on a page of its own. With scripts the sentence also stands beside the
form while it is filled in.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.credentials import IdempotencyScope
from sealwright.domain.delegations import DEPTH_MOST, Delegation
from sealwright.domain.dids import DIDKind, DIDRecord
from sealwright.domain.errors import DomainError
from sealwright.locales import N_
from sealwright.services.delegation_standing import ROOT_KINDS
from sealwright.services.delegation_views import DelegationWish, NarrowingWish
from sealwright.vc.delegation.meanings import texts_in
from sealwright.vc.encoding.strict_json import dump_json
from sealwright.vc.errors import VcError
from sealwright.web.panel.delegations_faults import Ground, require_limits, tell_faults
from sealwright.web.panel.delegations_form import (
    DAYS,
    SCHEMAS,
    TERMS,
    Terms,
    filled_in,
    kept_of,
    last_day,
    pairs_of,
    read_terms_form,
    usual_end,
)
from sealwright.web.panel.delegations_view import path_of, plain_words
from sealwright.web.panel.delegations_words import (
    AMOUNTS,
    CURRENCY,
    DELEGATIONS,
    USUAL_ACTIONS,
    Allowed,
    action_words,
    currency_of,
    did_name,
    limit_words,
    may_spend,
    money_text,
    schema_name,
    sentence,
)
from sealwright.web.panel.own_forms import answer
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import REQUIRED, Field, Form, FormData
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.problems import problem_for
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

NEW: Final = f"{DELEGATIONS}/new"
_ONE: Final = f"{DELEGATIONS}/{{id}}"
_FORM: Final = "delegations/form.html"
_CONFIRM: Final = "delegations/confirm.html"
NEW_QUERY: Final = Form(Field("agent", max_length=2048), Field("parent", max_length=100))
NEW_FORM: Final = Form(
    Field("agent", max_length=2048),
    Field("agent_did", max_length=2048),
    Field("delegator", required=True, max_length=2048),
    Field("parent", max_length=100),
    *TERMS,
)
NARROW_FORM: Final = Form(Field("reason", required=True, max_length=2000), Field("delegator", max_length=2048), *TERMS)
_ANOTHER: Final = ""
_MOST_DIDS: Final = 100
_DAY_WORDS: Final = {
    "": N_("Any"),
    "Mon-Sun": N_("Every day"),
    "Mon-Fri": N_("Monday to Friday"),
    "Mon-Sat": N_("Monday to Saturday"),
    "Sat-Sun": N_("Saturday and Sunday"),
}
_TOLD: Final = frozenset({403, 404, 409, 422, 400})


# -- making one ------------------------------------------------------------------------------------


def show_new(page: PageCall) -> Reply:
    """GET /delegations/new: empty, or for an agent, or under a delegation that is passed on."""
    ground = _ground_of_new(page, page.query.text("parent"))
    return _show(page, ground, _blank(page, ground))


def make(page: PageCall) -> Reply:
    """POST /delegations/new: look at the sentence, go on to confirm it, go back, or sign."""
    return _step(page, _ground_of_new(page, page.form.text("parent")))


# -- narrowing one ---------------------------------------------------------------------------------


def show_narrow(page: PageCall) -> Reply:
    """GET /delegations/{id}/narrow: its form as it is, to be made smaller."""
    ground = _ground_of_narrowing(page)
    return _show(page, ground, _blank(page, ground))


def narrow(page: PageCall) -> Reply:
    """POST /delegations/{id}/narrow: as `make`."""
    return _step(page, _ground_of_narrowing(page))


# -- the steps -------------------------------------------------------------------------------------


def _step(page: PageCall, ground: Ground) -> Reply:
    step = page.form.choice("step", "look")
    again = partial(_show, page, ground, page.form)
    if step in {"look", "change"}:
        return _look(page, ground)
    terms = _read(page, ground, page.form)
    giver, agent = _parties(page, ground)
    require_limits(page, ground, terms)

    def act() -> Reply:
        try:
            if step == "check":
                _rehearse(page, ground, giver, agent, terms)
                return _confirm(page, ground, giver, agent, terms)
            made = _sign(page, ground, giver, agent, terms)
        except (DomainError, VcError) as error:
            status = problem_for(error).status
            if status not in _TOLD:
                raise
            tell_faults(page, ground, terms, error)
            return again(409 if status == 409 else 422)
        said = page._("Narrowed and signed.") if ground.narrows else page._("Signed. It holds from now on.")
        return page.done(path_of(made), Toast(said))

    return answer(page, again, act)


def _look(page: PageCall, ground: Ground) -> Reply:
    """The form with its sentence; nothing is found fault with that is still being typed."""
    sent = page.form
    given = [pair for pair in sent.pairs() if pair[0] != "step"]
    page.form = filled_in(sent.form, given)
    page.form.was_sent = True
    return _show(page, ground, page.form, 200)


def _read(page: PageCall, ground: Ground, form: FormData) -> Terms:
    latest = ground.over.expires_at if ground.over is not None else None
    return read_terms_form(page, form, kept_of(ground.constraints), latest)


def _parties(page: PageCall, ground: Ground) -> tuple[str, str]:
    """The DIDs of who allows and of who may act; a fault of the form where one is missing."""
    if ground.narrows and ground.over is not None:
        return ground.over.delegator_did, ground.over.delegate_did
    agent = page.form.text("agent") or page.form.text("agent_did")
    if not agent and page.form.error_of("agent_did") is None:
        page.form.fail("agent_did", REQUIRED)
    return page.form.text("delegator"), agent


def _wish(ground: Ground, giver: str, agent: str, terms: Terms) -> DelegationWish:
    return DelegationWish(
        delegator_did=giver,
        delegate_did=agent,
        scope=terms.scope,
        constraints=terms.constraints,
        max_depth=terms.max_depth,
        expiration=terms.expires_at,
        parent=ground.over.credential_id if ground.over is not None else None,
    )


def _narrowing(terms: Terms) -> NarrowingWish:
    return NarrowingWish(
        scope=terms.scope, constraints=terms.constraints, max_depth=terms.max_depth, expiration=terms.expires_at
    )


def _rehearse(page: PageCall, ground: Ground, giver: str, agent: str, terms: Terms) -> None:
    """Everything that signing would refuse is refused before the sentence is shown."""
    desk = page.office.delegations.desk
    if ground.narrows and ground.over is not None:
        reference, reason = ground.over.delegation_id, page.form.text("reason")
        desk.narrowing_order(page.caller, reference, _narrowing(terms), reason)
    else:
        desk.order(page.caller, _wish(ground, giver, agent, terms), page.view())


def _sign(page: PageCall, ground: Ground, giver: str, agent: str, terms: Terms) -> Delegation:
    desk = page.office.delegations.desk
    if ground.narrows and ground.over is not None:
        reference, reason = ground.over.delegation_id, page.form.text("reason")
        made = desk.narrow(page.caller, reference, _narrowing(terms), reason, _once(page))
    else:
        made = desk.create(page.caller, _wish(ground, giver, agent, terms), _once(page))
    return made.seen.delegation


def _once(page: PageCall) -> IdempotencyScope | None:
    """The confirmed sentence's own key: whoever sends it twice signs once."""
    key = page.form.text("key")
    if not key:
        return None
    body = dump_json([[name, value] for name, value in page.form.pairs()])
    return IdempotencyScope(page.caller.bucket, f"page {page.path}", key, hashlib.sha256(body).digest())


# -- showing ---------------------------------------------------------------------------------------


def _show(page: PageCall, ground: Ground, form: FormData, status: int = 200) -> Reply:
    over = ground.over
    offered = offered_actions(ground, form)
    givers = _givers(page, ground)
    terms = _terms_so_far(page, ground, form)
    return page.render(
        _FORM,
        partial="words",
        status=status,
        terms_form=form,
        **_heads(page, ground),
        narrows=ground.narrows,
        givers=givers,
        giver=givers[0][0] if givers else "",
        agents=[*_agents(page, ground), (_ANOTHER, page._("Another DID"))],
        parent=over if not ground.narrows else None,
        parent_words=plain_words(page, over) if over is not None and not ground.narrows else "",
        now_words=plain_words(page, over) if over is not None and ground.narrows else "",
        given=_given_words(page, ground),
        actions=[(one, action_words(page, one)) for one in offered],
        chosen=form.many("scope"),
        days=[(one, page._(_DAY_WORDS[one])) for one in DAYS],
        schemas=_schemas(page, ground),
        chosen_schemas=form.many("schemas"),
        depths=_depths(page, ground),
        kept=[limit_words(page, name, ground.constraints) for name in kept_of(ground.constraints)],
        is_open=_has_more(form),
        plain=_plain(page, ground, form, terms) if terms is not None else "",
        warning=_warning(page, terms, page._("There is no limit to the money. Give at least one.")) if terms else None,
    )


def _confirm(page: PageCall, ground: Ground, giver: str, agent: str, terms: Terms) -> Reply:
    falls = None
    if ground.narrows and ground.over is not None:
        falls = page.office.delegations.sheets.get(page.caller, ground.over.delegation_id).below
    return page.render(
        _CONFIRM,
        **_heads(page, ground),
        plain=_said(page, giver, agent, terms),
        warning=_warning(page, terms, page._("There is no limit to the money that may be spent.")),
        falls=falls,
        agent_did=agent,
        giver_did=giver,
        scope=terms.scope,
        expires_at=terms.expires_at,
        kept=[
            *(pair for pair in page.form.pairs() if pair[0] not in {"step", "key"}),
            ("key", secrets.token_urlsafe(24)),
        ],
    )


def _heads(page: PageCall, ground: Ground) -> dict[str, Any]:
    over = ground.over
    if over is None:
        return {
            "title": page._("Allow something"),
            "lead": page._("Let an agent act in your name, within limits that anyone can check."),
            "back": DELEGATIONS,
            "back_word": page._("Delegations"),
            "action": NEW,
        }
    name = did_name(page, over.delegate_did)
    if ground.narrows:
        return {
            "title": page._("Narrow it"),
            "lead": page._("A smaller one is signed, and this one is revoked in the same act."),
            "back": path_of(over),
            "back_word": name,
            "action": f"{path_of(over)}/narrow",
        }
    return {
        "title": page._("Pass it on"),
        "lead": page._("%(name)s lets somebody else act, never with more than it has itself.", name=name),
        "back": path_of(over),
        "back_word": name,
        "action": NEW,
    }


def _blank(page: PageCall, ground: Ground) -> FormData:
    """The form as it is first shown: with what bounds it filled in, so that it is only made smaller."""
    over = ground.over
    first = page.query.text("agent") or next((did for did, _ in _agents(page, ground)), _ANOTHER)
    pairs = [("agent", first), ("zone", str(page.zone))]
    if over is None:
        pairs += pairs_of((), {}, 0, usual_end(page, None), USUAL_ACTIONS)
    elif ground.narrows:
        pairs += pairs_of(over.scope, over.constraints, over.max_depth, last_day(page, over), over.scope)
    else:
        pairs += pairs_of(over.scope, over.constraints, 0, usual_end(page, over.expires_at), over.scope)
    return filled_in(NARROW_FORM if ground.narrows else NEW_FORM, pairs)


def offered_actions(ground: Ground, form: FormData) -> Sequence[str]:
    """The actions that can be ticked: what is there to be passed on, else what agents are often allowed."""
    if ground.over is not None:
        return tuple(dict.fromkeys((*ground.over.scope, *form.many("scope"))))
    return tuple(dict.fromkeys((*USUAL_ACTIONS, *form.many("scope"))))


def _terms_so_far(page: PageCall, ground: Ground, form: FormData) -> Terms | None:
    """What the form says by now; None while it names nothing that may be done."""
    if not form.many("scope") and not form.text("more_scope"):
        return None
    return _read(page, ground, filled_in(form.form, form.pairs()))


def _plain(page: PageCall, ground: Ground, form: FormData, terms: Terms) -> str:
    if ground.narrows and ground.over is not None:
        return _said(page, ground.over.delegator_did, ground.over.delegate_did, terms)
    givers = _givers(page, ground)
    agent = form.text("agent") or form.text("agent_did")
    giver = form.text("delegator") or (givers[0][0] if givers else "")
    return _said(page, giver, agent, terms)


def _said(page: PageCall, giver: str, agent: str, terms: Terms) -> str:
    return sentence(
        page,
        Allowed(
            agent=did_name(page, agent) if agent else page._("The agent"),
            giver=did_name(page, giver),
            scope=terms.scope,
            constraints=terms.constraints,
            max_depth=terms.max_depth,
            expires_at=terms.expires_at,
        ),
    )


def _warning(page: PageCall, terms: Terms, of_money: str) -> str | None:
    """What nobody should overlook: that money, or everything, is allowed without a limit, or in any currency."""
    if may_spend(terms.scope) and not any(name in terms.constraints for name in AMOUNTS):
        return of_money
    if CURRENCY not in terms.constraints and any(name in terms.constraints for name in AMOUNTS):
        return page._("No currency is named: the amounts count in whichever currency is paid.")
    if terms.constraints.keys() <= {CURRENCY}:
        return page._("There is no limit at all: until it ends, it may do this as often as it likes.")
    return None


def _has_more(form: FormData) -> bool:
    names = ("merchants", "blocked", "regions", "resources", "days", "from", "more_hours", "schemas")
    return any(form.text(name) for name in names)


def _given_words(page: PageCall, ground: Ground) -> dict[str, str]:
    """Beside each field, how far it may go."""
    constraints = ground.constraints
    words: dict[str, str] = {}
    for name, value in constraints.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            currency = currency_of(constraints) if name in AMOUNTS else ""
            words[name] = page._("up to %(limit)s", limit=money_text(page, value, currency))
        elif name == CURRENCY:
            words[name] = page._("as it was")
        elif ground.narrows:
            words[name] = page._("So far: %(limit)s.", limit=limit_words(page, name, constraints))
        else:
            words[name] = page._("You were given: %(limit)s.", limit=limit_words(page, name, constraints))
    return words


def _depths(page: PageCall, ground: Ground) -> list[tuple[str, str]]:
    over = ground.over
    most = DEPTH_MOST if over is None else over.max_depth - (0 if ground.narrows else 1)
    words = [("0", page._("No, only it may act"))]
    return words + [
        (str(depth), page.ngettext("Yes, %(num)s step further", "Yes, %(num)s steps further", depth))
        for depth in range(1, most + 1)
    ]


def _schemas(page: PageCall, ground: Ground) -> list[tuple[str, str]]:
    within = texts_in(ground.constraints.get(SCHEMAS))
    found = page.office.schemas.list(active=True, limit=_MOST_DIDS, cursor=None).items
    return [(one, schema_name(page, one)) for one in within or [known.schema_id for known in found]]


def _givers(page: PageCall, ground: Ground) -> list[tuple[str, str]]:
    """In whose name the caller may allow something: the one who has it, else one's own people and organizations."""
    over = ground.over
    if over is not None:
        did = over.delegator_did if ground.narrows else over.delegate_did
        return _options(page, [did])
    return _options(page, [one.did for one in _own(page) if one.kind in ROOT_KINDS])


def _agents(page: PageCall, ground: Ground) -> list[tuple[str, str]]:
    above = {ground.over.delegate_did, ground.over.delegator_did} if ground.over is not None else set()
    return _options(page, [one.did for one in _own(page) if one.kind is DIDKind.AGENT and one.did not in above])


def _own(page: PageCall) -> list[DIDRecord]:
    """The active DIDs that the caller owns; an admin, who could act for all, sees their own here, too."""
    found = page.office.dids.list(page.caller, limit=_MOST_DIDS, cursor=None).items
    mine = [one for one in found if one.is_active and one.owner_user_id == page.person.user_id]
    return mine or sorted((one for one in found if one.is_active), key=lambda one: one.name is None)


def _options(page: PageCall, dids: Sequence[str]) -> list[tuple[str, str]]:
    """DIDs by what they are called; with the DID itself where two are called the same."""
    names = [did_name(page, did) for did in dids]
    return [
        (did, name if names.count(name) == 1 or name == did else f"{name} ({did})")
        for did, name in zip(dids, names, strict=True)
    ]


def _ground_of_new(page: PageCall, parent: str) -> Ground:
    over = page.office.delegations.sheets.narrower(page.caller, parent) if parent else None
    return Ground(over, narrows=False)


def _ground_of_narrowing(page: PageCall) -> Ground:
    sheet = page.office.delegations.sheets.get(page.caller, page.params["id"])
    return Ground(sheet.line.delegation, narrows=True)


_S: Final = PageAudience.SIGNED_IN
PAGES: Final = (
    PageRoute("GET", NEW, _S, show_new, query=NEW_QUERY),
    PageRoute("POST", NEW, _S, make, form=NEW_FORM),
    PageRoute("GET", f"{_ONE}/narrow", _S, show_narrow),
    PageRoute("POST", f"{_ONE}/narrow", _S, narrow, form=NARROW_FORM),
)
