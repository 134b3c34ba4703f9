"""DIDs: made, taken over, given new keys, deactivated, resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sealwright.cli import desk, rendering
from sealwright.cli.app import group
from sealwright.cli.misuse import Misused
from sealwright.cli.options import Yes, checked, commas, confirm, present
from sealwright.cli.output import of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealwright.services.dids import ImportedKey

dids = group("DIDs and their verification methods.")

DID = Annotated[str, typer.Argument(metavar="DID")]
Kind = Annotated[str | None, typer.Option("--kind", help="human, organization, agent or platform.")]
Name = Annotated[str | None, typer.Option("--name", help="Shown name.")]
Owner = Annotated[str | None, typer.Option("--owner", metavar="USER", help="Id of the person who controls it.")]
Operator = Annotated[str | None, typer.Option("--operator", metavar="DID", help="Who answers for an agent.")]


@dids.command("create")
def create(
    ctx: typer.Context,
    *,
    method: Annotated[str, typer.Option("--method", help="adi, key, jwk or web.")],
    kind: Kind = None,
    proof_types: Annotated[str | None, typer.Option("--proof-types", help="What its keys sign: a,b")] = None,
    name: Name = None,
    owner: Owner = None,
    operator: Operator = None,
    path: Annotated[str | None, typer.Option("--path", help="Name under the public URL, for did:web.")] = None,
) -> None:
    """Make a DID; its private keys stay here."""
    from sealwright.domain.dids import DIDKind
    from sealwright.services.dids import NewDID
    from sealwright.web.api.shapes.registry import CREATE_DID

    body = checked(
        CREATE_DID,
        present(method=method, kind=kind, name=name, proofTypes=commas(proof_types), operator=operator, path=path),
    )
    wish = NewDID(
        method=body["method"],
        kind=DIDKind(body.get("kind", DIDKind.HUMAN)),
        name=body.get("name"),
        proof_types=tuple(body.get("proofTypes", ("Ed25519Signature2020",))),
        operator=body.get("operator"),
        path=body.get("path"),
        owner=owner,
    )
    with desk.writing() as at:
        _require_person(at, owner)
        made = at.act(lambda uow, caller: at.office.dids.create(uow, caller, wish))
    of(ctx).emit(rendering.did(made))


@dids.command("import")
def import_did(
    ctx: typer.Context,
    did: DID,
    *,
    keys: Annotated[str | None, typer.Option("--keys", metavar="FILE", help="JSON list of keys, or `-`.")] = None,
    generate: Annotated[str | None, typer.Option("--generate", help="Make keys for these proof types: a,b")] = None,
    document: Annotated[str | None, typer.Option("--document", metavar="FILE", help="The DID document.")] = None,
    kind: Kind = None,
    name: Name = None,
    owner: Owner = None,
    operator: Operator = None,
    alias: Annotated[list[str] | None, typer.Option("--alias", metavar="DID", help="Also known as.")] = None,
) -> None:
    """Take over a DID whose id was given elsewhere."""
    from sealwright.domain.dids import DIDKind
    from sealwright.services.dids import ImportedDID
    from sealwright.web.api.shapes.registry import IMPORT_DID

    if keys is not None and generate is not None:
        raise Misused("--keys and --generate exclude each other")
    body = checked(
        IMPORT_DID,
        present(
            did=did,
            kind=kind,
            name=name,
            document=_json_file(document),
            keys=_keys_file(keys),
            generate=commas(generate),
            operator=operator,
            aliases=alias or None,
        ),
    )
    wish = ImportedDID(
        did=body["did"],
        kind=DIDKind(body.get("kind", DIDKind.HUMAN)),
        name=body.get("name"),
        document=body.get("document"),
        keys=tuple(_imported_key(key) for key in body.get("keys", ())),
        generate=tuple(body.get("generate", ())),
        operator=body.get("operator"),
        aliases=tuple(body.get("aliases", ())),
        owner=owner,
    )
    with desk.writing() as at:
        _require_person(at, owner)
        made = at.act(lambda uow, caller: at.office.dids.import_did(uow, caller, wish))
    of(ctx).emit(rendering.did(made))


@dids.command("rotate")
def rotate(
    ctx: typer.Context,
    did: DID,
    *,
    proof_type: Annotated[str | None, typer.Option("--proof-type", help="Only keys for this proof type.")] = None,
    compromised: Annotated[bool, typer.Option("--compromised", help="The old keys verify nothing any more.")] = False,
    yes: Yes = False,
) -> None:
    """Give a DID new keys; the old ones retire."""
    if compromised:
        confirm(of(ctx), f"Everything that {did} has signed will fail to verify. Go on?", yes=yes)
    with desk.writing() as at:
        changed = at.act(
            lambda uow, caller: at.office.dids.rotate(uow, caller, did, proof_type, compromised=compromised)
        )
    of(ctx).emit(rendering.did(changed))


@dids.command("deactivate")
def deactivate(ctx: typer.Context, did: DID, yes: Yes = False) -> None:
    """End a DID for good."""
    confirm(of(ctx), f"Deactivate {did} for good?", yes=yes)
    with desk.writing() as at:
        ended, credentials = at.act(lambda uow, caller: at.office.dids.deactivate(uow, caller, did))
    of(ctx).emit({**rendering.did(ended), "active_credentials": credentials})


@dids.command("resolve")
def resolve(ctx: typer.Context, did: DID) -> int:
    """Resolve a DID or DID URL from what is kept here, as strangers see it."""
    import msgspec

    from sealwright.cli.misuse import DONE, FAILURE, NOT_FOUND, VALIDATION
    from sealwright.services.did_resolution import ResolutionOptions

    with desk.reading() as at:
        result = at.office.resolution.resolve(did, ResolutionOptions())
    body = result.body()
    pretty = msgspec.json.format(msgspec.json.encode(body), indent=2).decode("utf-8")
    of(ctx).emit(body, plain=pretty)
    return {404: NOT_FOUND, 400: VALIDATION, 501: FAILURE}.get(result.status, DONE)


@dids.command("list")
def list_dids(ctx: typer.Context) -> None:
    """List the DIDs that are kept here, newest first."""
    found = []
    with desk.reading() as at:
        cursor: str | None = None
        while True:
            page = at.office.dids.list(at.caller, limit=100, cursor=cursor)
            found += [rendering.did(record) for record in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    of(ctx).emit_list(found, ("did", "kind", "name", "status", "version"))


def _require_person(at: desk.Desk, owner: str | None) -> None:
    if owner is not None:
        at.office.people.get(owner)


def _imported_key(key: Mapping[str, Any]) -> ImportedKey:
    from sealwright.services.dids import ImportedKey

    purposes = {"purposes": tuple(key["purposes"])} if "purposes" in key else {}
    return ImportedKey(key.get("privateKeyJwk"), key.get("publicKeyMultibase"), **purposes)


def _json_file(name: str | None) -> object:
    from sealwright.cli.files import read_input
    from sealwright.vc.encoding.strict_json import parse_json

    return None if name is None else parse_json(read_input(name))


def _keys_file(name: str | None) -> object:
    """Read keys: a list, an object with `keys` (a JWK set, or an import's body), or one key alone."""
    content = _json_file(name)
    if isinstance(content, dict):
        content = content["keys"] if isinstance(content.get("keys"), list) else [content]
    if not isinstance(content, list):
        return content
    return [{"privateKeyJwk": key} if isinstance(key, dict) and "kty" in key else key for key in content]
