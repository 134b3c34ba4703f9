"""Documents to exchange: credentials in both data models, and a corpus that looks for trouble in every value."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any, Final

CREDENTIALS_V1: Final = "https://www.w3.org/2018/credentials/v1"
CREDENTIALS_V2: Final = "https://www.w3.org/ns/credentials/v2"
ED25519_2020: Final = "https://w3id.org/security/suites/ed25519-2020/v1"
VOCABULARY: Final = "https://terms.example/"
CONTEXT_URL: Final = "https://contexts.example/exchange/v1"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"

# Every kind of term that a credential schema's context has, and some that only strangers' contexts have.
CONTEXT: Final[dict[str, Any]] = {
    "@context": {
        "@version": 1.1,
        "@protected": True,
        "id": "@id",
        "type": "@type",
        "ExchangeCredential": f"{VOCABULARY}ExchangeCredential",
        "Degree": {
            "@id": f"{VOCABULARY}Degree",
            "@context": {"@protected": True, "level": f"{VOCABULARY}degree-level"},
        },
        "degree": f"{VOCABULARY}degree",
        "title": f"{VOCABULARY}title",
        "university": f"{VOCABULARY}university",
        "graduationYear": f"{VOCABULARY}graduationYear",
        "gpa": f"{VOCABULARY}gpa",
        "honors": f"{VOCABULARY}honors",
        "score": {"@id": f"{VOCABULARY}score", "@type": f"{XSD}double"},
        "born": {"@id": f"{VOCABULARY}born", "@type": f"{XSD}date"},
        "seen": {"@id": f"{VOCABULARY}seen", "@type": f"{XSD}dateTime"},
        "homepage": {"@id": f"{VOCABULARY}homepage", "@type": "@id"},
        "courses": {"@id": f"{VOCABULARY}courses", "@container": "@list"},
        "skills": {"@id": f"{VOCABULARY}skills", "@container": "@set"},
        "motto": {"@id": f"{VOCABULARY}motto", "@language": "en"},
        "address": f"{VOCABULARY}address",
        "street": f"{VOCABULARY}street",
        "country": f"{VOCABULARY}country",
        "knows": f"{VOCABULARY}knows",
    }
}
CONTEXT_BYTES: Final = json.dumps(CONTEXT).encode()
# What a peer's loader is handed: our own contexts, under the addresses that documents name.
CONTEXTS: Final = {CONTEXT_URL: CONTEXT}

STRINGS: Final = (
    "",
    " ",
    "plain",
    "tab\tand line\nand return\r",
    'quote " and backslash \\ and slash /',
    "".join(chr(code) for code in range(1, 32)),
    "delete \x7f and next line \x85",
    "line \u2028 and paragraph \u2029 separators",
    "no-break \u00a0 and zero width \u200b\u200d\ufeff",
    "right to left \u202eabc\u202c and \u05d0\u05d1",
    "e\u0301 decomposed and \u00e9 composed",
    "\U0001f600 \U0001f469\u200d\U0001f393 \U0001f1ea\U0001f1f8",
    "\U0010ffff last of all",
    "<script>&amp;</script>",
    "_:b0",
    "_:c14n0 .",
    "@id",
    "https://example.org/a b",
    "=1+1",
    "x" * 300,
)
NUMBERS: Final = (
    0, 1, -1, 7, 2025, 2**31, -(2**31), 2**53 - 1, -(2**53 - 1),
    0.1, 3.8, 3.80, -0.5, 1.5, 2.675, 1.5e-7, 1.25e-10, 123456.789, 1 / 3, 0.1 + 0.2, 1e14 + 0.5,
    -2.2250738585072014e-308,
)  # fmt: skip
# Numbers on which the two implementations part; `docs/conformance/divergences.md` says why.
DISPUTED: Final = {
    "one digit and a small exponent": (1e-7, "1.0E-7", "0"),
    "the smallest double": (5e-324, "4.940656458412465E-324", "0"),
    "exactly between two roundings": (1e15 + 0.5, "1.0E15", "1.000000000000001E15"),
}
BOOLEANS: Final = (True, False)
COUNTRIES: Final = ("CH", "ES", "US")


def degree(model: str, issuer: str, **members: Any) -> dict[str, Any]:
    """An unsigned degree credential in a data model, `1.1` or `2.0`."""
    first = model == "1.1"
    document: dict[str, Any] = {
        "@context": [CREDENTIALS_V1, CONTEXT_URL, ED25519_2020] if first else [CREDENTIALS_V2, CONTEXT_URL],
        "id": "urn:uuid:f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "type": ["VerifiableCredential", "ExchangeCredential"],
        "issuer": {"id": issuer} if first else {"id": issuer, "name": "A university"},
        "issuanceDate" if first else "validFrom": "2026-01-01T00:00:00Z",
        "expirationDate" if first else "validUntil": "2036-01-01T00:00:00Z",
        "credentialSubject": {
            "id": "did:example:holder",
            "degree": {"type": "Degree", "level": "bachelor", "university": "MIT", "graduationYear": 2025, "gpa": 3.8},
        },
    }
    return {**document, **members}


def corpus(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Unsigned credentials of many shapes and values, the same for the same seed."""
    chance = random.Random(seed)
    for number in range(count):
        model = chance.choice(("1.1", "2.0"))
        document = degree(model, f"did:example:issuer{number}", id=f"urn:uuid:00000000-0000-4000-8000-{number:012x}")
        subject = node(chance, depth=0)
        subject["id"] = f"did:example:holder{number}"
        if chance.random() < 0.9:
            document["credentialSubject"] = subject
        else:
            document["credentialSubject"] = [subject, {"id": "did:example:other", **node(chance, 1)}]
        yield document


