"""The attacks are not blind: a verifier that leaves one thing out is found by the very suites that ours withstands."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sealwright.vc.proofs import verifying
from sealwright.vc.proofs.key_binding import KeyBinding
from sealwright.vc.proofs.selective import framing
from sealwright.vc.proofs.suites import bbs_2023, ecdsa_sd_2023
from sealwright.vc.proofs.suites.disclosure import DisclosureSuite, Shown
from sealwright.vc.proofs.suites.suite import Suite
from sealwright.vc.verification import credential, presentation, sd_jwt_credential
from tests.attacks.test_disclosure_replays import _revoke
from tests.support import attacking
from tests.support.attacking import tally
from tests.support.disclosure_world import (
    BBS,
    CHALLENGE,
    DOMAIN,
    ECDSA,
    ECDSA_SD,
    LEGACY,
    NONCE,
    DisclosureWorld,
    disclosure_world,
    document_of,
)
from tests.support.json_attacks import Altered, altered_documents
from tests.support.replays import Replay, replays_of_derived, replays_of_presentation, replays_of_sd_jwt
from tests.support.token_attacks import altered_tokens
from tests.support.value_attacks import altered_values

Patch = pytest.MonkeyPatch
GENUINE = "genuine"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DisclosureWorld]:
    with disclosure_world(tmp_path_factory.mktemp("twins")) as made:
        yield made


@dataclass(frozen=True)
class Twin:
    """A verifier that is wrong in one way.

    Args:
        plant: Makes ours so.
        attacks: What finds it; made before the fault is planted. The first is none: what is genuine.
        gets_through: Beginnings of the labels of which at least one must be accepted by it, and none by ours.
    """

    plant: Callable[[Patch], object]
    attacks: Callable[[DisclosureWorld], Iterable[Altered]]
    gets_through: tuple[str, ...]


def _call(judge: Any) -> object:
    return judge()


def _judged(replays: Iterable[Replay]) -> Iterator[Altered]:
    return (Altered(one.label, one.judge) for one in replays)


def _of_document(make: Callable[[DisclosureWorld], dict[str, Any]]) -> Callable[[DisclosureWorld], Iterator[Altered]]:
    """Alterations of a credential, each judged as the credential would be."""

    def attacks(world: DisclosureWorld) -> Iterator[Altered]:
        document = make(world)
        yield Altered(GENUINE, lambda: world.judge(document))
        for one in [*altered_documents(document, "twin"), *altered_values(document, "twin")]:
            yield Altered(one.label, lambda shown=one.document: world.judge(shown), one.kept)

    return attacks


def _of_token(world: DisclosureWorld) -> Iterator[Altered]:
    text = world.bind(world.sd_jwt()[1])
    yield Altered(GENUINE, lambda: world.judge_bound(text))
    for one in altered_tokens(text, "twin"):
        yield Altered(one.label, lambda shown=one.document: world.judge_bound(shown))


def _of_status(world: DisclosureWorld) -> Iterator[Altered]:
    genuine = world.derive(world.base(ECDSA_SD))
    yield Altered(GENUINE, lambda: world.judge(genuine))
    record = world.issue(ECDSA_SD)
    shown = world.derive(document_of(record))
    _revoke(world, record.credential_id)
    yield Altered("revoked", lambda: world.judge(shown))


def _of_base(world: DisclosureWorld) -> Iterator[Altered]:
    base = world.base(BBS)
    # A verifier that takes base proofs takes those of the legacy suite as before.
    legacy = world.base(LEGACY)
    yield Altered(GENUINE, lambda: world.judge(legacy))
    yield Altered("a base proof", lambda: world.judge(base))


def _of_presentation(world: DisclosureWorld) -> Iterator[Altered]:
    shown = world.derive(world.base(BBS))
    presented = world.present(shown)
    yield Altered(GENUINE, lambda: world.judge_presentation(presented))
    yield from _judged(replays_of_presentation(world, shown))


def _of_parts(suite: str) -> Callable[[DisclosureWorld], Iterator[Altered]]:
    def attacks(world: DisclosureWorld) -> Iterator[Altered]:
        shown = world.derive(world.base(suite))
        yield Altered(GENUINE, lambda: world.judge(shown))
        yield from _judged(replays_of_derived(world, suite))

    return attacks


def _of_bindings(world: DisclosureWorld) -> Iterator[Altered]:
    text = world.bind(world.sd_jwt()[1])
    yield Altered(GENUINE, lambda: world.judge_bound(text))
    yield from _judged(replays_of_sd_jwt(world))


def _takes_any(name: str) -> Callable[[Patch], object]:
    """A verifier that does not look at what the presentation is bound to."""

    def plant(patch: Patch) -> None:
        real = presentation._check_binding

        def check(found: Any, proofs: Any, what: str, expected: Any, code: Any) -> None:
            if what == name:
                found.passed(what, "")
            else:
                real(found, proofs, what, expected, code)

        patch.setattr(presentation, "_check_binding", check)

    return plant


def _suites(change: Callable[[Any], Any]) -> Callable[[Patch], object]:
    """A verifier whose suites are altered."""

    def plant(patch: Patch) -> None:
        real = verifying.suite_named
        patch.setattr(verifying, "suite_named", lambda name: change(real(name)))

    return plant


def _any_proof(suite: Any) -> Any:
    if isinstance(suite, DisclosureSuite):
        return replace(suite, verify=lambda *_: Shown(is_derived=True, nonce=NONCE))
    return suite


def _takes_base_proofs(suite: Any) -> Any:
    return replace(suite, verify=suite.verify_base) if isinstance(suite, DisclosureSuite) else suite


def _forgets_options(suite: Any) -> Any:
    """The first options that it meets, which are the genuine ones, stand for all that come after."""
    return (
        replace(suite, hash_options=_first_of(suite.hash_options))
        if isinstance(suite, Suite) and suite.name == ECDSA
        else suite
    )


_SEEN: dict[str, Any] = {}


def _first_of(real: Callable[..., Any]) -> Callable[..., Any]:
    def answer(*given: Any) -> Any:
        key = f"{real.__module__}.{real.__qualname__}"
        if key not in _SEEN:
            _SEEN[key] = real(*given)
        return _SEEN[key]

    return answer


def _forgets_mandatory(patch: Patch) -> None:
    """The mandatory statements that were hashed first stand for all that come after."""
    for suite in (bbs_2023, ecdsa_sd_2023):
        patch.setattr(suite, "mandatory_hash", _first_of(suite.mandatory_hash))


def _reads_loosely(patch: Patch) -> None:
    def decode(text: str) -> bytes:
        kept = text.strip().rstrip("=")
        return base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4))

    patch.setattr(framing, "base64url_decode", decode)


def _believes_bindings(patch: Patch) -> None:
    def believe(opened: Any, **_: Any) -> KeyBinding:
        key = sd_jwt_credential.confirmation_key(opened.claims)
        assert key is not None
        return KeyBinding(key, DOMAIN, CHALLENGE, datetime(2026, 3, 1, 12, tzinfo=UTC))

    patch.setattr(sd_jwt_credential, "verify_key_binding", believe)


def _derived(suite: str) -> Callable[[DisclosureWorld], dict[str, Any]]:
    return lambda world: world.derive(world.base(suite))


TWINS = {
    "ignores the challenge": Twin(_takes_any("challenge"), _of_presentation, ("another challenge",)),
    "ignores the domain": Twin(_takes_any("domain"), _of_presentation, ("another domain",)),
    "ignores whose key signed": Twin(
        lambda patch: patch.setattr(presentation, "check_control", lambda *_: None),
        _of_presentation,
        ("by a stranger in the holder's name",),
    ),
    "ignores whom a credential is about": Twin(
        lambda patch: patch.setattr(presentation, "are_about", lambda *_: True),
        _of_presentation,
        ("by a stranger",),
    ),
    "ignores the status": Twin(
        lambda patch: patch.setattr(credential, "check_status", _passes("revocation", "suspension")),
        _of_status,
        ("revoked",),
    ),
    "ignores the nonce": Twin(
        lambda patch: patch.setattr(credential, "check_nonce", lambda *_: None),
        _of_parts(LEGACY),
        ("another nonce", "derived for another nonce"),
    ),
    "ignores who is expected": Twin(
        lambda patch: patch.setattr(credential, "check_holder", _passes("holder")),
        _of_parts(ECDSA_SD),
        ("another holder expected",),
    ),
    "ignores whom it trusts": Twin(
        lambda patch: patch.setattr(credential, "check_trust", _passes("trustedIssuer")),
        _of_parts(ECDSA_SD),
        ("untrusted issuer",),
    ),
    "takes any derived proof": Twin(
        _suites(_any_proof),
        _of_parts(BBS),
        ("/credentialSubject/degree/gpa added back", "a proof of another credential"),
    ),
    "takes base proofs": Twin(_suites(_takes_base_proofs), _of_base, ("a base proof",)),
    "forgets the mandatory statements (bbs-2023)": Twin(
        _forgets_mandatory, _of_document(_derived(BBS)), ("alter letter 0 at /issuer/name",)
    ),
    "forgets the mandatory statements (ecdsa-sd-2023)": Twin(
        _forgets_mandatory, _of_document(_derived(ECDSA_SD)), ("alter letter 0 at /issuer/name",)
    ),
    "forgets what the proof says of itself": Twin(
        _suites(_forgets_options), _of_document(lambda world: world.base(ECDSA)), ("drop at /proof/created",)
    ),
    "reads proof values loosely": Twin(
        _reads_loosely, _of_document(_derived(ECDSA_SD)), ("value: text: padding", "text: padding")
    ),
    "believes key bindings": Twin(_believes_bindings, _of_token, ("binding: signature: byte 0",)),
    "believes key bindings of others": Twin(_believes_bindings, _of_bindings, ("a binding by a stranger",)),
}


def _passes(*names: str) -> Callable[..., None]:
    def check(found: Any, *_: Any) -> None:
        for name in names:
            found.passed(name, "")

    return check


@pytest.mark.parametrize("name", TWINS)
def test_verifier_that_leaves_one_thing_out_is_found(
    world: DisclosureWorld, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin = TWINS[name]
    genuine, *attacks = twin.attacks(world)
    assert _call(genuine.document)
    sound = tally(attacks, _call)
    assert sound.is_clean, sound
    with monkeypatch.context() as patch:
        _SEEN.clear()
        twin.plant(patch)
        assert _call(genuine.document)
        found = tally(attacks, _call)
    assert not found.is_clean
    assert set(twin.gets_through) & set(found.accepted), found.accepted


def test_verifier_that_raises_or_dawdles_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_it(_: object) -> object:
        raise KeyError("proof")

    attack = Altered("any", {})
    assert tally([attack], raise_it).raised == ["any: KeyError"]
    assert not tally([attack], raise_it).is_clean
    monkeypatch.setattr(attacking, "SECONDS_MOST", 0.01)
    assert not tally([attack], lambda _: time.sleep(0.02)).is_clean
    assert tally([attack], lambda _: None).is_clean
    assert not tally([attack], lambda _: True).is_clean
