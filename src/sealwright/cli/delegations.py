"""Delegations: what one DID lets another do in its name, made, shown, ended, narrowed, and put to the question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from sealwright.cli import delegation_words as words
from sealwright.cli import desk
from sealwright.cli.app import group
from sealwright.cli.misuse import DONE, FAULTY, SOUND, Misused
from sealwright.cli.options import DryRun, Reason, Yes, checked, commas, confirm, present
from sealwright.cli.output import Output, of, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealwright.services.delegating import DelegationDesk
    from sealwright.services.delegation_views import MadeDelegation, MovedDelegation

delegations = group(
    "Delegations to agents: create, list, show, revoke, suspend, reinstate, narrow, and what they allow."
)

DelegationId: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="dlg_…, or its credential's id.")]
Scope: TypeAlias = Annotated[
    str | None, typer.Option("--scope", help="Actions: a,b; `purchase:*` covers all below it, `*` covers all.")
]
Constraint: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--constraint", metavar="NAME=VALUE", help="A limit: a number, true, a text, or a,b of a list."),
]
MaxDepth: TypeAlias = Annotated[
    int | None, typer.Option("--max-depth", help="Further hops that are allowed below it, 0 to 7.")
]
Expires: TypeAlias = Annotated[str | None, typer.Option("--expires", metavar="TS", help="Its end, in RFC 3339.")]
Out: TypeAlias = Annotated[str | None, typer.Option("--out", metavar="FILE", help="Write the signed credential there.")]
Tree: TypeAlias = Annotated[bool, typer.Option("--tree", help="With what rests on it, at any depth.")]
_PAGE: Final = 100
_CALLS: Final = 1_000
_COLUMNS: Final = ("delegation_id", "delegator_did", "delegate_did", "scope", "status", "effective", "expires_at")
_CALL_COLUMNS: Final = ("at", "agent_did", "action", "allowed", "code", "recorded", "call_id")


@delegations.command("create")
def create(
    ctx: typer.Context,
    *,
    delegator: Annotated[str, typer.Option("--delegator", metavar="DID", help="Who lets act; it signs.")],
    delegate: Annotated[str, typer.Option("--delegate", metavar="DID", help="Who may act.")],
    scope: Annotated[str, typer.Option("--scope", help="Actions: a,b; `purchase:*` covers all below it.")],
    expires: Annotated[str, typer.Option("--expires", metavar="TS", help="Its end, in RFC 3339.")],
    constraint: Constraint = None,
    max_depth: MaxDepth = None,
    parent: Annotated[
        str | None, typer.Option("--parent", metavar="ID", help="The delegation that it rests on.")
    ] = None,
    proof_type: Annotated[str | None, typer.Option("--proof-type", help="How it is signed; else as usual.")] = None,
    out: Out = None,
    dry_run: DryRun = False,
) -> None:
    """Let a DID act in another's name, within limits: signs and stores a delegation."""
    from sealwright.web.api.delegations import wish_of
    from sealwright.web.api.shapes.delegations import CREATE_DELEGATION

    members = present(
        delegatorDid=delegator,
        delegateDid=delegate,
        scope=commas(scope),
        constraints=words.constraints(constraint),
        maxDepth=max_depth,
        expirationDate=expires,
        parent=parent,
        proofType=proof_type,
    )
    wish = wish_of(checked(CREATE_DELEGATION, members))
    words.require_new(out)
    with desk.writing() as at:
        making = at.office.delegations.desk
        if dry_run:
            order = making.order(at.caller, wish, at.view)
            of(ctx).emit({"dry_run": True, "credential": at.office.issuing.preview(order)})
            return
        made = making.create(at.caller, wish)
    _tell_made(of(ctx), made, out)


def _tell_made(output: Output, made: MadeDelegation, out: str | None, **more: object) -> None:
    import msgspec

    document = made.issued.record.document or b""
    if out is not None:
        from sealwright.cli.files import write_output

        write_output(out, [document])
    members = words.delegation(made.seen)
    plain = printable(str(members["delegation_id"])) if out is not None else document.decode("utf-8")
    output.emit({**members, "credential": msgspec.Raw(document), **more}, plain=plain)
    output.say(f"Delegation {made.seen.delegation.delegation_id}.")


