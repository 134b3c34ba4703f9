"""Whether a chain of delegations allows one act: the same rules for the office, resource servers and agents' tools.

Nothing is allowed by silence: what a constraint asks about and the act leaves unsaid is refused, and so is a constraint
that is not known here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Final, Literal, TypeAlias

from sealwright.vc.credentials.form import Findings
from sealwright.vc.delegation.meanings import HOURS, KNOWN, number_of, texts_in, unreadable
from sealwright.vc.delegation.narrowing import covers, is_one_action
from sealwright.vc.delegation.terms import DelegationCode, DelegationTerms
from sealwright.vc.delegation.windows import read_window
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue

MICROS: Final = 1_000_000
"""Amounts are counted in millionths of the unit that the parties use, so that no sum is rounded."""
AMOUNT_MOST: Final = 10**12
AMOUNT_DECIMALS: Final = 6
_WHOLE_MOST: Final = 2**53 - 1
_DECIMAL_ZERO: Final = Decimal(0)
_CREDENTIAL_ACTIONS: Final = "credential:"
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
# Controls that are no space, formats, and accents and variants that a letter has as a mark behind it.
_UNSEEN: Final = frozenset({"Cc", "Cf"})
_MARKS: Final = frozenset(map(chr, (*range(0x300, 0x370), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
_SEEN_AS: Final[Mapping[str, str]] = {"\u0131": "i"}

Used: TypeAlias = Callable[[int, str], tuple[int, int]]
"""By the place of a hop and the name of a budget: millionths spent and acts made within the budget's period."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a constraint counts over a rolling stretch of time that ends now."""

    period: timedelta
    counts: Literal["spend", "calls"]


BUDGETS: Final[Mapping[str, Budget]] = {
    "maxSpendPerDay": Budget(timedelta(hours=24), "spend"),
    "maxSpendPerWeek": Budget(timedelta(days=7), "spend"),
    "maxSpendPerMonth": Budget(timedelta(days=30), "spend"),
    "maxCallsPerHour": Budget(timedelta(hours=1), "calls"),
    "maxCallsPerDay": Budget(timedelta(hours=24), "calls"),
}


