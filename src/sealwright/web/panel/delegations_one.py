"""One delegation: what it allows, its tree with what was used, the calls made, and "May it do this now?" (S16)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final

from sealwright.locales import N_
from sealwright.services.authorizing_values import ActQuestion, Verdict
from sealwright.vc.delegation.narrowing import covers
from sealwright.web.panel.delegations_acts import possible_acts
from sealwright.web.panel.delegations_form import NOT_MONEY, as_number, read_money
from sealwright.web.panel.delegations_view import (
    agent_path,
    badge_of,
    bars_of,
    call_row,
    fall_words,
    path_of,
    plain_words,
    reason_words,
    tree_of,
)
from sealwright.web.panel.delegations_words import (
    BELOW,
    BUDGET_WORDS,
    CALLS,
    DELEGATIONS,
    EVERYTHING,
    action_words,
    currency_of,
    did_name,
    money_text,
)
from sealwright.web.panel.own_forms import answer, form_of
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.settings_tokens import open_schemas
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.services.delegation_sheets import DelegationSheet
    from sealwright.vc.encoding.strict_json import JSONValue
    from sealwright.web.panel.page_call import PageCall

_ONE: Final = f"{DELEGATIONS}/{{id}}"
_TEMPLATE: Final = "delegations/one.html"
_CALLS_SHOWN: Final = 20
PAGE_QUERY: Final = Form(Field("cursor", max_length=500), Field("skip", Kind.NUMBER))
ASK_FORM: Final = Form(
    Field("action", required=True, max_length=200, label=N_("Action")),
    Field("amount", max_length=24, label=N_("Amount")),
    Field("merchant", max_length=200),
    Field("schema", max_length=1000),
    Field("region", max_length=100),
    Field("resource", max_length=1000),
    Field("approved", Kind.FLAG),
)
# As people write it: one member a line, short arrays on one.
_SETTINGS: Final = """{
  "mcpServers": {
    "sealwright": {
      "command": "sealwright",
      "args": %s,
      "env": %s
    }
  }
}"""
_TEXTS: Final = {"merchant": "merchant", "schema": "schemaId", "region": "region", "resource": "resource"}
# Fields by the pointers under which the desk finds fault with what they said.
_NAMES: Final = {"context.amount": "amount", "context.schemaId": "schema"} | {
    f"context.{name}": name for name in ("merchant", "region", "resource")
}


@dataclass(frozen=True, slots=True)
class Answered:
    """What was asked, and what the office says."""

    verdict: Verdict
    action: str
    reasons: list[str]
    left: list[tuple[str, str]]


def show(page: PageCall, status: int = 200, answered: Answered | None = None, *, part: str = "region") -> Reply:
    """GET /delegations/{id}."""
    sheet = page.office.delegations.sheets.get(page.caller, page.params["id"], skip=page.query.number("skip"))
    line, one = sheet.line, sheet.line.delegation
    calls = page.office.delegations.records.list(
        page.caller, one.delegation_id, below=True, limit=_CALLS_SHOWN, cursor=page.query.optional("cursor")
    )
    path, limits = path_of(one), sheet.limits
    return page.render(
        _TEMPLATE,
        partial=part,
        status=status,
        sheet=sheet,
        one=one,
        path=path,
        agent=did_name(page, one.delegate_did),
        agent_href=agent_path(one.delegate_did) if _is_own_agent(page, one.delegate_did) else None,
        giver=did_name(page, one.delegator_did),
        badge=badge_of(line),
        plain=plain_words(page, one),
        falls=list(dict.fromkeys(fall_words(page, line, fall) for fall in line.falls)),
        bars=bars_of(page, line),
        tree=tree_of(page, sheet.tree, one.delegation_id),
        calls=[call_row(page, call, limits.get(call.delegation_id or "", {})) for call in calls.items],
        next_href=f"{path}?cursor={calls.next_cursor}#calls" if calls.next_cursor else None,
        is_first=not page.query.text("cursor"),
        ask_form=form_of(page, ASK_FORM),
        actions=_actions(page, sheet),
        schemas=[("", page._("None")), *open_schemas(page)] if _asks_schema(one.scope) else [],
        asks_money=_asks_money(one.scope),
        currency=currency_of(one.constraints),
        answered=answered,
        can_ask=page.view().did(one.delegate_did) is not None,
        setup=setup_of(page),
        acts=possible_acts(sheet) if sheet.may_end else (),
        resumed_by=_resumed_by(page, sheet),
        can_narrow=sheet.may_change and line.is_effective,
    )


def _resumed_by(page: PageCall, sheet: DelegationSheet) -> str | None:
    """Who may let it go on, told to those who may end it and not that."""
    if sheet.resumed_by is None or sheet.may_resume or not sheet.may_end:
        return None
    return did_name(page, sheet.resumed_by)


def ask(page: PageCall) -> Reply:
    """POST /delegations/{id}/ask: may it do this now? Nothing is counted against a budget."""
    sheet = page.office.delegations.sheets.get(page.caller, page.params["id"])
    one, form = sheet.line.delegation, page.form
    amount = read_money(form.text("amount"))
    if form.text("amount") and amount is None:
        form.fail("amount", NOT_MONEY)

    def act() -> Reply:
        question = ActQuestion(
            agent_did=one.delegate_did,
            action=form.text("action"),
            context=_context(page, amount),
            credential_id=one.credential_id,
            via="page",
        )
        verdict = page.office.delegations.authorizing.ask(page.caller, question)
        return show(page, 200, _answered(page, sheet, verdict), part="told")

    return answer(page, partial(show, page, part="told"), act)


def setup_of(page: PageCall, key: str | None = None) -> str:
    """What somebody puts into the settings of their agent's program, so that it can use the tool server."""
    command = json.dumps(["agent", "tools", "--office", page.office.public_url])
    environment = json.dumps({"SEALWRIGHT_AGENT_KEY": key or page._("the agent's API key")}, ensure_ascii=False)
    return _SETTINGS % (command, environment)


