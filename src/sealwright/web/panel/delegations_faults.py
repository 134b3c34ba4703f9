"""What is wrong with a delegation that somebody asks for: each fault at its field, with how far that field may go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwright.domain.delegations import Delegation
from sealwright.locales import N_
from sealwright.vc.delegation.terms import DelegationCode
from sealwright.web.panel.delegations_form import HOURS, Terms, fault_names
from sealwright.web.panel.delegations_words import AMOUNTS, currency_of, limit_words, money_text
from sealwright.web.panel.moments import day_text
from sealwright.web.panel.refusal_words import fault_words, refusal_words
from sealwright.web.problems import faults_of, problem_for

if TYPE_CHECKING:
    from sealwright.vc.encoding.strict_json import JSONValue
    from sealwright.web.panel.page_call import PageCall

# Refusals that name no member, by the field that they are about.
_FIELDS: Final = {
    "EXPIRATION_IN_PAST": "until",
    "HOLDER_NOT_FOUND": "agent_did",
    "HOLDER_DEACTIVATED": "agent_did",
    "INVALID_DID": "agent_did",
    "ISSUER_NOT_FOUND": "delegator",
    "ISSUER_DEACTIVATED": "delegator",
    "ISSUER_KEY_MISSING": "delegator",
    "ISSUER_NOT_AUTHORIZED": "delegator",
}
_LEFT_OUT: Final = N_("It has this limit and may only get a smaller one: %(limit)s.")


@dataclass(frozen=True, slots=True)
class Ground:
    """What a form stands on.

    Args:
        over: The delegation whose terms bound the new one's: its parent, or the one that is narrowed.
    """

    over: Delegation | None
    narrows: bool

    @property
    def constraints(self) -> Mapping[str, JSONValue]:
        return self.over.constraints if self.over is not None else {}


def require_limits(page: PageCall, ground: Ground, terms: Terms) -> None:
    """A limit that was left empty would be kept as it was, which nobody who emptied it means."""
    names = fault_names(terms)
    for name in ground.constraints:
        if ground.narrows and name not in terms.constraints:
            page.form.fail(
                names.get(f"constraints.{name}", ""), _LEFT_OUT, limit=limit_words(page, name, ground.constraints)
            )


def tell_faults(page: PageCall, ground: Ground, terms: Terms, error: Exception) -> None:
    """Put each fault at its field and say how far that field may go; other faults in the services' own words."""
    names, faults = fault_names(terms), faults_of(error)
    for fault in faults:
        words = _fault_words(page, ground, fault) or fault_words(page.texts, error, fault)
        page.form.fail_in_words(_field_of(names, fault["pointer"]), words)
    if not faults:
        page.form.fail_in_words(_FIELDS.get(problem_for(error).code, ""), refusal_words(page.texts, error))


def _field_of(names: Mapping[str, str], pointer: str) -> str:
    """The field that a pointer leads to, or into: whoever finds fault with one of several names its place."""
    parts = pointer.strip("/").split("/")
    wholes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((names[whole] for whole in wholes if whole in names), "")


def _fault_words(page: PageCall, ground: Ground, fault: Mapping[str, str]) -> str | None:
    over, name = ground.over, fault["pointer"].rpartition("/")[2]
    words: str | None = None
    if HOURS in fault["pointer"] and fault["code"] != DelegationCode.CONSTRAINT_LOOSENED:
        return page._("Write times as in this: Mon-Fri 08:00-18:00 Europe/Madrid.")
    match fault["code"]:
        case DelegationCode.SCOPE_WIDENED:
            words = page._("This was not given, so it cannot be passed on.")
        case DelegationCode.CONSTRAINT_LOOSENED if name in ground.constraints:
            words = _no_more(page, ground, name)
        case DelegationCode.EXPIRY_EXCEEDED if over is not None:
            words = page._("It cannot end later than %(day)s.", day=day_text(over.expires_at, page.texts, page.zone))
        case DelegationCode.DEPTH_EXCEEDED:
            words = page._("It may not be passed on so far.")
        case DelegationCode.LOOP:
            words = page._("Whoever this is stands further up already.")
    return words


def _no_more(page: PageCall, ground: Ground, name: str) -> str:
    value = ground.constraints[name]
    if isinstance(value, int | float) and not isinstance(value, bool):
        currency = currency_of(ground.constraints) if name in AMOUNTS else ""
        return page._("No more than %(limit)s.", limit=money_text(page, value, currency))
    return page._("It may not be more than this: %(limit)s.", limit=limit_words(page, name, ground.constraints))
