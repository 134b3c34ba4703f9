"""Attacks with parts that are genuine: shown again, to another verifier, by another holder, or put together anew."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import cbor2

from sealwright.vc.encoding.pointers import child, steps_of, value_at
from tests.support.disclosure_world import (
    CHALLENGE,
    DOMAIN,
    GRADE,
    NAME,
    NONCE,
    DisclosureWorld,
)
from tests.support.value_attacks import decoded, encoded

Judge = Callable[[], object]
OTHER_NONCE: Final = bytes(range(16, 32))
UNIVERSITY: Final = "/credentialSubject/degree/university"


@dataclass(frozen=True)
class Replay:
    """One attack: what was done, and the verifier's answer to it."""

    label: str
    judge: Judge


def replays_of_presentation(world: DisclosureWorld, credential: Mapping[str, Any]) -> Iterator[Replay]:
    """What somebody does with a presentation of a credential, or with a credential that is not theirs."""
    shown = world.present(credential)

    def again(document: Any, **options: Any) -> Judge:
        return lambda: world.judge_presentation(document, **options)

    yield Replay("another challenge", again(shown, challenge="another"))
    yield Replay("challenge in capitals", again(shown, challenge=CHALLENGE.upper()))
    yield Replay("no challenge expected", again(shown, challenge=None))
    yield Replay("another domain", again(shown, domain="https://other.example"))
    yield Replay("domain with a path", again(shown, domain=DOMAIN + "/"))
    yield Replay("no domain expected", again(shown, domain=None))
    yield Replay("untrusted issuer", again(shown, trusted_issuers=frozenset({"did:adi:other"})))
    for label, presented in _by_others(world, credential):
        yield Replay(label, again(presented))
    bare = {name: value for name, value in shown.items() if name != "proof"}
    yield Replay("no proof", again(bare))
    yield Replay("the credential's proof", again({**bare, "proof": credential["proof"]}))
    yield Replay("no credentials and the old proof", again({**shown, "verifiableCredential": []}))
    other = world.present(credential, challenge="another")
    yield Replay("proof of another presentation", again({**shown, "proof": other["proof"]}))
    yield Replay(
        "challenge changed in the proof", again({**other, "proof": {**other["proof"], "challenge": CHALLENGE}})
    )
    yield Replay("two proofs, one for another challenge", again({**shown, "proof": [shown["proof"], other["proof"]]}))
    yield Replay("the credential in its place", again(credential))


