"""Delegations as templates show them: names, words, badges, bars, and why one gives no authority now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from sealwright.domain.delegations import Approval, ApprovalState, Delegation, DelegationCall, DelegationStatus
from sealwright.locales import N_
from sealwright.locales.catalogs import SOURCE_LANGUAGE
from sealwright.services.delegation_sheets import BudgetUse, DelegationLine, DelegationNode
from sealwright.vc.delegation.terms import DelegationCode
from sealwright.web.panel.delegations_words import (
    BUDGET_WORDS,
    DELEGATIONS,
    Allowed,
    action_words,
    currency_of,
    did_name,
    limit_words,
    listed,
    money_text,
    schema_name,
    sentence,
)
from sealwright.web.panel.moments import number_text

if TYPE_CHECKING:
    from sealwright.services.delegation_standing import Fall
    from sealwright.vc.encoding.strict_json import JSONValue
    from sealwright.web.panel.page_call import PageCall

# Bars count in thousandths of the budget.
BAR_MOST: Final = 1000
_NEARLY: Final = Decimal("0.9")
_ACTIONS_SHOWN: Final = 2
BADGE_OF: Final = {
    DelegationStatus.ACTIVE: "delegation_active",
    DelegationStatus.SUSPENDED: "delegation_paused",
    DelegationStatus.REVOKED: "revoked",
    DelegationStatus.EXPIRED: "expired",
}
_OUTCOMES: Final = {
    ApprovalState.APPROVED: N_("It may still do this, once, until the question ends."),
    ApprovalState.SPENT: N_("It was approved, and the agent has made use of that."),
    ApprovalState.DECLINED: N_("It was declined."),
    ApprovalState.EXPIRED: N_("Its time is over."),
}
APPROVAL_BADGES: Final = {
    ApprovalState.WAITING: "pending",
    ApprovalState.APPROVED: "approved",
    ApprovalState.DECLINED: "declined",
    ApprovalState.SPENT: "approval_spent",
    ApprovalState.EXPIRED: "expired",
}
# Why a chain gives no authority, by what befell which of its hops: this one, or one above it.
_FALL_WORDS: Final[Mapping[DelegationCode, tuple[str, str]]] = {
    DelegationCode.REVOKED: (N_("It was revoked."), N_("The one above it, to %(above)s, was revoked.")),
    DelegationCode.SUSPENDED: (N_("It is paused."), N_("The one above it, to %(above)s, is paused.")),
    DelegationCode.EXPIRED: (N_("It has expired."), N_("The one above it, to %(above)s, has expired.")),
    DelegationCode.ROOT_INVALID: (
        N_("%(giver)s may not act any more, so nobody may in that name."),
        N_("%(giver)s may not act any more, so nobody may in that name."),
    ),
    DelegationCode.PROOF_INVALID: (
        N_("The key that signed it was compromised."),
        N_("The key that signed the one above it, to %(above)s, was compromised."),
    ),
}
_PARTY_ENDED: Final = (
    N_("A DID that it names was deactivated, or nobody answers for it any more."),
    N_("A DID in the one above it, to %(above)s, was deactivated, or nobody answers for it any more."),
)
# Why an act is refused, for readers of languages that services do not speak.
REASON_WORDS: Final[Mapping[str, str]] = {
    DelegationCode.ACTION_NOT_COVERED: N_("Nothing that it was allowed covers this action."),
    DelegationCode.CONSTRAINT_EXCEEDED: N_("A limit forbids it."),
    DelegationCode.APPROVAL_REQUIRED: N_("A person has to approve it first."),
    DelegationCode.NOT_FOUND: N_("It was allowed nothing."),
    DelegationCode.REVOKED: N_("What it was allowed was revoked."),
    DelegationCode.SUSPENDED: N_("What it was allowed is paused."),
    DelegationCode.EXPIRED: N_("What it was allowed has expired."),
    DelegationCode.ROOT_INVALID: N_("Whoever allowed it may not act any more."),
    DelegationCode.PROOF_INVALID: N_("A key that signed it was compromised."),
}
_NOT_NOW: Final = N_("What it was allowed does not hold.")
VIA_WORDS: Final = {
    "api": N_("API"),
    "tools": N_("Tool server"),
    "token": N_("Token"),
    "page": N_("This page"),
    "terminal": N_("Terminal"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """How full a budget is.

    Args:
        value: Of `BAR_MOST`.
        text: ``180 of 400 USD``.
        note: That it is used up, or nearly; None while there is enough left.
    """

    label: str
    text: str
    value: int
    note: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One delegation as lists and trees show it."""

    delegation: Delegation
    href: str
    agent: str
    giver: str
    actions: str
    bars: tuple[Bar, ...]
    badge: str
    why: str | None
    is_effective: bool
    is_given: bool
    is_received: bool


