"""People and their personal tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from sealwright.cli import desk, rendering
from sealwright.cli.app import group
from sealwright.cli.misuse import Misused
from sealwright.cli.options import Yes, commas, confirm
from sealwright.cli.output import of

if TYPE_CHECKING:
    from sealwright.domain.people import AccountRole

users = group("People: who they are and which account roles they hold.")
tokens = group("Personal tokens; they act as their person everywhere.")

_NAME_MAX: Final = 200
UserId = Annotated[str, typer.Argument(metavar="ID", help="The person's id.")]
TokenName = Annotated[str, typer.Option("--name", help="What the token is for.")]
ExpiresIn = Annotated[int | None, typer.Option("--expires-in", help="Life in seconds; 90 days if left out.")]


@users.command("create")
def create_user(
    ctx: typer.Context,
    *,
    email: Annotated[str, typer.Option("--email")],
    name: Annotated[str, typer.Option("--name", help="Shown name.")],
    roles: Annotated[str, typer.Option("--roles", help="Account roles, approved at once: a,b")] = "",
    scopes: Annotated[str, typer.Option("--scopes", help="Issuer scope, credential types: t1,t2")] = "",
    verified: Annotated[bool, typer.Option("--verified", help="The e-mail address counts as proved.")] = False,
    user_id: Annotated[str | None, typer.Option("--id", help="Chosen id; made here if left out.")] = None,
    wallet: Annotated[str | None, typer.Option("--wallet", help="Wallet address, 0x…")] = None,
    holder_did: Annotated[str | None, typer.Option("--holder-did", help="DID that credentials name.")] = None,
) -> None:
    """Give somebody an account."""
    from sealwright.services.people import NewPerson

    wish = NewPerson(
        email=read_email(email),
        display_name=read_shown_name(name),
        roles=_roles(roles),
        verified=verified,
        user_id=_chosen_id(user_id),
        scopes=tuple(commas(scopes or None) or ()),
        wallets=(_wallet(wallet),) if wallet is not None else (),
        holder_did=_did(holder_did),
    )
    with desk.writing() as at:
        made = at.act(lambda uow, caller: at.office.people.create(uow, caller, wish))
    of(ctx).emit(rendering.person(made))


@users.command("list")
def list_users(
    ctx: typer.Context,
    role: Annotated[str | None, typer.Option("--role", help="Only people with this account role.")] = None,
    search: Annotated[str | None, typer.Option("--search", help="Part of a name, e-mail address or id.")] = None,
) -> None:
    """List people."""
    wanted = next(iter(_roles(role))).value if role is not None else None
    with desk.reading() as at:
        found = at.office.people.list(role=wanted, search=search)
    columns = ("user_id", "email", "display_name", "roles", "active")
    of(ctx).emit_list([rendering.person(one) for one in found], columns)


@users.command("show")
def show_user(ctx: typer.Context, user_id: UserId) -> None:
    """Show a person."""
    with desk.reading() as at:
        found = at.office.account_sheets.get(at.caller, user_id).person
    of(ctx).emit(rendering.person(found))


@users.command("deactivate")
def deactivate_user(ctx: typer.Context, user_id: UserId, yes: Yes = False) -> None:
    """End a person's access at once."""
    confirm(of(ctx), f"Deactivate {user_id}?", yes=yes)
    with desk.writing() as at:
        ended = at.act(lambda uow, caller: at.office.people.deactivate(uow, caller, user_id))
    of(ctx).emit(rendering.person(ended))


@users.command("activate")
def activate_user(ctx: typer.Context, user_id: UserId) -> None:
    """Open a deactivated account again; its old tokens stay ended."""
    with desk.writing() as at:
        opened = at.act(lambda uow, caller: at.office.people.activate(uow, caller, user_id))
    of(ctx).emit(rendering.person(opened))


@users.command("role")
def set_user_role(
    ctx: typer.Context,
    user_id: UserId,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="admin, issuer, improver, proposer or voter.")],
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Take the account role away.")] = False,
) -> None:
    """Give or take an account role."""
    wanted = _roles(role)
    if len(wanted) != 1:
        raise Misused("one account role at a time")
    with desk.writing() as at:
        person = at.act(
            lambda uow, caller: at.office.enrollment.set_role(uow, caller, user_id, next(iter(wanted)), not remove)
        )
    of(ctx).emit(rendering.person(person))


