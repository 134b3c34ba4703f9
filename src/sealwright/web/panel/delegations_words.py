"""Delegations in plain words: what somebody allows, as one sentence, and each of its limits by itself (S16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from babel.dates import get_day_names
from babel.lists import format_list
from babel.numbers import format_decimal

from sealwright.locales import N_
from sealwright.web.panel.moments import day_text
from sealwright.web.panel.rendering import middle

if TYPE_CHECKING:
    from sealwright.vc.encoding.strict_json import JSONValue
    from sealwright.web.panel.page_call import PageCall

DELEGATIONS: Final = "/delegations"
EVERYTHING: Final = "*"
BELOW: Final = ":*"
PURCHASE: Final = "purchase:"
# Actions that people meet often, in their words; `%(what)s` is the rest of the action.
_WHOLE: Final = {
    EVERYTHING: N_("do anything at all"),
    "purchase:*": N_("buy anything"),
    "credential:*": N_("ask for credentials, show them and issue them"),
    "credential:request": N_("ask for credentials"),
    "credential:present": N_("show credentials"),
    "credential:issue": N_("issue credentials"),
    "delegation:present": N_("show what it was allowed"),
}
_BEGINNING: Final = (
    (PURCHASE, N_("buy “%(what)s”")),
    ("credential:request:", N_("ask for the credential “%(what)s”")),
    ("credential:issue:", N_("issue the credential “%(what)s”")),
)
# What is offered to be ticked where nothing narrower is given.
USUAL_ACTIONS: Final = (
    "purchase:groceries",
    "purchase:*",
    "credential:request",
    "credential:present",
    "credential:issue",
)
# Limits on money and on calls, by how many of what in which time.
AMOUNTS: Final[Mapping[str, str]] = {
    "maxSpendPerTransaction": N_("at most %(limit)s at a time"),
    "maxSpendPerDay": N_("at most %(limit)s in any 24 hours"),
    "maxSpendPerWeek": N_("at most %(limit)s in any 7 days"),
    "maxSpendPerMonth": N_("at most %(limit)s in any 30 days"),
}
CALLS: Final = ("maxCallsPerHour", "maxCallsPerDay")
_LISTS: Final[Mapping[str, str]] = {
    "authorizedMerchants": N_("only from %(names)s"),
    "blockedMerchants": N_("never from %(names)s"),
    "authorizedSchemas": N_("only credentials under %(names)s"),
    "authorizedRegions": N_("only in %(names)s"),
    "authorizedResources": N_("only on %(names)s"),
    "authorizedHours": N_("only at these times: %(names)s"),
}
CURRENCY: Final = "currency"
APPROVAL: Final = "requireApproval"
# The order in which limits are told; what else is there comes after them.
ORDER: Final = (*AMOUNTS, *CALLS, *_LISTS, APPROVAL)
# What a budget is called beside its bar.
BUDGET_WORDS: Final[Mapping[str, str]] = {
    "maxSpendPerDay": N_("Spent in 24 hours"),
    "maxSpendPerWeek": N_("Spent in 7 days"),
    "maxSpendPerMonth": N_("Spent in 30 days"),
    "maxCallsPerHour": N_("Acts in an hour"),
    "maxCallsPerDay": N_("Acts in 24 hours"),
}
_NAMES_SHOWN: Final = 6
# A name is at most a line or two; a DID may have two thousand characters.
_DID_SHOWN: Final = 60
_DID_ENDS: Final = 24
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is allowed, whoever keeps it: a form that is being filled in, or a delegation.

    Args:
        agent: What the delegate is called.
        giver: What the delegator is called.
    """

    agent: str
    giver: str
    scope: Sequence[str]
    constraints: Mapping[str, JSONValue]
    max_depth: int
    expires_at: datetime


def sentence(page: PageCall, allowed: Allowed) -> str:
    """All of it as one sentence, for whoever is about to sign it; each of its terms begins a line."""
    limits = ";\n".join([*limit_clauses(page, allowed), depth_clause(page, allowed.max_depth)])
    return page._(
        "%(agent)s may %(actions)s in the name of %(giver)s until %(day)s, on these terms: %(limits)s.",
        agent=allowed.agent,
        giver=allowed.giver,
        actions=actions_words(page, allowed.scope),
        day=day_text(allowed.expires_at, page.texts, page.zone),
        limits=f"\n{limits}",
    )


def actions_words(page: PageCall, scope: Sequence[str]) -> str:
    """Everything that a scope covers: ``buy “groceries” and ask for credentials``."""
    return listed(page, [action_words(page, one) for one in scope])


def action_words(page: PageCall, action: str) -> str:
    """One entry of a scope in words."""
    known = _WHOLE.get(action)
    if known is not None:
        return page._(known)
    if action.endswith(BELOW):
        return page._("do everything under “%(what)s”", what=action[: -len(BELOW)])
    for beginning, text in _BEGINNING:
        if action.startswith(beginning):
            return page._(text, what=action[len(beginning) :])
    return page._("do “%(what)s”", what=action)


