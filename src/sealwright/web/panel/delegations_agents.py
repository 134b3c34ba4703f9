"""Agents that somebody answers for: making one, its key and settings, what it may do, and decommissioning it (S16)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from sealwright.domain.errors import DIDRecordNotFound
from sealwright.services.agents import NewAgent
from sealwright.services.authorizing_parties import runs_agent
from sealwright.services.delegation_standing import ROOT_KINDS
from sealwright.web.panel.delegations import own_records
from sealwright.web.panel.delegations_one import setup_of
from sealwright.web.panel.delegations_view import agent_path, row_of
from sealwright.web.panel.delegations_words import DELEGATIONS, did_name
from sealwright.web.panel.own_forms import answer, form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.domain.dids import DIDRecord
    from sealwright.web.panel.page_call import PageCall

AGENTS: Final = f"{DELEGATIONS}/agents"
_ONE: Final = f"{AGENTS}/{{did}}"
AGENT_FORM: Final = Form(
    Field("name", required=True, max_length=200),
    Field("operator", required=True, max_length=2048),
    Field("description", max_length=2000),
    Field("provider", max_length=100),
    Field("model", max_length=100),
    Field("capabilities", max_length=2000),
)
_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key that is shown this once, and the settings that hold it."""

    name: str
    secret: str
    setup: str


def show_new(page: PageCall, status: int = 200) -> Reply:
    """GET /delegations/agents/new."""
    operators = [
        (one.did, f"{one.name} ({one.did})" if one.name else one.did)
        for one in own_records(page)
        if one.is_active and one.kind in ROOT_KINDS
    ]
    return page.render(
        "delegations/new_agent.html", status=status, agent_form=form_of(page, AGENT_FORM), operators=operators
    )


def make(page: PageCall) -> Reply:
    """POST /delegations/agents."""
    form = page.form

    def act() -> tuple[str, Toast | None]:
        model = {"provider": form.optional("provider"), "modelName": form.optional("model")}
        wish = NewAgent(
            name=form.text("name"),
            operator=form.text("operator"),
            description=form.optional("description"),
            model={name: value for name, value in model.items() if value} or None,
            capabilities=tuple(dict.fromkeys(form.text("capabilities").replace(",", " ").split())),
        )
        made = page.act(lambda uow, me: page.office.delegations.agents.create(uow, me, wish), changes_registry=True)
        return agent_path(made.record.did), Toast(page._("The agent is made. It may do nothing yet."))

    return save(page, partial(show_new, page), act)


def show(page: PageCall, status: int = 200, key: MadeKey | None = None) -> Reply:
    """GET /delegations/agents/{did}."""
    record = _own(page)
    agent = page.office.delegations.agents.get(record.did)
    rows = page.office.delegations.sheets.list(page.caller, delegate_did=record.did, everybody=True, limit=_ROWS)
    path = agent_path(record.did)
    return page.render(
        "delegations/agent.html",
        status=status,
        record=record,
        profile=agent.profile,
        path=path,
        operator=did_name(page, record.operator) if record.operator else None,
        card=f"/agents/{quote(record.did, safe='')}/.well-known/agent-card.json",
        rows=[row_of(page, line) for line in rows.items],
        more_href=f"{DELEGATIONS}?agent={quote(record.did, safe='')}" if rows.next_cursor else None,
        keys=[
            (one, one.status_at(page.now))
            for one in page.office.api_keys.list(page.caller)
            if one.issuer_dids == (record.did,)
        ],
        made_key=key,
        setup=key.setup if key is not None else setup_of(page),
    )


def make_key(page: PageCall) -> Reply:
    """POST /delegations/agents/{did}/key: the key, and the settings with it, stand in this answer and in no other."""
    record = _own(page)

    def act() -> Reply:
        name = record.name or record.did
        key, secret = page.act(
            lambda uow, me: page.office.api_keys.create(
                uow, me, name=name[:100], issuer_dids=(record.did,), schemas=None, expires_at=None
            ),
            changes_registry=True,
        )
        return show(page, key=MadeKey(key.name, secret.text, setup_of(page, secret.text)))

    return answer(page, partial(show, page), act)


def ask_decommission(page: PageCall, status: int = 200) -> Reply:
    """GET /delegations/agents/{did}/decommission: what ends with it."""
    record = _own(page)
    return page.render(
        "delegations/decommission.html",
        dialog="dialog",
        partial="dialog",
        status=status,
        record=record,
        path=agent_path(record.did),
        ends=page.office.delegations.agents.affected(record.did)[0],
    )


def decommission(page: PageCall) -> Reply:
    """POST /delegations/agents/{did}/decommission."""
    record = _own(page)

    def act() -> tuple[str, Toast | None]:
        ended = page.act(
            lambda uow, me: page.office.delegations.agents.decommission(uow, me, record.did), changes_registry=True
        )
        said = page.ngettext(
            "Decommissioned for good. %(num)s delegation ended with it.",
            "Decommissioned for good. %(num)s delegations ended with it.",
            ended.invalidated,
        )
        return agent_path(record.did), Toast(said)

    return save(page, partial(ask_decommission, page), act)


def _own(page: PageCall) -> DIDRecord:
    """The agent of the address; somebody else's looks as if it were not there."""
    found = page.office.delegations.agents.get(page.params["did"]).record
    if not runs_agent(page.caller, found.did, page.view()):
        raise DIDRecordNotFound("No such agent of yours.")
    return found


_S: Final = PageAudience.SIGNED_IN


def _fresh(path: str, handler: Any, form: Form) -> PageRoute:
    return PageRoute("POST", path, _S, handler, form=form, fresh=True)


PAGES: Final = (
    PageRoute("GET", f"{AGENTS}/new", _S, show_new),
    PageRoute("POST", AGENTS, _S, make, form=AGENT_FORM),
    PageRoute("GET", _ONE, _S, show),
    _fresh(f"{_ONE}/key", make_key, Form()),
    PageRoute("GET", f"{_ONE}/decommission", _S, ask_decommission),
    _fresh(f"{_ONE}/decommission", decommission, Form()),
)