@users.command("token")
def user_token(ctx: typer.Context, user_id: UserId, name: TokenName = "cli", expires_in: ExpiresIn = None) -> None:
    """Make a personal token; the same as `token create --user ID`."""
    _create_token(ctx, user_id, name, expires_in)


@tokens.command("create")
def create_token(
    ctx: typer.Context,
    user: Annotated[str, typer.Option("--user", metavar="ID", help="Whose token it is.")],
    name: TokenName = "cli",
    expires_in: ExpiresIn = None,
) -> None:
    """Make a personal token; it is shown this once."""
    _create_token(ctx, user, name, expires_in)


@tokens.command("list")
def list_tokens(
    ctx: typer.Context, user: Annotated[str, typer.Option("--user", metavar="ID", help="Whose tokens.")]
) -> None:
    """List a person's tokens; secrets are not kept."""
    with desk.reading() as at:
        person = at.office.people.get(user)
        now = at.office.clock.now()
        found = [rendering.token(one, now) for one in at.office.people.tokens_of(person.user_id)]
    of(ctx).emit_list(found, ("token_id", "name", "status", "created_at", "expires_at"))


@tokens.command("revoke")
def revoke_token(ctx: typer.Context, token_id: Annotated[str, typer.Argument(metavar="TOKEN_ID")]) -> None:
    """End a token."""
    with desk.writing() as at:
        ended = at.act(lambda uow, caller: at.office.people.revoke_token(uow, caller, token_id))
        now = at.office.clock.now()
    of(ctx).emit(rendering.token(ended, now))


def _create_token(ctx: typer.Context, user_id: str, name: str, expires_in: int | None) -> None:
    label = read_shown_name(name)
    if expires_in is not None and not 1 <= expires_in <= 100 * 366 * 86_400:
        raise Misused("--expires-in takes 1 second to 100 years")
    with desk.writing() as at:
        made, secret = at.act(
            lambda uow, caller: at.office.people.create_token(uow, caller, user_id, label, expires_in)
        )
        now = at.office.clock.now()
    of(ctx).emit(rendering.token(made, now, secret.text), plain=secret.text)
    of(ctx).say(f"Token {made.token_id} of {made.user_id}; it is not shown again.")


def _roles(text: str | None) -> frozenset[AccountRole]:
    from sealwright.domain.people import AccountRole

    try:
        return frozenset(AccountRole(name) for name in commas(text or None) or ())
    except ValueError as error:
        raise Misused(f"roles are {', '.join(role.value for role in AccountRole)}") from error


def read_email(text: str) -> str:
    """Take an e-mail address as it is; raises Misused for what is none."""
    local, _, domain = text.rpartition("@")
    if not local or "." not in domain.strip(".") or len(text) > 254 or not text.isprintable() or " " in text:
        raise Misused("--email takes an e-mail address")
    return text


def read_shown_name(text: str) -> str:
    """Take a name that is shown, as the pages do; raises Misused when it is empty, too long, or hides something."""
    from sealwright.domain.errors import MalformedBody
    from sealwright.domain.shown_text import require_name

    try:
        return require_name(text, "/name", _NAME_MAX)
    except MalformedBody as error:
        raise Misused(f"--name takes 1 to {_NAME_MAX} printable characters") from error


def _chosen_id(text: str | None) -> str | None:
    if text is None:
        return None
    if not 1 <= len(text) <= 255 or not text.isprintable() or any(letter in " /?#" for letter in text):
        raise Misused("--id takes 1 to 255 printable characters without blank, /, ? or #")
    return text


def _wallet(text: str) -> str:
    digits = text.removeprefix("0x")
    if not text.startswith("0x") or len(digits) != 40 or any(c not in "0123456789abcdefABCDEF" for c in digits):
        raise Misused("--wallet takes 0x and 40 hexadecimal digits")
    return text


def _did(text: str | None) -> str | None:
    if text is not None:
        from sealwright.vc.dids.syntax import parse_did

        parse_did(text)
    return text
