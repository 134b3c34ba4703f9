"""Presenting: credentials, or parts of them, shown to one verifier for one occasion, signed by their holder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sealwright.cli import desk
from sealwright.cli.deriving import Credential, Handed, Reveal, hand_over, pointers, read_credential, seen
from sealwright.cli.misuse import Misused
from sealwright.cli.options import Yes
from sealwright.cli.output import of
from sealwright.cli.verifying import offline

if TYPE_CHECKING:
    from sealwright.services.presentation_making import PresentationWish
    from sealwright.vc.encoding.strict_json import JSONValue

_MOST_TEXT: Final = 1024


def present(
    ctx: typer.Context,
    *,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Credentials in JSON, or one SD-JWT; `-` for input.")
    ],
    holder: Annotated[str, typer.Option("--holder", metavar="DID", help="Whose credentials they are.")],
    challenge: Annotated[str, typer.Option("--challenge", help="What the verifier gave out for this occasion.")],
    domain: Annotated[str, typer.Option("--domain", help="Who the verifier is.")],
    reveal: Reveal = None,
    expires: Annotated[
        int | None, typer.Option("--expires", metavar="SECONDS", help="How long it may be taken; 300 if left out.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="FILE", help="The holder's private key; else the one kept here.")
    ] = None,
    proof_type: Annotated[str | None, typer.Option("--proof-type", help="How it is signed; else as usual.")] = None,
    out: Annotated[str | None, typer.Option("--out", metavar="FILE", help="Write it there, to a new file.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Tell first what the verifier will see.")] = False,
    yes: Yes = False,
) -> None:
    """Make a presentation for a verifier: signed by the holder's key, or an SD-JWT that this key is bound to."""
    wish = _wish(holder, challenge, domain, proof_type, expires)
    wish = replace(wish, credentials=_credentials(files), reveals=_reveals(reveal, len(files)))
    if out is not None:
        from sealwright.cli.files import require_new_place

        require_new_place(out)
    made = _with_file(wish, key) if key is not None else _with_kept(wish)
    hand_over(of(ctx), Handed("presentation", made, _seen(made)), out, preview=preview, yes=yes)


def _wish(holder: str, challenge: str, domain: str, proof_type: str | None, expires: int | None) -> PresentationWish:
    from datetime import timedelta

    from sealwright.services.presentation_making import DEFAULT_LIFE, LONGEST_LIFE, PresentationWish
    from sealwright.vc.dids.syntax import parse_did

    parse_did(holder)
    for name, text in (("--challenge", challenge), ("--domain", domain)):
        if not 1 <= len(text) <= _MOST_TEXT:
            raise Misused(f"{name} takes 1 to {_MOST_TEXT} letters")
    longest = int(LONGEST_LIFE.total_seconds())
    if expires is not None and not 1 <= expires <= longest:
        raise Misused(f"--expires takes 1 to {longest} seconds")
    life = DEFAULT_LIFE if expires is None else timedelta(seconds=expires)
    return PresentationWish(holder, challenge, domain, proof_type=proof_type, life=life)


def _credentials(files: list[str]) -> tuple[Credential, ...]:
    from sealwright.services.presentation_making import CREDENTIALS_MOST

    if len(files) > CREDENTIALS_MOST:
        raise Misused(f"A presentation holds at most {CREDENTIALS_MOST} credentials")
    found = tuple(read_credential(name) for name in files)
    if len(found) > 1 and any(isinstance(one, str) for one in found):
        raise Misused("an SD-JWT is presented alone")
    return found


def _reveals(reveal: list[str] | None, count: int) -> tuple[tuple[str, ...], ...]:
    """Pointers go with one credential: with several nobody could tell which one they lead into."""
    if not reveal:
        return ()
    if count > 1:
        raise Misused("--reveal goes with one FILE; derive the others first")
    return (pointers(reveal),)


def _with_file(wish: PresentationWish, name: str) -> Credential:
    """Sign with a key that the holder keeps: offline, and nothing is recorded."""
    from sealwright.cli.key_files import read_key
    from sealwright.services.outside_presenting import OutsideKey

    held = read_key(name)
    with offline() as at:
        return at.office.outside_presenting.present(wish, OutsideKey(held.public, held.signer.sign))


def _with_kept(wish: PresentationWish) -> Credential:
    """Sign with the key that the office keeps for this holder, in their seat; it is on record."""
    with desk.reading() as opened:
        record = opened.view.did(wish.holder_did)
        at = opened.seated(record.owner_user_id if record is not None else None)
        making = at.office.presentation_making
        ready = making.ready(at.caller, wish, at.view)
        return at.act(lambda uow, caller: making.create(uow, caller, ready), changes_registry=False)


def _seen(made: Credential) -> list[tuple[str, JSONValue]]:
    """What the verifier will read: all of an SD-JWT, else the presentation but for proofs."""
    return seen(made) if isinstance(made, str) else seen(_unproved(made))


def _unproved(document: Credential) -> dict[str, JSONValue]:
    assert not isinstance(document, str)
    listed = document.get("verifiableCredential")
    shown: list[JSONValue] = [
        {name: value for name, value in one.items() if name != "proof"} if isinstance(one, dict) else one
        for one in (listed if isinstance(listed, list) else [listed])
    ]
    return {**document, "verifiableCredential": shown}