@dataclass(frozen=True, slots=True)
class ActContext:
    """What an act is about, as far as it says so.

    Args:
        amount: What it spends, in the parties' unit; None where nothing is said of money.
        approved: A person has approved this very act.
    """

    amount: Decimal | None = None
    currency: str | None = None
    merchant: str | None = None
    schema_id: str | None = None
    region: str | None = None
    resource: str | None = None
    approved: bool = False

    @property
    def micros(self) -> int:
        """What it spends, in millionths."""
        return micros_of(self.amount) if self.amount is not None else 0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an act is refused.

    Args:
        hop: The place of the delegation that forbids it, 0 for the root; None where no single one does.
        constraint: The constraint that it would break.
    """

    code: DelegationCode
    hop: int | None
    detail: str
    constraint: str | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """One constraint of a hop, read.

    Args:
        fault: Why it cannot be understood; it then forbids every act.
        count: As `limit_micros` gives it, of a budget; else 0.
    """

    name: str
    value: JSONValue
    fault: str | None
    budget: Budget | None
    count: int


@dataclass(frozen=True, slots=True)
class ReadHop:
    """A hop whose constraints were read, for whoever judges many acts by it."""

    terms: DelegationTerms
    limits: tuple[Limit, ...]


_TEXTS: Final = {"currency": 3, "merchant": 200, "schemaId": 2048, "region": 64, "resource": 2048}
"""The texts of a context, with the most characters of each: as long as the credential schema lets a limit be."""


def read_context(given: Mapping[str, JSONValue]) -> ActContext:
    """Read what an act is about.

    Args:
        given: ``amount`` (0 to 10^12, at most 6 decimals), ``currency`` (ISO 4217), ``merchant``, ``schemaId``,
            ``region``, ``resource``, ``approved``; each may be left out, none may be null.

    Raises:
        MalformedDocument: With every fault: UNKNOWN_FIELD, INVALID_TYPE, INVALID_VALUE.
    """
    found = Findings()
    for name in sorted(given.keys() - _TEXTS.keys() - {"amount", "approved"}):
        found.add(child("", name), "UNKNOWN_FIELD", "A context has no member of this name.")
    for name, most in _TEXTS.items():
        text = given.get(name, "-")
        if not isinstance(text, str):
            found.add(f"/{name}", "INVALID_TYPE", "must be a text")
        elif not 1 <= len(text) <= most:
            found.add(f"/{name}", "INVALID_VALUE", f"must have 1 to {most} characters")
    if isinstance(given.get("currency"), str) and not _CURRENCY.fullmatch(str(given["currency"])):
        found.add("/currency", "INVALID_VALUE", "must be a currency's three letters, as in ISO 4217")
    amount = number_of(given.get("amount"))
    if "amount" in given and amount is None:
        found.add("/amount", "INVALID_TYPE", "must be a number")
    elif amount is not None and not _is_amount(amount):
        detail = f"must lie between 0 and {AMOUNT_MOST}, with at most {AMOUNT_DECIMALS} decimals"
        found.add("/amount", "INVALID_VALUE", detail)
    approved = given.get("approved", False)
    if not isinstance(approved, bool):
        found.add("/approved", "INVALID_TYPE", "must be true or false")
    found.raise_if_any("context")
    texts = {name: value for name in _TEXTS if isinstance(value := given.get(name), str)}
    return ActContext(
        amount,
        texts.get("currency"),
        texts.get("merchant"),
        texts.get("schemaId"),
        texts.get("region"),
        texts.get("resource"),
        approved is True,
    )


def micros_of(amount: Decimal) -> int:
    """An amount in millionths; what lies below a millionth is cut off."""
    return int(amount.scaleb(AMOUNT_DECIMALS).to_integral_value(ROUND_FLOOR))


def limit_micros(name: str, value: JSONValue) -> int:
    """A limit as it is counted: millionths where it limits spending, acts where it limits calls.

    Rounded down: a limit of two and a half calls allows two.

    Raises:
        ValueError: It is no number; the message names the constraint.
    """
    number = number_of(value)
    if number is None:
        raise ValueError(f"{name} is not a number.")
    budget = BUDGETS.get(name)
    is_calls = budget is not None and budget.counts == "calls"
    return int(number.to_integral_value(ROUND_FLOOR)) if is_calls else micros_of(number)


def read_hop(terms: DelegationTerms) -> ReadHop:
    """Read the constraints of a hop once."""
    return ReadHop(terms, tuple(_limit(name, value) for name, value in terms.constraints.items()))


def judge_act(
    hops: Sequence[DelegationTerms | ReadHop], action: str, context: ActContext, now: datetime, used: Used | None
) -> tuple[Reason, ...]:
    """Judge an act by every hop of a chain, the root first.

    Args:
        hops: The terms of a chain that holds; whether it does is not asked here, but for the dates of each hop.
        now: Aware UTC.
        used: What was counted before; None where that is not known, so that only the act itself is measured.

    Returns:
        All reasons against it, hop by hop; none means that it is allowed. A chain of no hops allows nothing.
    """
    if not hops:
        return (Reason(DelegationCode.ACTION_NOT_COVERED, None, "There is no delegation."),)
    if not is_one_action(action):
        # A scope's own entry lies within the scope, and limits for some actions would not know it for one of them.
        return (Reason(DelegationCode.ACTION_NOT_COVERED, None, "The act names no single action."),)
    reasons: list[Reason] = []
    for index, hop in enumerate(hops):
        reasons.extend(_judge_hop(index, _read(hop), action, context=context, now=now, used=used))
    return tuple(reasons)


def remaining_of(hops: Sequence[DelegationTerms | ReadHop], used: Used | None) -> dict[str, JSONValue] | None:
    """What is left of every budget: the smallest over all hops that have it.

    Returns:
        By the name of the constraint; amounts in the parties' unit, never below 0. None where no use is known.
    """
    if used is None:
        return None
    left: dict[str, int] = {}
    for index, hop in enumerate(hops):
        for limit in _read(hop).limits:
            if limit.budget is None or limit.fault is not None:
                continue
            rest = max(0, limit.count - _count(limit.budget, used(index, limit.name)))
            left[limit.name] = min(rest, left.get(limit.name, rest))
    return {name: _as_number(name, left[name]) for name in BUDGETS if name in left}


def _read(hop: DelegationTerms | ReadHop) -> ReadHop:
    return hop if isinstance(hop, ReadHop) else read_hop(hop)


def _limit(name: str, value: JSONValue) -> Limit:
    # A limit that nobody here understands may be the very one that forbids an act.
    fault = unreadable(name, value) if name in KNOWN else "is a limit that is not known here"
    budget = BUDGETS.get(name)
    count = limit_micros(name, value) if budget is not None and fault is None else 0
    return Limit(name, value, fault, budget, count)


def _judge_hop(
    index: int, hop: ReadHop, action: str, *, context: ActContext, now: datetime, used: Used | None
) -> Iterator[Reason]:
    terms = hop.terms
    if terms.expires is None or terms.expires <= now:
        yield Reason(DelegationCode.EXPIRED, index, "The delegation has expired.")
    if terms.valid_from is not None and terms.valid_from > now:
        yield Reason(DelegationCode.INVALID, index, "The delegation is not valid yet.")
    if not covers(terms.scope, action):
        yield Reason(DelegationCode.ACTION_NOT_COVERED, index, "The delegation does not allow this action.")
    for limit in hop.limits:
        name = limit.name
        if limit.fault is not None:
            yield _exceeded(index, name, limit.fault)
        elif name == "requireApproval":
            if limit.value is True and not context.approved:
                detail = "A person has to approve this act first."
                yield Reason(DelegationCode.APPROVAL_REQUIRED, index, detail, name)
        elif limit.budget is not None:
            seen = used(index, name) if used is not None else (0, 0)
            if (why := _over_budget(limit, limit.budget, context, seen, is_known=used is not None)) is not None:
                yield _exceeded(index, name, why)
        elif (why := _CHECKS[name](limit.value, action, context, now)) is not None:
            yield _exceeded(index, name, why)


def _exceeded(index: int, name: str, why: str) -> Reason:
    return Reason(DelegationCode.CONSTRAINT_EXCEEDED, index, f"{name} {why}.", name)


def _count(budget: Budget, seen: tuple[int, int]) -> int:
    return seen[0] if budget.counts == "spend" else seen[1]


def _over_budget(
    limit: Limit, budget: Budget, context: ActContext, seen: tuple[int, int], *, is_known: bool
) -> str | None:
    before = _count(budget, seen)
    this = context.micros if budget.counts == "spend" else 1
    if before + this <= limit.count:
        return None
    left = f", and {_as_number(limit.name, max(0, limit.count - before))} is left" if is_known else ""
    return f"allows {_as_number(limit.name, limit.count)} at most{left}"


def _as_number(name: str, count: int) -> int | float:
    """A count of millionths, or of acts, as JSON writes it: whole numbers without a point."""
    budget = BUDGETS.get(name)
    if budget is not None and budget.counts == "calls":
        return count
    whole, rest = divmod(count, MICROS)
    # Beyond what every reader of JSON takes for a whole number, strict ones take none at all.
    return whole if rest == 0 and abs(whole) <= _WHOLE_MOST else float(Decimal(count).scaleb(-AMOUNT_DECIMALS))


def _over_transaction(value: JSONValue, _action: str, context: ActContext, _now: datetime) -> str | None:
    limit = limit_micros("maxSpendPerTransaction", value)
    if context.micros <= limit:
        return None
    return f"allows {_as_number('maxSpendPerTransaction', limit)} at most for one act"


def _pays(context: ActContext) -> bool:
    return (context.amount is not None and context.amount > 0) or context.merchant is not None


def _unauthorized_merchant(value: JSONValue, _action: str, context: ActContext, _now: datetime) -> str | None:
    if not _pays(context):
        return None
    return _unlisted("merchant", value, context.merchant)


def _blocked_merchant(value: JSONValue, _action: str, context: ActContext, _now: datetime) -> str | None:
    if not _pays(context):
        return None
    named = _folded(context.merchant or "")
    if not named:
        return "cannot be kept: no merchant is named"
    blocked = {_folded(text) for text in texts_in(value) or ()}
    return "names this merchant" if named in blocked else None


def _unauthorized_schema(value: JSONValue, action: str, context: ActContext, _now: datetime) -> str | None:
    if context.schema_id is None and not action.startswith(_CREDENTIAL_ACTIONS):
        return None
    return _unlisted("credential schema", value, context.schema_id)


def _unauthorized_region(value: JSONValue, _action: str, context: ActContext, _now: datetime) -> str | None:
    return _unlisted("region", value, context.region)


def _unauthorized_resource(value: JSONValue, _action: str, context: ActContext, _now: datetime) -> str | None:
    return _unlisted("resource", value, context.resource)


def _unlisted(what: str, value: JSONValue, named: str | None) -> str | None:
    if named is None:
        return f"cannot be kept: no {what} is named"
    return None if named in (texts_in(value) or ()) else f"does not name this {what}"


def _outside_hours(value: JSONValue, _action: str, _context: ActContext, now: datetime) -> str | None:
    inside = any(read_window(text).contains(now) for text in texts_in(value) or ())
    return None if inside else "does not allow it at this time"


def _other_currency(value: JSONValue, _action: str, context: ActContext, _now: datetime) -> str | None:
    if not isinstance(value, str):
        return "is not a text"
    return None if context.currency in (None, value) else "is another one"


def _folded(text: str) -> str:
    """A name as people tell names apart, so that a blocked one does not pass by what nobody sees in it.

    Capitals, width, spaces, accents, invisible characters and a dot behind the name are left out of account. Letters of
    another alphabet that look alike are other letters.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    seen = "".join(_SEEN_AS.get(letter, letter) for letter in plain if not _is_unseen(letter))
    return " ".join(seen.split()).rstrip(". ")


def _is_unseen(letter: str) -> bool:
    return (unicodedata.category(letter) in _UNSEEN and not letter.isspace()) or letter in _MARKS


def _is_amount(number: Decimal) -> bool:
    return _DECIMAL_ZERO <= number <= AMOUNT_MOST and number.scaleb(AMOUNT_DECIMALS) % 1 == 0


_Check: TypeAlias = Callable[[JSONValue, str, ActContext, datetime], str | None]

_CHECKS: Final[Mapping[str, _Check]] = {
    "maxSpendPerTransaction": _over_transaction,
    "authorizedMerchants": _unauthorized_merchant,
    "blockedMerchants": _blocked_merchant,
    "authorizedSchemas": _unauthorized_schema,
    "authorizedRegions": _unauthorized_region,
    "authorizedResources": _unauthorized_resource,
    HOURS: _outside_hours,
    "currency": _other_currency,
}