def limit_clauses(page: PageCall, allowed: Allowed) -> list[str]:
    """Each limit in a few words; that there is no limit to the money is one of them."""
    constraints = allowed.constraints
    clauses: list[str] = []
    if may_spend(allowed.scope) and not any(name in constraints for name in AMOUNTS):
        clauses.append(page._("no limit to the money that is spent"))
    names = [name for name in ORDER if name in constraints]
    names += sorted(name for name in constraints if name not in ORDER and name != CURRENCY)
    return clauses + [limit_words(page, name, constraints) for name in names]


def limit_words(page: PageCall, name: str, constraints: Mapping[str, JSONValue]) -> str:
    """One limit in words."""
    value = constraints[name]
    if name in AMOUNTS and isinstance(value, int | float):
        amount, currency = money_text(page, value, currency_of(constraints)), currency_of(constraints)
        return page._(AMOUNTS[name], limit=amount if currency else page._("%(amount)s of any currency", amount=amount))
    if name in CALLS and isinstance(value, int | float):
        return _calls_words(page, name, int(value))
    if name in _LISTS and isinstance(value, list):
        return page._(_LISTS[name], names=_names(page, name, [str(one) for one in value]))
    if name == APPROVAL:
        return (
            page._("only after a person has approved each act")
            if value is True
            else page._("without a person's approval")
        )
    return page._("%(name)s: %(value)s", name=name, value=plain_value(page, value))


def _calls_words(page: PageCall, name: str, count: int) -> str:
    if name == "maxCallsPerHour":
        return page.ngettext("at most %(num)s act in any hour", "at most %(num)s acts in any hour", count)
    return page.ngettext("at most %(num)s act in any 24 hours", "at most %(num)s acts in any 24 hours", count)


def depth_clause(page: PageCall, max_depth: int) -> str:
    """Whether it may be passed on."""
    if max_depth == 0:
        return page._("none of it may be passed on")
    return page.ngettext(
        "it may be passed on %(num)s step further, never with more than this",
        "it may be passed on %(num)s steps further, never with more than this",
        max_depth,
    )


def may_spend(scope: Sequence[str]) -> bool:
    """Tell whether a scope reaches to buying."""
    return any(one == EVERYTHING or one.startswith(PURCHASE) for one in scope)


def currency_of(constraints: Mapping[str, JSONValue]) -> str:
    """The currency that amounts are in; empty where none is named."""
    value = constraints.get(CURRENCY)
    return value if isinstance(value, str) else ""


def money_text(page: PageCall, amount: float | Decimal, currency: str = "") -> str:
    """An amount as it is, with the language's separators and no rounding: ``1,250.50 USD``."""
    exact = amount if isinstance(amount, Decimal) else Decimal(repr(amount))
    pattern = "#,##0.######" if exact == exact.to_integral_value() else "#,##0.00####"
    text = str(format_decimal(exact, format=pattern, locale=page.texts.locale))
    return f"{text} {currency}" if currency else text


def listed(page: PageCall, words: Sequence[str]) -> str:
    """Words as a list of the language: ``a, b and c``."""
    return format_list(list(words), locale=page.texts.locale)


def plain_value(page: PageCall, value: JSONValue) -> str:
    """A value that the pages know nothing of, readable."""
    if isinstance(value, bool):
        return page._("yes") if value else page._("no")
    if isinstance(value, int | float):
        return money_text(page, value)
    if isinstance(value, list):
        return listed(page, [plain_value(page, one) for one in value])
    return str(value)


def _names(page: PageCall, name: str, values: list[str]) -> str:
    shown = [_name(page, name, one) for one in values[:_NAMES_SHOWN]]
    more = len(values) - len(shown)
    if more > 0:
        shown.append(page.ngettext("%(num)s more", "%(num)s more", more))
    return listed(page, shown)


def _name(page: PageCall, name: str, value: str) -> str:
    if name == "authorizedSchemas":
        return schema_name(page, value)
    return window_words(page, value) if name == "authorizedHours" else value


def window_words(page: PageCall, window: str) -> str:
    """A window of time with its days in the reader's language: ``Mon–Fri 08:00–18:00 (America/Los_Angeles)``."""
    days, _, rest = window.partition(" ")
    clock, _, zone = rest.partition(" ")
    names = get_day_names("abbreviated", locale=page.texts.locale)
    ends = [names[_DAYS.index(one)] if one in _DAYS else one for one in days.split("-")]
    return f"{'–'.join(ends)} {clock.replace('-', '–')} ({zone})"


def schema_name(page: PageCall, schema_id: str) -> str:
    """What a credential schema is called here, or its id."""
    known = page.view().schema(schema_id)
    return known.name if known is not None else schema_id


def did_name(page: PageCall, did: str) -> str:
    """What a DID is called here, or the DID itself; a long one without its middle, which is told elsewhere."""
    record = page.view().did(did)
    if record is not None and record.name:
        return record.name
    return middle(did, _DID_ENDS, _DID_ENDS) if len(did) > _DID_SHOWN else did
