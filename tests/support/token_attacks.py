"""Altered SD-JWTs: the issuer's token, each disclosure, the holder's key binding, and the tildes between them."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from typing import Any

from tests.support.json_attacks import Altered, altered_documents


def altered_tokens(text: str, seed: str) -> Iterator[Altered]:
    """Every alteration of an SD-JWT with key binding. A token signs its text, so no spelling is excused."""
    chance = random.Random(seed)
    token, *disclosures, binding = text.split("~")
    for label, other in _compact_changes(token, f"{seed} token", chance):
        yield Altered(f"token: {label}", "~".join((other, *disclosures, binding)))
    for label, other in _compact_changes(binding, f"{seed} binding", chance):
        yield Altered(f"binding: {label}", "~".join((token, *disclosures, other)))
    for index, one in enumerate(disclosures):
        for label, changed in _disclosure_changes(one, chance):
            several = [*disclosures[:index], *changed, *disclosures[index + 1 :]]
            yield Altered(f"disclosure {index}: {label}", "~".join((token, *several, binding)))
    if len(disclosures) > 1:
        yield Altered("disclosures turned round", "~".join((token, *disclosures[::-1], binding)))
    yield Altered("no disclosures", "~".join((token, "", binding)) if disclosures else token)
    yield Altered("no binding", "~".join((token, *disclosures, "")))
    yield Altered("no binding and no tilde", "~".join((token, *disclosures)))
    yield Altered("the token as its own binding", "~".join((token, *disclosures, token)))
    yield Altered("two bindings", "~".join((token, *disclosures, binding, binding)))
    yield Altered("a tilde more", "~".join((token, *disclosures, "", binding)))
    yield Altered("a tilde in front", "~" + text)


def altered_letters(text: str, seed: str, count: int) -> Iterator[Altered]:
    """So many texts with one to three letters replaced, left out or put in, chosen by `seed`."""
    chance = random.Random(seed)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~="
    for number in range(count):
        altered = text
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(altered))
            new = chance.choice(letters)
            altered = altered[:place] + chance.choice((new, "", new + altered[place])) + altered[place + 1 :]
        if altered != text:
            yield Altered(f"letters {number}", altered)


def _compact_changes(compact: str, seed: str, chance: random.Random) -> Iterator[tuple[str, str]]:
    """A compact token with its header or payload altered in JSON, and each part altered as text."""
    parts = compact.split(".")
    for place, name in enumerate(("header", "payload")):
        members = json.loads(_unpacked(parts[place]))
        for altered in altered_documents(members, f"{seed} {name}"):
            written = _packed(json.dumps(altered.document, ensure_ascii=False).encode())
            yield f"{name}: {altered.label}", _with(parts, place, written)
        spelled = _packed(json.dumps(members, indent=1).encode())
        yield f"{name}: spelled with line ends", _with(parts, place, spelled)
        turned = json.dumps(dict(reversed(members.items())), separators=(",", ":"))
        yield f"{name}: members turned round", _with(parts, place, _packed(turned.encode()))
        first = next(iter(members))
        doubled = (
            json.dumps(members, separators=(",", ":"))[:-1] + f",{json.dumps(first)}:{json.dumps(members[first])}}}"
        )
        yield f"{name}: a member twice", _with(parts, place, _packed(doubled.encode()))
    signature = _unpacked(parts[2])
    for index in range(len(signature)):
        flipped = signature[:index] + bytes([signature[index] ^ (1 << chance.randrange(8))]) + signature[index + 1 :]
        yield f"signature: byte {index}", _with(parts, 2, _packed(flipped))
    for label, other in (
        ("empty", b""),
        ("zeros", bytes(len(signature))),
        ("shorter", signature[:-1]),
        ("longer", signature + b"\0"),
        ("twice", signature + signature),
    ):
        yield f"signature: {label}", _with(parts, 2, _packed(other))
    for place in range(3):
        yield f"part {place}: padded", _with(parts, place, parts[place] + "=")
        yield f"part {place}: a blank inside", _with(parts, place, parts[place][:5] + " " + parts[place][5:])
        yield f"part {place}: a letter behind", _with(parts, place, parts[place] + "A")
        yield f"part {place}: in small letters", _with(parts, place, parts[place].lower())
        yield f"part {place}: missing", ".".join(parts[:place] + parts[place + 1 :])
    yield "a dot more", compact + "."
    for algorithm in ("none", "HS256", "ES256", "ES384", "RS256", "eddsa", "", None):
        header = {**json.loads(_unpacked(parts[0])), "alg": algorithm}
        if header != json.loads(_unpacked(parts[0])):
            yield f"algorithm {algorithm}", _with(parts, 0, _packed(json.dumps(header).encode()))
            yield (
                f"algorithm {algorithm}, not signed",
                _with(_with(parts, 0, _packed(json.dumps(header).encode())).split("."), 2, ""),
            )


def _disclosure_changes(text: str, chance: random.Random) -> Iterator[tuple[str, list[str]]]:
    """One disclosure in other words; several, or none, may stand in its place."""
    content = json.loads(_unpacked(text))

    def spelled(value: Any) -> list[str]:
        return [_packed(json.dumps(value, ensure_ascii=False).encode())]

    yield "left out", []
    yield "twice", [text, text]
    yield "salt altered", spelled([content[0] + "A", *content[1:]])
    yield "salt left out", spelled(content[1:])
    yield "value altered", spelled([*content[:-1], "forged"])
    yield "value in a list", spelled([*content[:-1], [content[-1]]])
    yield "value null", spelled([*content[:-1], None])
    yield "one more part", spelled([*content, "x"])
    yield "no array", spelled({"0": content})
    yield "another spelling", [_packed(json.dumps(content, indent=1).encode())]
    yield "padded", [text + "="]
    yield "a letter behind", [text + "A"]
    yield "a new one before", [*spelled(["c2FsdA", "extra", "x"]), text]
    if len(content) == 3:
        for name in ("_sd", "...", "_sd_alg", "iss", "vct", "exp", "status", "cnf", "sub", content[1] + "x"):
            yield f"named {name}", spelled([content[0], name, content[2]])
        yield "as an array's item", spelled([content[0], content[2]])
    for _ in range(3):
        place = chance.randrange(len(text))
        other = "A" if text[place] != "A" else "B"
        yield f"letter {place} altered", [text[:place] + other + text[place + 1 :]]


def _with(parts: list[str], place: int, part: str) -> str:
    return ".".join([*parts[:place], part, *parts[place + 1 :]])


def _packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