def node(chance: random.Random, depth: int) -> dict[str, Any]:
    """A node with at least one member, its values drawn from everything that makes trouble."""
    makers: dict[str, Callable[[], Any]] = {
        "title": lambda: many(chance, lambda: chance.choice(STRINGS)),
        "university": lambda: text(chance),
        "graduationYear": lambda: chance.choice(NUMBERS),
        "gpa": lambda: many(chance, lambda: chance.choice(NUMBERS)),
        "honors": lambda: chance.choice(BOOLEANS),
        "score": lambda: chance.choice(NUMBERS),
        "born": lambda: f"{chance.randint(1900, 2030)}-02-28",
        "seen": lambda: f"{chance.randint(1900, 2030)}-02-28T12:00:00Z",
        "homepage": lambda: f"https://example.org/{chance.randint(0, 99)}?q=%20#ü",
        "courses": lambda: [text(chance) for _ in range(chance.randint(1, 4))],
        "skills": lambda: [text(chance) for _ in range(chance.randint(1, 4))],
        "motto": lambda: text(chance),
        "address": lambda: {"street": text(chance), "country": chance.choice(COUNTRIES)},
        "degree": lambda: {"type": "Degree", "level": text(chance), **({} if depth > 1 else node(chance, depth + 1))},
        "knows": lambda: [
            {"id": f"did:example:{chance.randint(0, 9)}", **node(chance, depth + 1)}
            for _ in range(chance.randint(1, 2))
        ],
    }  # fmt: skip
    names = [name for name in makers if depth < 2 or name not in {"degree", "knows", "address"}]
    return {name: makers[name]() for name in chance.sample(names, chance.randint(1, min(7, len(names))))}


def many(chance: random.Random, make: Callable[[], Any]) -> Any:
    """One value, or now and then several, repeats included."""
    return make() if chance.random() < 0.8 else [make() for _ in range(chance.randint(1, 4))]


def text(chance: random.Random) -> str:
    """A text that somebody might send: a known one, or any characters at all but NUL and surrogates."""
    if chance.random() < 0.6:
        return chance.choice(STRINGS)
    length = chance.randint(1, 24)
    return "".join(chr(any_code(chance, chance.choice((0x20, 0x300, 0xFFFF, 0x10FFFF)))) for _ in range(length))


def any_code(chance: random.Random, highest: int) -> int:
    """A code point up to a highest one; left out are NUL, surrogates, and those that the peer sorts differently."""
    code = chance.randint(1, highest)
    return code if not 0xD800 <= code <= 0xFFFF else 0x2603
