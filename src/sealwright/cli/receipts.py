"""Receipts of anchors, held against the log's key and an earlier checkpoint of it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from sealwright.cli import desk
from sealwright.cli.app import group
from sealwright.cli.misuse import OPEN, Misused
from sealwright.cli.output import Output, of, printable

if TYPE_CHECKING:
    from sealwright.domain.receipt_check import LogKey, ReceiptVerdict

receipt = group("Receipts of anchors.")


@receipt.command("verify")
def verify(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A receipt, perhaps with proof and credential; `-` for input.")
    ],
    *,
    key: Annotated[
        list[str] | None, typer.Option("--key", metavar="KEY", help="The log's verifier key; our own if left out.")
    ] = None,
    consistency: Annotated[
        str | None, typer.Option("--consistency", metavar="FILE", help="An earlier checkpoint of the same log.")
    ] = None,
) -> int:
    """Check a receipt offline. Exit code 0: sound; 1: a fault was found; 2: could not be checked."""
    from sealwright.cli.files import read_input
    from sealwright.domain.receipt_check import NotAReceipt, check_receipt, read_receipt_file

    content, earlier = read_input(file), read_input(consistency) if consistency is not None else None
    keys = _given_keys(key) if key else _own_keys()
    try:
        held = read_receipt_file(content)
    except NotAReceipt as error:
        of(ctx).emit({"verified": None, "detail": f"{error}", "checks": []}, plain=f"could not be checked: {error}")
        return OPEN
    return _tell(of(ctx), check_receipt(held, keys=keys, earlier=earlier))


def _given_keys(texts: list[str]) -> list[LogKey]:
    from sealwright.domain.receipt_check import Malformed, parse_log_key

    try:
        return [parse_log_key(text) for text in texts]
    except Malformed as error:
        raise Misused(f"--key is no verifier key: {error}") from error


def _own_keys() -> list[LogKey]:
    """The keys of the store at hand; none where there is none, and then no signature is believed."""
    from sealwright.domain.receipt_check import parse_log_key

    settings = desk.peek_settings()
    with desk.open_office(settings) if desk.has_store(settings) else nullcontext(None) as at:
        return [parse_log_key(text) for text in at.office.bulk.log.verifier_keys()] if at is not None else []


def _tell(output: Output, verdict: ReceiptVerdict) -> int:
    word = {True: "sound", False: "FAULT", None: "could not be checked"}[verdict.verified]
    checks = [{"name": one.name, "outcome": one.outcome, "detail": one.detail} for one in verdict.checks]
    lines = [f"{one.outcome:<16}{one.name:<13}{one.detail}" for one in verdict.checks]
    output.emit(
        {"verified": verdict.verified, "detail": verdict.detail, "checks": checks},
        plain=printable(f"{word}: {verdict.detail}") + "".join(f"\n{printable(line)}" for line in lines),
    )
    return verdict.exit_code