def _answered(page: PageCall, sheet: DelegationSheet, verdict: Verdict) -> Answered:
    constraints = sheet.line.delegation.constraints
    return Answered(
        verdict=verdict,
        action=action_words(page, verdict.action),
        reasons=list(dict.fromkeys(_reasons(page, verdict))),
        left=_left(page, verdict.remaining or {}, currency_of(constraints)),
    )


def _reasons(page: PageCall, verdict: Verdict) -> Iterator[str]:
    for reason in verdict.reasons:
        hop = verdict.chain[reason.hop] if reason.hop is not None and reason.hop < len(verdict.chain) else None
        yield reason_words(page, reason.code, reason.detail, hop.constraints if hop is not None else {})


def _left(page: PageCall, remaining: Mapping[str, JSONValue], currency: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, word in BUDGET_WORDS.items():
        value = remaining.get(name)
        if isinstance(value, int | float):
            text = money_text(page, value, "" if name in CALLS else currency)
            found.append((page._(word), page._("%(left)s left", left=text)))
    return found


def _context(page: PageCall, amount: Decimal | None) -> dict[str, JSONValue]:
    form = page.form
    context: dict[str, JSONValue] = {member: form.text(field) for field, member in _TEXTS.items() if form.text(field)}
    if amount is not None:
        context["amount"] = as_number(amount)
    if form.flag("approved"):
        context["approved"] = True
    return context


def _actions(page: PageCall, sheet: DelegationSheet) -> list[tuple[str, str]]:
    """The single actions of the scope, for the list beside the field where others are typed."""
    scope = sheet.line.delegation.scope
    return [(one, action_words(page, one)) for one in scope if one != EVERYTHING and not one.endswith(BELOW)]


def _asks_money(scope: tuple[str, ...]) -> bool:
    return any(one == EVERYTHING or one.startswith("purchase:") for one in scope)


def _asks_schema(scope: tuple[str, ...]) -> bool:
    return covers(scope, "credential:request") or any(one.startswith("credential:") for one in scope)


def _is_own_agent(page: PageCall, did: str) -> bool:
    record = page.view().did(did)
    return record is not None and (page.caller.is_admin or record.owner_user_id == page.person.user_id)


_S: Final = PageAudience.SIGNED_IN
PAGES: Final = (
    PageRoute("GET", _ONE, _S, show, query=PAGE_QUERY),
    PageRoute("POST", f"{_ONE}/ask", _S, ask, form=ASK_FORM),
)
