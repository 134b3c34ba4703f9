"""The terms of a delegation as a form: actions, limits, depth and end; read into what is signed, and back again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sealwright.domain.delegations import DEPTH_MOST, Delegation
from sealwright.locales import N_
from sealwright.vc.delegation.meanings import number_of, texts_in
from sealwright.vc.delegation.windows import read_window
from sealwright.vc.errors import MalformedDocument
from sealwright.web.panel.delegations_words import APPROVAL, CURRENCY
from sealwright.web.panel.page_form import Field, Form, FormData, Kind

if TYPE_CHECKING:
    from sealwright.vc.encoding.strict_json import JSONValue
    from sealwright.web.panel.page_call import PageCall

USUAL_LIFE: Final = timedelta(days=30)
_MONEY: Final = re.compile(r"[0-9]{1,13}(?:[.][0-9]{1,6})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_CLOCK: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_WINDOW: Final = re.compile(r"(?P<days>\S+) (?P<start>[0-9:]{5})-(?P<end>[0-9:]{5}) (?P<zone>\S+)")
_MOST_LINES: Final = 100
_LONG: Final = 8000
# Form fields by the constraints that they stand for.
MONEY_FIELDS: Final[Mapping[str, str]] = {
    "maxSpendPerTransaction": "per_act",
    "maxSpendPerDay": "per_day",
    "maxSpendPerWeek": "per_week",
    "maxSpendPerMonth": "per_month",
}
CALL_FIELDS: Final[Mapping[str, str]] = {"maxCallsPerHour": "calls_hour", "maxCallsPerDay": "calls_day"}
LIST_FIELDS: Final[Mapping[str, str]] = {
    "authorizedMerchants": "merchants",
    "blockedMerchants": "blocked",
    "authorizedRegions": "regions",
    "authorizedResources": "resources",
}
SCHEMAS: Final = "authorizedSchemas"
HOURS: Final = "authorizedHours"
DAYS: Final = ("", "Mon-Sun", "Mon-Fri", "Mon-Sat", "Sat-Sun")
_OWN_FIELDS: Final = frozenset({*MONEY_FIELDS, *CALL_FIELDS, *LIST_FIELDS, SCHEMAS, HOURS, APPROVAL, CURRENCY})

NOT_MONEY: Final = N_("Give an amount, such as 50 or 49.90.")
NOT_A_CURRENCY: Final = N_("Give a currency by its three letters, such as USD.")
NOT_A_CLOCK: Final = N_("Give both times, such as 08:00 and 18:00.")
NO_DAYS: Final = N_("Choose the days that these times are for.")
NOT_LATER: Final = N_("It has to end later than it begins; over midnight, write two times.")
NO_ZONE: Final = N_("Name the time zone, such as Europe/Madrid.")
NO_ACTION: Final = N_("Tick or write at least one thing that it may do.")
TOO_MANY: Final = N_("At most %(most)s, please.")

TERMS: Final = (
    Field("scope", many=True, max_length=255, label=N_("It may")),
    Field("more_scope", max_length=_LONG),
    *(Field(name, max_length=24) for name in MONEY_FIELDS.values()),
    Field("currency", max_length=3),
    *(Field(name, Kind.NUMBER) for name in CALL_FIELDS.values()),
    *(Field(name, max_length=_LONG) for name in LIST_FIELDS.values()),
    Field("schemas", many=True, max_length=1000),
    Field("days", Kind.CHOICE, choices=DAYS[1:]),
    Field("from", max_length=5),
    Field("until_clock", max_length=5),
    Field("zone", max_length=64),
    Field("more_hours", max_length=_LONG),
    Field("approval", Kind.FLAG),
    Field("depth", Kind.CHOICE, required=True, choices=tuple(str(depth) for depth in range(DEPTH_MOST + 1))),
    Field("until", Kind.DATE, required=True),
    Field("key", max_length=64),
    Field("step", Kind.CHOICE, choices=("look", "check", "change", "sign")),
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a form says, as it is signed.

    Args:
        typed_from: The index of the first action that was typed and not ticked.
    """

    scope: tuple[str, ...]
    constraints: Mapping[str, JSONValue]
    max_depth: int
    expires_at: datetime
    typed_from: int


