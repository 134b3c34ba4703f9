"""How delegations and acts are spelled at the terminal: options read, answers told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from sealwright.cli import rendering
from sealwright.cli.misuse import Misused
from sealwright.cli.options import present
from sealwright.cli.output import printable

if TYPE_CHECKING:
    from sealwright.domain.delegations import DelegationStatus
    from sealwright.services.authorizing_values import Verdict
    from sealwright.services.delegation_views import SeenDelegation
    from sealwright.vc.delegation.chain import ChainReport
    from sealwright.vc.encoding.strict_json import JSONValue

Action: TypeAlias = Annotated[str, typer.Argument(metavar="ACTION", help="One action, such as purchase:groceries.")]
Amount: TypeAlias = Annotated[str | None, typer.Option("--amount", help="What it spends, such as 42.50.")]
Currency: TypeAlias = Annotated[str | None, typer.Option("--currency", help="ISO 4217; the delegation's if unsaid.")]
Merchant: TypeAlias = Annotated[str | None, typer.Option("--merchant", help="Where it is spent.")]
SchemaId: TypeAlias = Annotated[str | None, typer.Option("--schema", metavar="ID", help="The schema it is about.")]
Region: TypeAlias = Annotated[str | None, typer.Option("--region", help="Where it happens.")]
Resource: TypeAlias = Annotated[str | None, typer.Option("--resource", help="What it touches.")]
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
_CONSTRAINTS_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Act:
    """What an act is about, as the options say it; None was not given."""

    amount: str | None
    currency: str | None
    merchant: str | None
    schema: str | None
    region: str | None
    resource: str | None

    def context(self) -> dict[str, object]:
        """The same by the names of the HTTP API.

        Raises:
            Misused: The amount is no number.
        """
        if self.amount is not None and _NUMBER.fullmatch(self.amount) is None:
            raise Misused("--amount takes a number, such as 42.50")
        return present(
            amount=_value(self.amount) if self.amount is not None else None,
            currency=self.currency,
            merchant=self.merchant,
            schemaId=self.schema,
            region=self.region,
            resource=self.resource,
        )


def constraints(given: list[str] | None) -> dict[str, object] | None:
    """Read limits of the form NAME=VALUE.

    A value is a number, ``true``, ``false``, JSON in brackets, or else a text; of a limit that lists what is
    authorized, allowed, blocked or denied, ``a,b`` are several texts.

    Raises:
        Misused: There is no ``=``, a name stands twice, or more than 100 are given.
    """
    if not given:
        return None
    if len(given) > _CONSTRAINTS_MOST:
        raise Misused(f"--constraint may be repeated {_CONSTRAINTS_MOST} times")
    found: dict[str, object] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise Misused(f"--constraint takes NAME=VALUE, not {text!r}")
        if name in found:
            raise Misused(f"--constraint names {name} twice")
        found[name] = _listed(name, value)
    return found


def _listed(name: str, text: str) -> object:
    from sealwright.vc.delegation.meanings import Meaning, meaning_of

    if text.startswith("["):
        return _json(text)
    if meaning_of(name) in (Meaning.SUBSET, Meaning.SUPERSET, Meaning.WINDOWS):
        return [part.strip() for part in text.split(",")]
    return _value(text)


def _value(text: str) -> object:
    if text in ("true", "false") or _NUMBER.fullmatch(text):
        return _json(text)
    return text


def _json(text: str) -> JSONValue:
    from sealwright.vc.encoding.strict_json import parse_json
    from sealwright.vc.errors import VcError

    try:
        return parse_json(text.encode("utf-8"))
    except VcError as error:
        raise Misused(f"{text!r} is no JSON") from error


def status(text: str | None) -> DelegationStatus | None:
    """Read a status; None stays None.

    Raises:
        Misused: There is no such status.
    """
    from sealwright.domain.delegations import DelegationStatus

    if text is None:
        return None
    try:
        return DelegationStatus(text)
    except ValueError:
        raise Misused(f"--status takes {', '.join(one.value for one in DelegationStatus)}") from None


def require_new(out: str | None) -> None:
    """Refuse a file that cannot be written before anything is signed whose document is to stand there."""
    if out is not None:
        from sealwright.cli.files import require_place

        require_place(out)


def hop(text: str) -> object:
    """One hop of a chain: the id of what is kept here, or what a file holds.

    Raises:
        Misused: The file cannot be read.
        InvalidJSON and its kin: It holds no JSON and no compact token.
    """
    from sealwright.domain.ids import uid_from_text

    if text.startswith(("dlg_", "urn:")) or uid_from_text(text) is not None:
        return text
    from sealwright.cli.files import read_input
    from sealwright.vc.encoding.strict_json import parse_json

    content = read_input(text).strip()
    return content.decode("ascii") if _is_token(content) else parse_json(content)


def _is_token(content: bytes) -> bool:
    return content.isascii() and not content.startswith((b"{", b"[", b'"')) and content.count(b".") > 1


def members(value: Mapping[str, object]) -> dict[str, object]:
    """Members by the words of the command line."""
    return rendering.snake_members(value)


def with_own_names(value: Mapping[str, Any], *documents: str) -> dict[str, object]:
    """The same, but for members whose content keeps the names that the parties gave it, such as limits."""
    import msgspec

    kept = {name: msgspec.Raw(msgspec.json.encode(value[name])) for name in documents}
    return members({**value, **kept})


def delegation(seen: SeenDelegation) -> dict[str, object]:
    """A delegation, with what rests on it where that was read."""
    from sealwright.web.api.delegations import delegation_members

    return _raw_limits(delegation_members(seen))


def _raw_limits(told: Mapping[str, Any]) -> dict[str, object]:
    shown = with_own_names({name: value for name, value in told.items() if name != "children"}, "constraints")
    if "children" in told:
        shown["children"] = [_raw_limits(child) for child in told["children"]]
    return shown


def spell_verdict(verdict: Verdict) -> str:
    """An answer for eyes: whether, and if not, why."""
    head = f"{'allowed' if verdict.allowed else 'refused'}  {verdict.action}  {verdict.call_id}"
    reasons = [f"{one.code.value}  {'-' if one.hop is None else one.hop}  {one.detail}" for one in verdict.reasons]
    rest = [f"left  {name}  {value}" for name, value in (verdict.remaining or {}).items()]
    return "\n".join(printable(line) for line in (head, *reasons, *rest))


def spell_chain(report: ChainReport) -> str:
    """What was found about a chain, for eyes: one line a hop."""
    lines = [
        f"{one.index}  {'valid' if one.valid else ','.join(one.codes)}  {one.credential_id or '-'}  {one.detail or ''}"
        for one in report.hops
    ]
    verdict = "valid" if report.valid else f"NOT valid  {', '.join(report.errors)}"
    return "\n".join(printable(line.rstrip()) for line in (verdict, *lines))