@dataclass(frozen=True, slots=True)
class TreePlace:
    """A row with those that rest on it."""

    row: Row
    is_here: bool
    below: tuple[TreePlace, ...]


@dataclass(frozen=True, slots=True)
class CallRow:
    """A question of an agent and its answer."""

    call: DelegationCall
    agent: str
    action: str
    values: str
    why: str | None
    via: str


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """What an agent asks a person to approve."""

    approval: Approval
    href: str
    agent: str
    giver: str
    action: str
    values: str
    badge: str
    is_open: bool
    outcome: str
    can_decide: bool


def path_of(delegation: Delegation) -> str:
    """Where a delegation is shown."""
    return f"{DELEGATIONS}/{delegation.delegation_id}"


def agent_path(did: str) -> str:
    """Where an agent is shown."""
    return f"{DELEGATIONS}/agents/{quote(did, safe='')}"


def row_of(page: PageCall, line: DelegationLine) -> Row:
    """One delegation for a list."""
    one = line.delegation
    shown = [action_words(page, action) for action in one.scope[:_ACTIONS_SHOWN]]
    more = len(one.scope) - len(shown)
    if more > 0:
        shown.append(page.ngettext("%(num)s more", "%(num)s more", more))
    return Row(
        delegation=one,
        href=path_of(one),
        agent=did_name(page, one.delegate_did),
        giver=did_name(page, one.delegator_did),
        actions=listed(page, shown),
        bars=bars_of(page, line),
        badge=badge_of(line),
        why=why_not(page, line),
        is_effective=line.is_effective,
        is_given=line.is_given,
        is_received=line.is_received,
    )


def tree_of(page: PageCall, node: DelegationNode, here: str) -> TreePlace:
    """A tree for its template; `here` is the id of the one that is looked at."""
    below = tuple(tree_of(page, one, here) for one in node.below)
    return TreePlace(row_of(page, node.line), node.line.delegation.delegation_id == here, below)


def badge_of(line: DelegationLine) -> str:
    """Its own state; one that is active and yet gives no authority is dead."""
    if line.status is DelegationStatus.ACTIVE and not line.is_effective:
        return "delegation_dead"
    return BADGE_OF[line.status]


def why_not(page: PageCall, line: DelegationLine) -> str | None:
    """Why it gives no authority now, where its badge does not tell it already."""
    own = len(line.chain) - 1
    first = next((one for one in line.falls if not _is_told_by_badge(one, own)), None)
    return fall_words(page, line, first) if first is not None else None


def fall_words(page: PageCall, line: DelegationLine, fall: Fall) -> str:
    """One reason, in a sentence."""
    at_itself, above = _FALL_WORDS.get(fall.code, _PARTY_ENDED)
    hop = line.chain[fall.hop]
    return page._(
        at_itself if hop is line.chain[-1] else above,
        above=did_name(page, hop.delegate_did),
        giver=did_name(page, hop.delegator_did),
    )


def bars_of(page: PageCall, line: DelegationLine) -> tuple[Bar, ...]:
    """Its budgets, the fullest first."""
    return tuple(_bar(page, use, currency_of(line.delegation.constraints)) for use in line.uses)