@delegations.command("list")
def list_delegations(
    ctx: typer.Context,
    *,
    delegator: Annotated[str | None, typer.Option("--delegator", metavar="DID", help="Only those by it.")] = None,
    delegate: Annotated[str | None, typer.Option("--delegate", metavar="DID", help="Only those to it.")] = None,
    status: Annotated[
        str | None, typer.Option("--status", help="Only active, suspended, revoked or expired ones.")
    ] = None,
) -> None:
    """List delegations, newest first."""
    from sealwright.domain.delegations import DelegationFilter

    wanted = DelegationFilter(delegator_did=delegator, delegate_did=delegate, status=words.status(status))
    found: list[dict[str, object]] = []
    cursor = None
    with desk.reading() as at:
        while True:
            page = at.office.delegations.desk.list(at.caller, wanted, at.view, limit=_PAGE, cursor=cursor)
            found += [words.delegation(one) for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    of(ctx).emit_list(found, _COLUMNS)


@delegations.command("show")
def show(ctx: typer.Context, delegation_id: DelegationId, *, tree: Tree = False) -> None:
    """Show a delegation, and whether it is in force."""
    with desk.reading() as at:
        seen = at.office.delegations.desk.get(at.caller, delegation_id, at.view, tree=tree)
    of(ctx).emit(words.delegation(seen))


@delegations.command("revoke")
def revoke(
    ctx: typer.Context, delegation_id: DelegationId, *, reason: Reason, dry_run: DryRun = False, yes: Yes = False
) -> None:
    """Revoke a delegation for good; what rests on it stops being in force at once."""
    if not dry_run:
        confirm(of(ctx), f"Revoke {delegation_id} and what rests on it for good?", yes=yes)
    _move(ctx, lambda desk: desk.revoke, delegation_id, reason, dry_run=dry_run)


@delegations.command("suspend")
def suspend(ctx: typer.Context, delegation_id: DelegationId, *, reason: Reason, dry_run: DryRun = False) -> None:
    """Suspend a delegation, and with it what rests on it, until it is reinstated."""
    _move(ctx, lambda desk: desk.suspend, delegation_id, reason, dry_run=dry_run)


@delegations.command("reinstate")
def reinstate(ctx: typer.Context, delegation_id: DelegationId, *, reason: Reason, dry_run: DryRun = False) -> None:
    """Take a suspension back."""
    _move(ctx, lambda desk: desk.reinstate, delegation_id, reason, dry_run=dry_run)


def _move(
    ctx: typer.Context,
    choose: Callable[[DelegationDesk], Callable[..., MovedDelegation]],
    delegation_id: str,
    reason: str,
    *,
    dry_run: bool,
) -> None:
    from sealwright.web.api.shapes.registry import NEEDED_REASON

    checked(NEEDED_REASON, {"reason": reason})
    with desk.writing() as at:
        move, acts = choose(at.office.delegations.desk), at.office.acts
        moved = (acts.rehearse if dry_run else acts.run)(
            at.caller, lambda uow, caller: move(uow, caller, delegation_id, reason)
        )
    members = {**words.delegation(moved.seen), "invalidated": moved.invalidated}
    plain = f"{moved.seen.delegation.delegation_id}  {'would be ' if dry_run else ''}{moved.seen.status.value}"
    if moved.invalidated:
        plain += f"  {moved.invalidated} below it {'would fall' if dry_run else 'fall'}"
    of(ctx).emit({**members, "dry_run": True} if dry_run else members, plain=plain)


@delegations.command("narrow")
def narrow(
    ctx: typer.Context,
    delegation_id: DelegationId,
    *,
    reason: Reason,
    scope: Scope = None,
    constraint: Constraint = None,
    max_depth: MaxDepth = None,
    expires: Expires = None,
    out: Out = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Put a stricter delegation in the place of one, which is revoked in the same act; limits not named stay."""
    from sealwright.web.api.delegations import narrowing_of
    from sealwright.web.api.shapes.delegations import NARROW_DELEGATION

    members = present(
        reason=reason,
        scope=commas(scope),
        constraints=words.constraints(constraint),
        maxDepth=max_depth,
        expirationDate=expires,
    )
    wish = narrowing_of(checked(NARROW_DELEGATION, members))
    words.require_new(out)
    if not dry_run:
        confirm(of(ctx), f"Revoke {delegation_id}, with what rests on it, for a stricter one?", yes=yes)
    with desk.writing() as at:
        making = at.office.delegations.desk
        if dry_run:
            order = making.narrowing_order(at.caller, delegation_id, wish, reason)
            of(ctx).emit({"dry_run": True, "credential": at.office.issuing.preview(order)})
            return
        made = making.narrow(at.caller, delegation_id, wish, reason)
    _tell_made(of(ctx), made, out, invalidated=made.invalidated)


@delegations.command("authorize")
def authorize(
    ctx: typer.Context,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="The agent's DID.")],
    action: words.Action,
    *,
    amount: words.Amount = None,
    currency: words.Currency = None,
    merchant: words.Merchant = None,
    schema: words.SchemaId = None,
    region: words.Region = None,
    resource: words.Resource = None,
    approved: Annotated[bool, typer.Option("--approved", help="A person has approved this very act.")] = False,
    approval: Annotated[
        str | None, typer.Option("--approval", metavar="ID", help="What a person approved; good once.")
    ] = None,
    credential: Annotated[
        str | None, typer.Option("--credential", metavar="ID", help="The delegation to act under.")
    ] = None,
    record: Annotated[bool, typer.Option("--record", help="Count the act, where it is allowed.")] = False,
) -> int:
    """Ask whether an agent may do this now. Exit code 0: it may; 1: it may not. The answer is on record."""
    from sealwright.web.api.authorizing import question_of, verdict_members
    from sealwright.web.api.shapes.authorizing import AUTHORIZE

    about = words.Act(amount, currency, merchant, schema, region, resource).context()
    members = present(
        agentDid=agent,
        action=action,
        context={**about, "approved": True} if approved else about,
        credentialId=credential,
        record=record,
        approvalId=approval,
    )
    question = question_of(checked(AUTHORIZE, members), via="terminal")
    with desk.writing() as at:
        verdict = at.office.delegations.authorizing.ask(at.caller, question)
    answer = words.with_own_names(verdict_members(verdict), "remaining")
    of(ctx).emit(answer, plain=lambda: words.spell_verdict(verdict))
    return DONE if verdict.allowed else FAULTY


@delegations.command("verify-chain")
def verify_chain(
    ctx: typer.Context,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="Who is to have the authority.")],
    chain: Annotated[
        list[str], typer.Argument(metavar="HOP...", help="Root first: an id, or a file with a delegation credential.")
    ],
    *,
    action: Annotated[str | None, typer.Option("--action", help="Judge this action by every hop too.")] = None,
    amount: words.Amount = None,
    currency: words.Currency = None,
    merchant: words.Merchant = None,
    schema: words.SchemaId = None,
    region: words.Region = None,
    resource: words.Resource = None,
) -> int:
    """Verify a chain of delegations hop by hop. Exit code 0: it holds; 1: it does not."""
    from sealwright.vc.delegation.judging import read_context
    from sealwright.web.api.delegations import chain_members
    from sealwright.web.api.shapes.delegations import VERIFY_CHAIN

    about = words.Act(amount, currency, merchant, schema, region, resource).context()
    if about and action is None:
        raise Misused("what an act is about goes with --action")
    items = [words.hop(one) for one in chain]
    members = present(agentDid=agent, delegationChain=items, action=action, context=about or None)
    body = checked(VERIFY_CHAIN, members)
    context = read_context(body["context"]) if "context" in body else None
    with desk.reading() as at:
        report = at.office.delegations.chains.verify(
            body["agentDid"], body["delegationChain"], action=body.get("action"), context=context
        )
    of(ctx).emit(words.members(chain_members(report)), plain=lambda: words.spell_chain(report))
    return SOUND if report.valid else FAULTY


@delegations.command("calls")
def calls(
    ctx: typer.Context,
    delegation_id: DelegationId,
    *,
    tree: Annotated[bool, typer.Option("--tree", help="Those of the delegations that rest on it, too.")] = False,
    limit: Annotated[int, typer.Option("--limit", help=f"The newest so many, 1 to {_CALLS}.")] = _PAGE,
) -> None:
    """List what agents asked under a delegation, and what they were answered, newest first."""
    from sealwright.web.api.authorizing import call_members

    if not 1 <= limit <= _CALLS:
        raise Misused(f"--limit takes 1 to {_CALLS}")
    found: list[dict[str, object]] = []
    cursor = None
    with desk.reading() as at:
        while len(found) < limit:
            most = min(_PAGE, limit - len(found))
            records = at.office.delegations.records
            page = records.list(at.caller, delegation_id, below=tree, limit=most, cursor=cursor)
            found += [words.with_own_names(call_members(one), "context") for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    of(ctx).emit_list(found, _CALL_COLUMNS)
