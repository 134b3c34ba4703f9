"""Showing a part of a credential: what can be chosen, what the verifier will see, and the credential that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from sealwright.cli.misuse import Misused
from sealwright.cli.options import Yes, confirm, read_nonce
from sealwright.cli.output import Output, of
from sealwright.cli.verifying import offline, printable_lines, unwrapped

if TYPE_CHECKING:
    from sealwright.cli import desk
    from sealwright.vc.encoding.strict_json import JSONValue
    from sealwright.vc.proofs.suites.disclosure import Wish

Credential: TypeAlias = "Mapping[str, JSONValue] | str"

MOST_POINTERS: Final = 200

Reveal: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--reveal", metavar="POINTER", help="JSON pointer of what is shown; an object is shown whole."),
]


def derive(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A credential, as JSON or SD-JWT; `-` for input.")],
    *,
    reveal: Reveal = None,
    frame: Annotated[
        str | None, typer.Option("--frame", metavar="FILE", help="A JSON-LD frame instead, for BbsBlsSignature2020.")
    ] = None,
    nonce: Annotated[
        str | None, typer.Option("--nonce", metavar="BASE64", help="The verifier's nonce; not for an SD-JWT.")
    ] = None,
    out: Annotated[str | None, typer.Option("--out", metavar="FILE", help="Write it there, to a new file.")] = None,
    choices: Annotated[bool, typer.Option("--list", help="Only tell what can be shown, and what always is.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Tell first what the verifier will see.")] = False,
    yes: Yes = False,
) -> None:
    """Make a credential that shows a part of another; the issuer has no part in it."""
    credential = read_credential(file)
    if choices:
        if reveal or frame or nonce is not None or out is not None or preview:
            raise Misused("--list goes alone")
        _tell_choices(of(ctx), credential)
        return
    if bool(reveal) == (frame is not None):
        raise Misused("say with --reveal what is to be shown, or with --frame; --list tells what there is")
    wish = _wish(reveal, frame, nonce, credential)
    if out is not None:
        from sealwright.cli.files import require_new_place

        require_new_place(out)
    with offline() as at:
        shown = derived(at, credential, wish)
    hand_over(of(ctx), Handed("credential", shown, seen(shown)), out, preview=preview, yes=yes)


def _tell_choices(output: Output, credential: Credential) -> None:
    """What its holder may show or keep back, and what is shown in any case."""
    from sealwright.services.deriving import choices_of

    rows = [
        {
            "pointer": one.pointer,
            "value": one.value,
            "shown": "always" if one.is_mandatory else "along" if one.is_implied else "as chosen",
        }
        for one in choices_of(credential)
    ]
    output.emit_list(rows, ("shown", "pointer", "value"))


def read_credential(name: str) -> Credential:
    """Read a credential that can be shown in part.

    Raises:
        Misused: The file holds no credential in JSON, and no SD-JWT.
        UnreadableFile: It cannot be read.
    """
    from sealwright.cli.files import read_input
    from sealwright.vc.proofs.sd_jwt_reading import is_sd_jwt

    content = unwrapped(read_input(name))
    if isinstance(content, dict) or (isinstance(content, str) and is_sd_jwt(content)):
        return content
    raise Misused(f"{name} holds neither a credential in JSON nor an SD-JWT")


def derived(at: desk.Desk, credential: Credential, wish: Wish) -> Credential:
    """Derive, and name a pointer that leads nowhere as it was typed.

    Raises:
        DerivationInvalid: It cannot be shown so.
        ProofRefused: The credential's own proof does not hold.
    """
    from sealwright.services.deriving import Places
    from sealwright.vc.errors import DerivationInvalid

    try:
        return at.office.deriving.derive(credential, wish, places=Places())
    except DerivationInvalid as error:
        typed = _typed_pointer(error.pointer, wish.pointers)
        if typed is None:
            raise
        raise DerivationInvalid(f"{error.detail} ({typed})", pointer=error.pointer) from error


def _typed_pointer(place: str | None, pointers: tuple[str, ...]) -> str | None:
    """The pointer that an error is about: its place ends with the number among those that were given."""
    number = (place or "").rpartition("/")[2]
    if number.isdecimal() and len(number) < 4 and int(number) < len(pointers):
        return pointers[int(number)]
    return None


def seen(shown: Credential) -> list[tuple[str, JSONValue]]:
    """Everything that a verifier will read in what is shown: pointer and value of each leaf, in order."""
    from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt

    members = open_sd_jwt(shown).claims if isinstance(shown, str) else shown
    return [*leaves({name: value for name, value in members.items() if name != "proof"})]


def leaves(value: JSONValue, pointer: str = "") -> Iterator[tuple[str, JSONValue]]:
    """Pointer and value of every leaf; an empty object or array is one."""
    from sealwright.vc.encoding.pointers import child

    if isinstance(value, dict) and value:
        for name, member in value.items():
            yield from leaves(member, child(pointer, name))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, child(pointer, index))
    else:
        yield pointer, value


class Handed:
    """What a command made: its name in JSON, itself, and what a verifier will read in it."""

    def __init__(self, name: str, made: Credential, seen: list[tuple[str, JSONValue]]) -> None:
        self.name = name
        self.made = made
        self.seen = seen

    @property
    def content(self) -> bytes:
        """As it is written."""
        from sealwright.vc.encoding.strict_json import dump_json

        return self.made.encode("ascii") if isinstance(self.made, str) else dump_json(self.made)

    def members(self, *, preview: bool) -> dict[str, object]:
        """The command's answer in JSON."""
        rows = [{"pointer": pointer, "value": value} for pointer, value in self.seen]
        return {self.name: self.made, **({"seen": rows} if preview else {})}