def plain_words(page: PageCall, delegation: Delegation) -> str:
    """What it allows, as one sentence."""
    return sentence(
        page,
        Allowed(
            agent=did_name(page, delegation.delegate_did),
            giver=did_name(page, delegation.delegator_did),
            scope=delegation.scope,
            constraints=delegation.constraints,
            max_depth=delegation.max_depth,
            expires_at=delegation.expires_at,
        ),
    )


def call_row(page: PageCall, call: DelegationCall, constraints: Mapping[str, JSONValue]) -> CallRow:
    """A call for its list; `constraints` are those of the delegation that decided it."""
    return CallRow(
        call=call,
        agent=did_name(page, call.agent_did),
        action=action_words(page, call.action),
        values=values_words(page, call.context, currency_of(constraints)),
        why=None if call.allowed else reason_words(page, call.code or "", call.detail or "", constraints),
        via=page._(VIA_WORDS.get(call.via, call.via)),
    )


def approval_row(page: PageCall, approval: Approval, *, can_decide: bool) -> ApprovalRow:
    """A question to a person for its list."""
    state = approval.state_at(page.now)
    return ApprovalRow(
        approval=approval,
        href=f"{DELEGATIONS}/approvals/{approval.approval_id}",
        agent=did_name(page, approval.agent_did),
        giver=did_name(page, approval.delegator_did),
        action=action_words(page, approval.action),
        values=values_words(page, approval.context),
        badge=APPROVAL_BADGES[state],
        is_open=state is ApprovalState.WAITING,
        outcome=page._(_OUTCOMES[state]) if state in _OUTCOMES else "",
        can_decide=can_decide,
    )


def values_words(page: PageCall, context: Mapping[str, JSONValue], currency: str = "") -> str:
    """What an act was about: ``12.50 USD, at safeway.example``; empty where nothing was said."""
    words: list[str] = []
    amount = context.get("amount")
    if isinstance(amount, int | float) and not isinstance(amount, bool):
        words.append(money_text(page, amount, str(context.get("currency") or currency)))
    texts = (
        ("merchant", N_("at %(name)s")),
        ("schemaId", N_("under %(name)s")),
        ("region", N_("in %(name)s")),
        ("resource", N_("on %(name)s")),
    )
    for name, text in texts:
        value = context.get(name)
        if isinstance(value, str):
            words.append(page._(text, name=schema_name(page, value) if name == "schemaId" else value))
    return ", ".join(words)


def reason_words(page: PageCall, code: str, detail: str, constraints: Mapping[str, JSONValue]) -> str:
    """Why an act is refused: which limit, in the page's words; else the services' own sentence, if the reader has it.

    Args:
        detail: Where a limit forbids the act, its first word is that limit's name.
        constraints: Those of the delegation that decided.
    """
    limit = detail.partition(" ")[0]
    if code == DelegationCode.CONSTRAINT_EXCEEDED and limit in constraints:
        return page._("A limit forbids it: %(limit)s.", limit=limit_words(page, limit, constraints))
    if code in REASON_WORDS:
        return page._(REASON_WORDS[code])
    return detail if page.texts.language == SOURCE_LANGUAGE and detail else page._(_NOT_NOW)


def _is_told_by_badge(fall: Fall, own: int) -> bool:
    return fall.hop >= own and fall.code in (DelegationCode.REVOKED, DelegationCode.EXPIRED, DelegationCode.SUSPENDED)


def _bar(page: PageCall, use: BudgetUse, currency: str) -> Bar:
    if use.counts_calls:
        used, limit = number_text(int(use.used), page.texts), number_text(int(use.limit), page.texts)
    else:
        used, limit = money_text(page, use.used), money_text(page, use.limit, currency)
    return Bar(
        label=page._(BUDGET_WORDS[use.name]),
        text=page._("%(used)s of %(limit)s", used=used, limit=limit),
        value=int(use.share * BAR_MOST),
        note=_note(page, use),
    )


def _note(page: PageCall, use: BudgetUse) -> str | None:
    if use.share < _NEARLY:
        return None
    return page._("used up") if use.share >= 1 else page._("nearly used up")
