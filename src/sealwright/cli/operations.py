"""Commands that run the office: halt, resume, recount, keys, openapi, version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sealwright.cli import desk, rendering
from sealwright.cli.app import group
from sealwright.cli.misuse import Misused
from sealwright.cli.options import Reason, Yes, checked, confirm, present
from sealwright.cli.output import of

if TYPE_CHECKING:
    from sealwright.adapters.kek import KekFile
    from sealwright.settings import Settings

keys = group("Signing keys and the key over them.")


def halt(
    ctx: typer.Context,
    *,
    reason: Reason,
    issuer_did: Annotated[str | None, typer.Option("--issuer-did", metavar="DID", help="Stop only this one.")] = None,
    schema: Annotated[str | None, typer.Option("--schema", metavar="ID", help="Stop only this schema.")] = None,
) -> None:
    """Stop issuing; revoking, verifying and reading go on."""
    from sealwright.web.api.shapes.registry import HALT

    checked(HALT, present(reason=reason, issuer_did=issuer_did, schema_id=schema))
    with desk.writing() as at:
        made = at.act(lambda uow, caller: at.office.halting.halt(uow, caller, reason, issuer_did, schema))
    members = {
        "halted": True,
        "since": rendering.moment(made.since),
        "reason": made.reason,
        "issuer_did": made.issuer_did,
        "schema_id": made.schema_id,
    }
    of(ctx).emit(members)


def resume(ctx: typer.Context) -> None:
    """End every halt."""
    with desk.writing() as at:
        ended = at.act(at.office.halting.resume)
    of(ctx).emit({"halted": False, "ended": ended})


def recount(ctx: typer.Context) -> None:
    """Count the requests again and set right the totals that differ; no request changes."""
    with desk.reading() as at:
        mended = at.office.store_check.recount(at.caller)
    of(ctx).emit({"mended": mended}, plain=f"{mended} totals were wrong and are right now.")


@keys.command("rotate")
def rotate(
    ctx: typer.Context,
    *,
    did: Annotated[str | None, typer.Option("--did", metavar="DID", help="Only this DID.")] = None,
    kek: Annotated[bool, typer.Option("--kek", help="A new key-encryption key; no signing key changes.")] = False,
    yes: Yes = False,
) -> None:
    """Make new signing keys for every DID kept here and for the office; what the old ones signed still verifies."""
    from sealwright.services.key_rotation import rotate_all

    if kek and did is not None:
        raise Misused("--kek concerns every key; leave --did out")
    if did is None and not kek:
        confirm(of(ctx), "Rotate the keys of every DID that signs here?", yes=yes)
    with desk.writing() as at:
        if kek:
            rotated = _rotate_kek(at)
        elif did is not None:
            rotated = (at.act(lambda uow, caller: at.office.dids.rotate(uow, caller, did)).did,)
        else:
            rotated = rotate_all(at.office, at.caller)
    of(ctx).emit({"rotated": list(rotated)}, plain="\n".join(rotated))


def _rotate_kek(at: desk.Desk) -> tuple[str, ...]:
    """Put a new key-encryption key in front, seal everything under it, and keep the last ones for stored answers.

    The last ones open no stored key any more, only answers to idempotent calls that showed a secret, for as long as
    these may be repeated. Nothing is forgotten before all is sealed anew: a rotation that broke off and is begun
    again must still find the key that the store is sealed under.
    """
    from sealwright.services.key_rotation import rewrap_all

    file = _kek_file(at.settings)
    file.begin_rotation()
    rewrapped = rewrap_all(at.office, at.caller)
    file.end_rotation()
    return rewrapped


def _kek_file(settings: Settings) -> KekFile:
    from sealwright.adapters.kek import KekFile, load_keks
    from sealwright.settings import Database

    keks = load_keks(
        value=settings.kek.reveal() if settings.kek is not None else None,
        file=settings.kek_file,
        home=settings.home if settings.database is Database.SQLITE else None,
    )
    if not isinstance(keks, KekFile):
        raise Misused("the key-encryption key stands in the environment; only one in a file can be rotated")
    return keks


def openapi(
    ctx: typer.Context,
    out: Annotated[str | None, typer.Option("--out", metavar="FILE", help="Write it there.")] = None,
) -> None:
    """Print the OpenAPI document that the server serves."""
    import msgspec

    from sealwright.cli.files import write_output
    from sealwright.web.reference import openapi_bytes

    settings = desk.read_settings()
    content = msgspec.json.format(openapi_bytes(settings.public_url), indent=2)
    if out is None:
        of(ctx).emit(msgspec.json.decode(content), plain=content.decode("utf-8"))
        return
    written = write_output(out, [content, b"\n"])
    of(ctx).emit({"file": out, "bytes": written})


def version(ctx: typer.Context) -> None:
    """Print the version."""
    from sealwright import __version__

    of(ctx).emit({"version": __version__}, plain=__version__)
