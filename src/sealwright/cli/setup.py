"""Setting the office up: init, demo, migrate."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from sealwright.cli import desk
from sealwright.cli.misuse import Misused
from sealwright.cli.output import of
from sealwright.cli.whereabouts import as_served

if TYPE_CHECKING:
    from sealwright.services.demo import DemoData
    from sealwright.services.founding import FirstAdmin
    from sealwright.settings import Settings

_PUBLIC_URL = "SEALWRIGHT_PUBLIC_URL"


def init(
    ctx: typer.Context,
    *,
    org: Annotated[str | None, typer.Option("--org", help="Shown name of the organization.")] = None,
    public_url: Annotated[
        str | None, typer.Option("--public-url", help="Base of every link; kept in sealwright.toml.")
    ] = None,
    admin_email: Annotated[str | None, typer.Option("--admin-email", help="The first admin's e-mail address.")] = None,
    admin_name: Annotated[str | None, typer.Option("--admin-name", help="The first admin's name.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Seed the documentation's examples too.")] = False,
) -> None:
    """Set the office up. Again is harmless: it adds only what is missing."""
    from sealwright.services.demo import seed_demo
    from sealwright.services.founding import found

    admin = _admin(admin_email, admin_name)
    settings = _settings(public_url)
    with desk.open_office(settings) as at:
        founded = found(at.office, at.caller, organization=org or settings.organization, admin=admin)
        seeded = seed_demo(at.office, at.caller) if demo else None
    answer: dict[str, object] = {
        "home": str(settings.home),
        "database": settings.database.value,
        "public_url": settings.public_url,
        "initialized": True,
        "already_initialized": not founded.is_new,
        "issuer_did": founded.issuer_did,
        "admin_user_id": founded.admin_user_id,
    }
    if seeded is not None:
        answer["demo"] = _demo_members(seeded)
    of(ctx).emit(answer)
    if settings.public_url_is_default:
        of(ctx).say(f"Links begin with {settings.public_url}; set {_PUBLIC_URL} before you issue for real.")


def setup_link(ctx: typer.Context) -> None:
    """Print a new link to set the office up by a browser; it works for an hour, once, and earlier ones end."""
    with desk.open_office(desk.read_settings()) as at:
        link, home = as_served(at.office.setup.open_link(), at.settings), at.settings.home
    of(ctx).emit({"setup_url": link}, plain=lambda: link)
    # Where it was run from another folder than the server, this shows that the link is for another office.
    of(ctx).say(f"The link works for an hour, for one admin account, at the office whose data folder is {home}.")


def demo(ctx: typer.Context) -> None:
    """Seed the examples of the documentation; again adds nothing but fresh tokens and keys."""
    from sealwright.services.demo import seed_demo

    with desk.writing() as at:
        seeded = seed_demo(at.office, at.caller)
        users = {
            name: replace(user, sign_in_url=as_served(user.sign_in_url, at.settings))
            for name, user in seeded.users.items()
        }
    seeded = replace(seeded, users=users)
    of(ctx).emit(_demo_members(seeded), plain=lambda: _demo_text(seeded))
    of(ctx).say("Tokens and keys are not shown again; run demo again for fresh ones.")


def migrate(ctx: typer.Context) -> None:
    """Bring the database to this version of the program; again is harmless."""
    from sealwright import __version__

    settings = desk.read_settings()
    with desk.open_office(settings):
        pass
    of(ctx).emit({"migrated": True, "database": settings.database.value, "version": __version__})


def _admin(email: str | None, name: str | None) -> FirstAdmin | None:
    from sealwright.cli.people import read_email, read_shown_name
    from sealwright.services.founding import FirstAdmin

    if email is None and name is None:
        return None
    if email is None or name is None:
        raise Misused("--admin-email and --admin-name go together")
    return FirstAdmin(read_email(email), read_shown_name(name))


def _settings(public_url: str | None) -> Settings:
    """Read the settings; a public URL that was given is kept for every later command once it has proved good."""
    from sealwright.settings.keeping import keep_setting

    if public_url is None:
        return desk.read_settings()
    outside = os.environ.get(_PUBLIC_URL)
    if outside is not None and outside != public_url:
        raise Misused(f"--public-url contradicts {_PUBLIC_URL}, which would win at the next command")
    settings = desk.read_settings({_PUBLIC_URL: public_url})
    keep_setting(settings.home, "PUBLIC_URL", settings.public_url)
    return settings


def _demo_members(seeded: DemoData) -> dict[str, object]:
    users = {
        name: {"user_id": user.user_id, "email": user.email, "token": user.token, "sign_in_url": user.sign_in_url}
        for name, user in seeded.users.items()
    }
    return {
        "users": users,
        "issuer_api_keys": dict(seeded.issuer_api_keys),
        "dids": list(seeded.dids),
        "schemas": list(seeded.schemas),
        "credential_types": list(seeded.credential_types),
        "workflow_id": seeded.workflow_id,
        "series_id": seeded.series_id,
    }


def _demo_text(seeded: DemoData) -> str:
    users = [f"{name:<12}{user.user_id}  {user.token}" for name, user in seeded.users.items()]
    links = [f"{name:<12}{user.sign_in_url}" for name, user in seeded.users.items()]
    keys = [f"{did:<22}{key}" for did, key in seeded.issuer_api_keys.items()]
    return "\n".join(
        [
            "Personal tokens",
            *users,
            "",
            "Links to sign in, once and soon",
            *links,
            "",
            "API keys",
            *keys,
            "",
            "DIDs",
            *seeded.dids,
            "",
            "Workflow",
            seeded.workflow_id,
        ]
    )