def hand_over(output: Output, handed: Handed, out: str | None, *, preview: bool, yes: bool) -> None:
    """Print what was made, or write it to a new file; after a preview only when nobody says no.

    Raises:
        typer.Abort: Somebody said no.
        UnreadableFile: The file is there already, or cannot be written.
    """
    if out is None or (out == "-" and output.json):
        plain = _spell_seen(handed.seen) if preview else handed.content.decode("utf-8")
        output.emit(handed.members(preview=preview), plain=plain)
        return
    from sealwright.cli.files import write_new

    if preview and not output.json:
        output.emit({}, plain=_spell_seen(handed.seen))
        confirm(output, "Is this all that the verifier may see?", yes=yes)
    write_new(out, handed.content)
    if output.json:
        output.emit(handed.members(preview=preview))
    output.say(f"Written to {out}.")


def _spell_seen(seen: list[tuple[str, JSONValue]]) -> str:
    import msgspec

    width = max((len(pointer) for pointer, _ in seen), default=0) + 2
    return printable_lines([f"{pointer:<{width}}{msgspec.json.encode(value).decode()}" for pointer, value in seen])


def _wish(reveal: list[str] | None, frame: str | None, nonce: str | None, credential: Credential) -> Wish:
    from sealwright.vc.proofs.suites.disclosure import Wish

    if isinstance(credential, str) and (frame is not None or nonce is not None):
        raise Misused("an SD-JWT takes no --frame and no --nonce; `present` binds it to a verifier")
    return Wish(pointers(reveal), _frame(frame), b"" if nonce is None else read_nonce(nonce))


def pointers(reveal: list[str] | None) -> tuple[str, ...]:
    """The pointers as typed; raises Misused for what is none, and for over 200 of them."""
    from sealwright.vc.encoding.pointers import steps_of

    given = tuple(reveal or ())
    if len(given) > MOST_POINTERS:
        raise Misused(f"--reveal is given over {MOST_POINTERS} times")
    for pointer in given:
        try:
            steps_of(pointer)
        except LookupError as error:
            raise Misused(f"{pointer!r} is no JSON pointer: write /credentialSubject/name") from error
    return given


def _frame(name: str | None) -> Mapping[str, JSONValue] | None:
    from sealwright.cli.files import read_input
    from sealwright.vc.encoding.strict_json import parse_json

    if name is None:
        return None
    content = parse_json(read_input(name))
    if not isinstance(content, dict):
        raise Misused(f"{name} holds no JSON-LD frame")
    return content