def read_terms_form(page: PageCall, form: FormData, kept: Mapping[str, JSONValue], latest: datetime | None) -> Terms:
    """Read what a form says about what is allowed; faults go to its fields.

    Args:
        kept: Limits that the form has no field for, taken over as they are.
        latest: The end of what it rests on: a form that names its day means its very moment.
    """
    ticked = form.many("scope")
    typed = tuple(one for one in _words(form.text("more_scope")) if one not in ticked)
    if not ticked and not typed:
        form.fail("scope", NO_ACTION)
    constraints: dict[str, JSONValue] = {**kept, **_amounts(form), **_lists(form)}
    if form.flag("approval"):
        constraints[APPROVAL] = True
    return Terms(
        scope=(*ticked, *typed),
        constraints=constraints,
        max_depth=int(form.choice("depth", "0")),
        expires_at=_moment(page, form.date("until"), latest),
        typed_from=len(ticked),
    )


def read_money(text: str) -> Decimal | None:
    """An amount as people write it, with a point or a comma; None for anything else."""
    plain = text.replace(" ", "").replace(",", ".")
    return Decimal(plain) if _MONEY.fullmatch(plain) else None


def as_number(amount: Decimal) -> int | float:
    """The number of JSON that says the same amount."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def kept_of(constraints: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    """The limits that the form has no field for."""
    return {name: value for name, value in constraints.items() if name not in _OWN_FIELDS}


def fault_names(terms: Terms) -> dict[str, str]:
    """Fields by the pointers under which the rules find fault with what they said."""
    names = {f"constraints.{name}": field for name, field in {**MONEY_FIELDS, **CALL_FIELDS, **LIST_FIELDS}.items()}
    names |= {
        f"constraints.{SCHEMAS}": "schemas",
        f"constraints.{HOURS}": "days",
        f"constraints.{APPROVAL}": "approval",
        f"constraints.{CURRENCY}": "currency",
        "maxDepth": "depth",
        "expirationDate": "until",
        "delegateDid": "agent_did",
        "delegate": "agent_did",
        "delegatorDid": "delegator",
        "delegator": "delegator",
    }
    for place in range(len(terms.scope)):
        names[f"scope.{place}"] = "scope" if place < terms.typed_from else "more_scope"
    return names


def filled_in(form: Form, given: Iterable[tuple[str, str]]) -> FormData:
    """A form that somebody is to change, not to be judged yet."""
    return form.read(given, judged=False)


def pairs_of(
    scope: Sequence[str], constraints: Mapping[str, JSONValue], max_depth: int, until: date, offered: Sequence[str]
) -> list[tuple[str, str]]:
    """What a form holds that says these terms.

    Args:
        offered: The actions that are there to be ticked.
    """
    pairs = [("scope", one) for one in scope if one in offered]
    pairs.append(("more_scope", "\n".join(one for one in scope if one not in offered)))
    for name, value in constraints.items():
        pairs += _pairs_of(name, value)
    pairs += [("depth", str(max(0, max_depth))), ("until", until.isoformat())]
    return pairs


def usual_end(page: PageCall, latest: datetime | None) -> date:
    """The day that is there first: in 30 days, or with what it rests on."""
    end = page.now + USUAL_LIFE
    return (min(end, latest) if latest is not None else end).astimezone(page.zone).date()


def last_day(page: PageCall, delegation: Delegation) -> date:
    """The day on which a delegation ends, as its reader counts days."""
    return delegation.expires_at.astimezone(page.zone).date()


def _pairs_of(name: str, value: JSONValue) -> list[tuple[str, str]]:
    texts = texts_in(value) or ()
    number = number_of(value)
    pairs: list[tuple[str, str]] = []
    if name in MONEY_FIELDS and number is not None:
        pairs = [(MONEY_FIELDS[name], format(number, "f"))]
    elif name in CALL_FIELDS and number is not None:
        pairs = [(CALL_FIELDS[name], str(int(number)))]
    elif name in LIST_FIELDS:
        pairs = [(LIST_FIELDS[name], "\n".join(texts))]
    elif name == SCHEMAS:
        pairs = [("schemas", one) for one in texts]
    elif name == HOURS:
        pairs = _hour_pairs(texts)
    elif name == APPROVAL and value is True:
        pairs = [("approval", "1")]
    elif name == CURRENCY:
        pairs = [("currency", str(value))]
    return pairs


def _hour_pairs(windows: Sequence[str]) -> list[tuple[str, str]]:
    first = _WINDOW.fullmatch(windows[0]) if len(windows) == 1 else None
    if first is None or first["days"] not in DAYS:
        return [("more_hours", "\n".join(windows))]
    return [("days", first["days"]), ("from", first["start"]), ("until_clock", first["end"]), ("zone", first["zone"])]


def _amounts(form: FormData) -> dict[str, JSONValue]:
    found: dict[str, JSONValue] = {}
    for name, field in MONEY_FIELDS.items():
        if not form.text(field):
            continue
        amount = read_money(form.text(field))
        if amount is None:
            form.fail(field, NOT_MONEY)
        else:
            found[name] = as_number(amount)
    for name, field in CALL_FIELDS.items():
        if form.text(field) and form.error_of(field) is None:
            found[name] = form.number(field)
    currency = form.text("currency").upper()
    if currency and not _CURRENCY.fullmatch(currency):
        form.fail("currency", NOT_A_CURRENCY)
    elif currency:
        found[CURRENCY] = currency
    return found


def _lists(form: FormData) -> dict[str, JSONValue]:
    found: dict[str, JSONValue] = {}
    for name, field in LIST_FIELDS.items():
        lines = _lines(form.text(field))
        if len(lines) > _MOST_LINES:
            form.fail(field, TOO_MANY, most=_MOST_LINES)
        if lines:
            found[name] = [*lines]
    if form.many("schemas"):
        found[SCHEMAS] = [*form.many("schemas")]
    windows = [*_window(form), *_lines(form.text("more_hours"))]
    if windows:
        found[HOURS] = [*dict.fromkeys(windows)]
    return found


def _window(form: FormData) -> list[str]:
    """The hours that the fields name, as one window; none where they are left alone."""
    days, start, end = form.text("days"), form.text("from"), form.text("until_clock")
    if not (days or start or end):
        return []
    zone = form.text("zone")
    if not days:
        form.fail("days", NO_DAYS)
    if not (_CLOCK.fullmatch(start) and _CLOCK.fullmatch(end)):
        form.fail("from", NOT_A_CLOCK)
    if not _is_zone(zone):
        form.fail("zone", NO_ZONE)
    if not form.errors and not start < end:
        form.fail("until_clock", NOT_LATER)
    return [f"{days} {start}-{end} {zone}"] if not form.errors else []


def _is_zone(name: str) -> bool:
    """Tell whether windows of time may be told by the clocks of a zone of this name."""
    try:
        read_window(f"{DAYS[1]} 00:00-24:00 {name}")
    except MalformedDocument:
        return False
    return True


def _moment(page: PageCall, day: date | None, latest: datetime | None) -> datetime:
    """The end of a day where the reader is; the moment of `latest` where that lies on this day."""
    if day is None:
        return page.now + USUAL_LIFE
    if latest is not None and latest.astimezone(page.zone).date() == day:
        return latest
    return datetime.combine(day, time(23, 59, 59), page.zone).astimezone(UTC)


def _lines(text: str) -> tuple[str, ...]:
    """Each line by itself; commas part too, since people write lists so."""
    return tuple(dict.fromkeys(one.strip() for one in re.split(r"[\n,]", text) if one.strip()))


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.replace(",", " ").split()))