def _by_others(world: DisclosureWorld, credential: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    holder, stranger, clock = world.holder, world.stranger, world.clock
    yield "by a stranger", world.present(credential, by=stranger)
    yield "by a stranger in the holder's name", world.present(credential, by=stranger, holder=holder.did)
    yield (
        "by a stranger with the holder's method",
        world.present(credential, by=stranger, holder=holder.did, method=holder.method_id),
    )
    yield "without a holder, by a stranger", _without_holder(world.present(credential, by=stranger))
    yield "for another purpose", world.present(credential, purpose="assertionMethod")
    yield "expired", world.present(credential, expires=clock.now() - timedelta(minutes=5))
    yield "without challenge and domain", world.present(credential, challenge=None, domain=None)


def _without_holder(presentation: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in presentation.items() if name != "holder"}


def replays_of_derived(world: DisclosureWorld, suite: str) -> Iterator[Replay]:
    """What a holder would do to show more, or less, than the proof covers."""
    base = world.base(suite)
    shown = world.derive(base)

    def judged(document: Any, **options: Any) -> Judge:
        return lambda: world.judge(document, **options)

    for pointer in (GRADE, UNIVERSITY, "/credentialSubject/degree/graduationYear"):
        yield Replay(f"{pointer} added back", judged(_with(shown, pointer, value_at(base, pointer))))
        yield Replay(f"{pointer} made up", judged(_with(shown, pointer, "x")))
    yield Replay("all members of the base proof's document", judged({**base, "proof": shown["proof"]}))
    for pointer in sorted(always_shown(shown)):
        yield Replay(f"{pointer} taken away", judged(_without(shown, pointer)))
    wider = world.derive(base, (NAME, GRADE))
    yield Replay("a wider document under a narrower proof", judged({**wider, "proof": shown["proof"]}))
    yield Replay("a narrower document under a wider proof", judged({**shown, "proof": wider["proof"]}))
    twin = world.base(suite)
    yield Replay("a proof of another credential", judged({**shown, "proof": world.derive(twin)["proof"]}))
    yield Replay("a subject of another credential", judged({**world.derive(twin), "proof": shown["proof"]}))
    for label, proof in _mixed(shown["proof"], world.derive(twin)["proof"]):
        yield Replay(label, judged({**shown, "proof": proof}))
    yield Replay("the base proof on what is shown", judged({**shown, "proof": base["proof"]}))
    yield Replay("both proofs on what is shown", judged({**shown, "proof": [shown["proof"], base["proof"]]}))
    for name in ("BbsBlsSignature2020", "BbsBlsSignatureProof2020", "Ed25519Signature2020"):
        if shown["proof"]["type"] != name:
            relabelled = {one: value for one, value in shown["proof"].items() if one != "cryptosuite"}
            yield Replay(f"called {name}", judged({**shown, "proof": {**relabelled, "type": name}}))
    for name in ("bbs-2023", "ecdsa-sd-2023", "ecdsa-rdfc-2019", "eddsa-rdfc-2022", "bbs-2024"):
        if shown["proof"].get("cryptosuite") != name:
            proof = {**shown["proof"], "type": "DataIntegrityProof", "cryptosuite": name}
            yield Replay(f"called {name}", judged({**shown, "proof": proof}))
    yield Replay("another holder expected", judged(shown, expected_holder=world.stranger.did))
    yield Replay("untrusted issuer", judged(shown, trusted_issuers=frozenset()))
    yield Replay("another nonce", judged(shown, nonce=OTHER_NONCE))
    yield Replay("another nonce, one byte longer", judged(shown, nonce=NONCE + b"\0"))
    yield Replay("derived for another nonce", judged(world.derive(base, nonce=OTHER_NONCE), nonce=NONCE))
    yield Replay("derived for no nonce", judged(world.derive(base, nonce=b""), nonce=NONCE))
    yield Replay("the base credential for a nonce", judged(base, nonce=NONCE))


def _mixed(proof: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A proof with one part, or two neighbours, out of the proof of another credential; for proofs made of parts."""
    raw, spelling = decoded(proof["proofValue"])
    theirs, _ = decoded(other["proofValue"])
    if raw[:2] != b"\xd9\x5d":
        return
    parts, strange = cbor2.loads(raw[3:]), cbor2.loads(theirs[3:])
    for first in range(len(parts)):
        for last in (first + 1, first + 2):
            mixed = [*parts[:first], *strange[first:last], *parts[last:]]
            if mixed not in (parts, strange):
                value = encoded(raw[:3] + cbor2.dumps(mixed), spelling)
                yield f"parts {first} to {last} of another credential's proof", {**proof, "proofValue": value}


def always_shown(shown: Mapping[str, Any]) -> set[str]:
    """Pointers of what the issuer, or the suite, makes every holder show of a degree."""
    members = set(shown) - {"@context", "proof", "credentialSubject"}
    return {child("", name) for name in members} | {
        "/credentialSubject/id",
        *(f"/credentialStatus/{index}" for index in range(len(shown["credentialStatus"]))),
    }


def _with(document: Mapping[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    fresh = copy.deepcopy(dict(document))
    *around, name = steps_of(pointer)
    place: Any = fresh
    for step in around:
        place = place[step]
    place[name] = value
    return fresh


def _without(document: Mapping[str, Any], pointer: str) -> dict[str, Any]:
    fresh = copy.deepcopy(dict(document))
    *around, name = steps_of(pointer)
    place: Any = fresh
    for step in around:
        place = place[step]
    if isinstance(place, list):
        del place[int(name)]
    else:
        del place[name]
    return fresh


def replays_of_sd_jwt(world: DisclosureWorld) -> Iterator[Replay]:
    """What is done with an SD-JWT and key bindings that are genuine each by itself."""
    _, text = world.sd_jwt()
    shown = world.bind(text)
    nothing = world.bind(text, ())

    def judged(document: str, **options: Any) -> Judge:
        return lambda: world.judge_bound(document, **options)

    yield Replay("another nonce", judged(shown, challenge="another"))
    yield Replay("another audience", judged(shown, domain="https://other.example"))
    yield Replay("a binding by a stranger", judged(world.bind(text, by=world.stranger)))
    yield Replay("a binding over less", judged(shown.rpartition("~")[0] + "~" + nothing.rpartition("~")[2]))
    yield Replay("a binding over more", judged(nothing.rpartition("~")[0] + "~" + shown.rpartition("~")[2]))
    yield Replay("no binding", judged(shown.rpartition("~")[0] + "~"))
    yield Replay("a binding of another credential", judged(_rebound(shown, world.bind(world.sd_jwt()[1]))))
    yield Replay("another holder expected", judged(shown, expected_holder=world.stranger.did))
    yield Replay("untrusted issuer", judged(shown, trusted_issuers=frozenset()))


def _rebound(text: str, other: str) -> str:
    return text.rpartition("~")[0] + "~" + other.rpartition("~")[2]
