"""The example inputs of the SD-JWT specification: concealed, narrowed down as each example says, and read again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec

from sealwright.vc.encoding.multibase import base64url_decode
from sealwright.vc.keys.jwk import public_key_from_jwk
from sealwright.vc.proofs.compact import check_signature, sealed, signing_input
from sealwright.vc.proofs.key_binding import Occasion, binding_input, verify_key_binding
from sealwright.vc.proofs.sd_jwt import DIGESTS, ITEM, Claims, Hidden, combined, conceal
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt, present
from sealwright.vc.proofs.sd_jwt_vc import shown
from tests.support import vectors
from tests.support.es256 import sign_es256

SUITE: Final = "sd-jwt-spec-examples"
EXAMPLES: Final = (
    "address_only_flat",
    "address_only_recursive",
    "address_only_structured",
    "address_only_structured_one_open",
    "arf-pid",
    "complex_eidas",
    "complex_eidas_proposal",
    "complex_ekyc",
    "json_serialization_flattened",
    "json_serialization_general",
    "jsonld",
    "simple",
    "simple_structured",
    "w3c-vc",
    "w3c-vc_for_slide_deck",
)
NOW: Final = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
Selection: TypeAlias = "dict[str, Any] | list[Any] | bool | None"


@dataclass(frozen=True)
class _Marked:
    """What the example marks as selectively disclosable: a member's name, or an item."""

    value: Any


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # the package has no types
    """Reads the examples' own tag."""


def _marked(loader: _Loader, node: yaml.Node) -> _Marked:
    if isinstance(node, yaml.MappingNode):
        return _Marked(loader.construct_mapping(node, deep=True))
    if isinstance(node, yaml.SequenceNode):
        return _Marked(loader.construct_sequence(node, deep=True))
    assert isinstance(node, yaml.ScalarNode)
    plain = node.style is None
    tag = loader.resolve(yaml.ScalarNode, node.value, (plain, not plain))
    return _Marked(loader.construct_object(yaml.ScalarNode(tag, node.value, style=node.style)))


_Loader.add_constructor("!sd", _marked)


def _read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)


def _claims(value: Any) -> Claims:
    """An example's claims, their disclosable parts wrapped."""
    if isinstance(value, dict):
        return {
            name.value if isinstance(name, _Marked) else name: (
                Hidden(_claims(member)) if isinstance(name, _Marked) else _claims(member)
            )
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [Hidden(_claims(item.value)) if isinstance(item, _Marked) else _claims(item) for item in value]
    return value  # type: ignore[no-any-return]


def _is_chosen(selection: Selection) -> bool:
    return selection is not None and selection is not False


def _chosen(selection: Selection, step: str | int) -> Selection:
    if isinstance(selection, dict) and isinstance(step, str):
        return selection.get(step)
    if isinstance(selection, list) and isinstance(step, int) and step < len(selection):
        return selection[step]  # type: ignore[no-any-return]
    return None


def _expected(claims: Claims, selection: Selection) -> Any:
    """What a verifier reads, worked out from the tree alone."""
    if isinstance(claims, dict):
        kept = {}
        for name, value in claims.items():
            inner = _chosen(selection, name)
            if isinstance(value, Hidden):
                if _is_chosen(inner):
                    kept[name] = _expected(value.value, inner)
            else:
                kept[name] = _expected(value, inner)
        return kept
    if isinstance(claims, list):
        items = []
        for index, value in enumerate(claims):
            inner = _chosen(selection, index)
            if not isinstance(value, Hidden):
                items.append(_expected(value, inner))
            elif _is_chosen(inner):
                items.append(_expected(value.value, inner))
        return items
    return claims


def _hidden(claims: Claims) -> int:
    if isinstance(claims, Hidden):
        return 1 + _hidden(claims.value)
    if isinstance(claims, dict):
        return sum(_hidden(member) for member in claims.values())
    return sum(_hidden(item) for item in claims) if isinstance(claims, list) else 0


def _digests(value: Any) -> Iterator[list[str]]:
    """The digests of each object and each concealed item."""
    if isinstance(value, dict):
        if DIGESTS in value:
            yield value[DIGESTS]
        if ITEM in value:
            yield [value[ITEM]]
        for member in value.values():
            yield from _digests(member)
    elif isinstance(value, list):
        for item in value:
            yield from _digests(item)


@pytest.fixture(scope="module")
def settings() -> Any:
    """Keys, parties and times that all examples share."""
    return _read(vectors.folder(SUITE) / "settings.yml")


def _private(jwk: dict[str, str]) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(base64url_decode(jwk["d"]), "big"), ec.SECP256R1())


def _public(jwk: dict[str, str]) -> Any:
    return public_key_from_jwk({name: value for name, value in jwk.items() if name != "d"})


def _whole(example: dict[str, Any], settings: Any) -> dict[str, Claims]:
    """The claims with those that the specification's own tool adds."""
    claims = _claims(example["user_claims"])
    assert isinstance(claims, dict)
    if example.get("include_default_claims", True):
        added = {"iss": settings["identifiers"]["issuer"], "iat": settings["iat"], "exp": settings["exp"]}
        claims = {**added, **claims}
    if example.get("key_binding"):
        holder = settings["key_settings"]["holder_key"]
        claims["cnf"] = {"jwk": {name: value for name, value in holder.items() if name != "d"}}
    return claims


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_comes_back_as_its_holder_shows_it(name: str, settings: Any) -> None:
    example = _read(vectors.folder(SUITE) / name / "specification.yml")
    claims, selection = _whole(example, settings), example["holder_disclosed_claims"]
    concealed = conceal(claims)
    assert len(concealed.disclosures) == len(set(concealed.disclosures)) == _hidden(claims)
    assert all(digests == sorted(digests) for digests in _digests(concealed.payload))

    keys = settings["key_settings"]
    header = {"alg": "ES256", **example.get("extra_header_parameters", {})}
    signed = signing_input(header, concealed.payload)
    token = sealed(signed, sign_es256(_private(keys["issuer_keys"][0]), signed))
    text = combined(token, concealed.disclosures)
    assert open_sd_jwt(text).claims == shown(claims)

    def wanted(path: tuple[str | int, ...]) -> bool:
        chosen: Selection = selection
        for step in path:
            chosen = _chosen(chosen, step)
        return _is_chosen(chosen)

    presented = present(text, wanted)
    if example.get("key_binding"):
        occasion = Occasion(settings["identifiers"]["verifier"], settings["key_binding_nonce"])
        bound = binding_input(presented, occasion, NOW, algorithm="ES256")
        presented += sealed(bound, sign_es256(_private(keys["holder_key"]), bound))
    opened = open_sd_jwt(presented)
    check_signature(opened.token, _public(keys["issuer_keys"][0]), {"ES256"})
    assert opened.claims == _expected(claims, selection)
    if example.get("key_binding"):
        binding = verify_key_binding(opened, accepted={"ES256"}, now=NOW)
        assert (binding.audience, binding.nonce) == (
            settings["identifiers"]["verifier"],
            settings["key_binding_nonce"],
        )


def test_every_example_is_run() -> None:
    found = sorted(path.parent.name for path in vectors.folder(SUITE).glob("*/specification.yml"))
    assert found == sorted(EXAMPLES)
    assert len(found) == 15
