"""bbs-2023 with its features, from commitment to verifier, and what strangers may do on the way."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from sealwright.vc.errors import DerivationInvalid, InvalidKey, ProofInvalid
from sealwright.vc.keys.bls12381 import generate_private_key
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.bbs import blind, pseudonym
from sealwright.vc.proofs.suites import bbs_2023
from sealwright.vc.proofs.suites.bbs_2023_features import (
    Feature,
    FeatureShown,
    HolderSecrets,
    Ordered,
    derive,
    issue,
    verify,
    verify_base,
)
from sealwright.vc.proofs.suites.disclosure import Wish
from sealwright.vc.proofs.unsecured import without_proof
from tests.support.disclosing import GPA, MANDATORY, UNIVERSITY, World, parts_of, with_part, with_parts, world

HERE, THERE, NONCE = b"https://here.example/", b"https://there.example/", b"a nonce"
TRIED: World = world("bbs-2023")
every_feature = pytest.mark.parametrize("feature", Feature)
PROOF, LABELS, ALWAYS, SELECTED, BOUND = range(5)


@dataclass(frozen=True)
class Held:
    """A holder with a credential."""

    feature: Feature
    secrets: HolderSecrets
    signed: dict[str, Any]

    def derived(self, *pointers: str, nym_domain: bytes = HERE, secrets: HolderSecrets | None = None) -> dict[str, Any]:
        covered = TRIED.covered(without_proof(self.signed))
        wish = Wish(pointers, nonce=NONCE)
        return derive(covered, TRIED.key, self.signed["proof"], wish, secrets or self.secrets, nym_domain=nym_domain)


def committed(feature: Feature, secret: bytes = b"my secret") -> tuple[bytes, HolderSecrets]:
    """A commitment for a feature, and what the holder keeps."""
    own = (secret,) if feature.binds_holder else ()
    if not feature.has_pseudonym:
        made = blind.commit(own)
        return made.with_proof, HolderSecrets(made.blind, secret)
    prover_nym = generate_private_key()
    made = pseudonym.commit(prover_nym, own)
    return made.with_proof, HolderSecrets(made.blind, secret if own else None, prover_nym)


@cache
def held(feature: Feature) -> Held:
    commitment, secrets = committed(feature)
    value = issue(TRIED.covered(TRIED.document), Secret32(TRIED.secret), MANDATORY, Ordered(feature, commitment))
    return Held(feature, secrets, {**TRIED.document, "proof": {**TRIED.options, "proofValue": value}})


def checked(credential: dict[str, Any], nym_domain: bytes | None = HERE, key: PublicKey | None = None) -> FeatureShown:
    return verify(
        TRIED.covered(without_proof(credential)), key or TRIED.key, credential["proof"], nym_domain=nym_domain
    )


@every_feature
def test_a_holder_shows_a_part_and_no_secret_is_needed_to_check_it(feature: Feature) -> None:
    holder = held(feature)
    covered = TRIED.covered(without_proof(holder.signed))
    assert verify_base(covered, TRIED.key, holder.signed["proof"], holder.secrets) is feature
    shown = holder.derived(UNIVERSITY)
    assert "gpa" not in shown["credentialSubject"]["degree"]
    told = checked(shown)
    assert (told.feature, told.nonce) == (feature, NONCE)
    assert (told.pseudonym is not None) == feature.has_pseudonym
    assert holder.derived(UNIVERSITY)["proof"]["proofValue"] != shown["proof"]["proofValue"]
    assert repr(holder.secrets) == "HolderSecrets(…)"


@pytest.mark.parametrize("feature", [feature for feature in Feature if feature.has_pseudonym])
def test_a_pseudonym_is_for_one_domain(feature: Feature) -> None:
    holder = held(feature)
    here, again, there = (holder.derived(GPA, nym_domain=domain) for domain in (HERE, HERE, THERE))
    assert checked(here).pseudonym == checked(again).pseudonym != checked(there, THERE).pseudonym
    for credential, domain in ((here, THERE), (there, HERE), (here, b""), (here, None)):
        with pytest.raises(ProofInvalid):
            checked(credential, domain)
    for domain in (b"", b"x" * 1_025):
        with pytest.raises(DerivationInvalid):
            holder.derived(GPA, nym_domain=domain)
    nym = 5
    with pytest.raises(ProofInvalid):
        checked(with_part(here, nym, parts_of(there)[1][nym]))


@every_feature
def test_whoever_lacks_a_secret_derives_nothing(feature: Feature) -> None:
    holder = held(feature)
    own = holder.secrets
    others = [HolderSecrets(generate_private_key(), own.secret, own.prover_nym)]
    others += [HolderSecrets(own.blind, b"a guess", own.prover_nym), HolderSecrets(own.blind)]
    if feature.binds_holder:
        others.append(HolderSecrets(own.blind, None, own.prover_nym))
    if feature.has_pseudonym:
        others += [HolderSecrets(own.blind, own.secret), HolderSecrets(own.blind, own.secret, generate_private_key())]
    for secrets in others:
        with pytest.raises(ProofInvalid):
            holder.derived(UNIVERSITY, secrets=secrets)


@every_feature
def test_what_was_tampered_is_refused(feature: Feature) -> None:
    shown = held(feature).derived(UNIVERSITY)
    checked(shown)
    parts = parts_of(shown)[1]
    count = len(parts) - 1
    changed = [
        with_part(shown, SELECTED, [*parts[SELECTED][:-1], parts[SELECTED][-1] + 1]),
        with_part(shown, SELECTED, parts[SELECTED][:-1]),
        with_part(shown, ALWAYS, parts[ALWAYS][:-1]),
        with_part(shown, BOUND, b"another nonce"),
        with_part(shown, PROOF, parts[PROOF] + bytes(31) + b"\1"),
        with_part(shown, PROOF, parts[PROOF][:-32]),
        *(with_part(shown, count, parts[count] + step) for step in (-2, -1, 1, 2)),
        *(with_part(shown, count, wrong) for wrong in (-1, 1_025, True, "9", 1 << 70)),
        with_parts(shown, [*parts, 0]),
        with_parts(shown, parts[:-1]),
        {**shown, "issuer": "did:example:other"},
        {**shown, "validUntil": "2099-01-01T00:00:00Z"},
    ]
    degree = {**shown["credentialSubject"]["degree"], "university": "Another"}
    changed.append({**shown, "credentialSubject": {**shown["credentialSubject"], "degree": degree}})
    for number, credential in enumerate(changed):
        assert credential != shown
        try:
            checked(credential)
        except ProofInvalid:
            continue
        pytest.fail(f"taken: {number}")
    with pytest.raises(ProofInvalid):
        checked(shown, key=World("bbs-2023", b"\x02" * 32).key)
    with pytest.raises(InvalidKey):
        checked(shown, key=world("ecdsa-sd-2023").key)


def test_a_proof_of_one_kind_stands_for_no_other() -> None:
    shown = {feature: held(feature).derived(UNIVERSITY) for feature in Feature}
    plain = TRIED.derived(TRIED.signed(), UNIVERSITY, nonce=NONCE)
    with pytest.raises(ProofInvalid):
        checked(plain)
    for credential in shown.values():
        with pytest.raises(ProofInvalid, match="only those check who ask"):
            TRIED.verified(credential)
    bound, nym = shown[Feature.HOLDER_BINDING], shown[Feature.PSEUDONYM]
    header, parts = parts_of(nym)
    with pytest.raises(ProofInvalid):
        checked(with_parts(nym, [*parts[:5], parts[6]], parts_of(bound)[0]))
    bare = with_parts(bound, parts_of(bound)[1][:5], bbs_2023.DERIVED_HEADER)
    with pytest.raises(ProofInvalid):
        TRIED.verified(bare)
    with pytest.raises(ProofInvalid):
        checked(with_parts(nym, parts, header[:2] + b"\x07"))


@every_feature
def test_base_proofs_are_for_holders(feature: Feature) -> None:
    with pytest.raises(ProofInvalid, match="derive first"):
        checked(held(feature).signed)
    with pytest.raises(ProofInvalid, match="only those check who ask"):
        TRIED.looked_at(held(feature).signed)


def test_a_feature_is_signed_with_its_own_commitment_only() -> None:
    covered, secret = TRIED.covered(TRIED.document), Secret32(TRIED.secret)
    made = {feature: committed(feature)[0] for feature in Feature}
    for feature, other in itertools.permutations(Feature, 2):
        with pytest.raises(ProofInvalid):
            issue(covered, secret, MANDATORY, Ordered(feature, made[other]))
    for feature in Feature:
        for commitment in (b"", made[feature][:-1], made[feature][:-1] + bytes([made[feature][-1] ^ 1])):
            with pytest.raises(ProofInvalid):
                issue(covered, secret, MANDATORY, Ordered(feature, commitment))
    with pytest.raises(DerivationInvalid):
        issue(covered, secret, ("/nowhere",), Ordered(Feature.HOLDER_BINDING, made[Feature.HOLDER_BINDING]))


def test_a_holder_may_show_what_is_mandatory_alone_but_not_nothing_at_all() -> None:
    holder = held(Feature.HOLDER_BINDING)
    assert checked(holder.derived()).feature is Feature.HOLDER_BINDING
    with pytest.raises(DerivationInvalid):
        holder.derived("/nowhere")
    with pytest.raises(DerivationInvalid):
        derive(
            TRIED.covered(without_proof(holder.signed)),
            TRIED.key,
            holder.signed["proof"],
            Wish((UNIVERSITY,), nonce=bytes(1_025)),
            holder.secrets,
        )


def test_the_issuer_may_keep_a_holders_pseudonyms() -> None:
    commitment, secrets = committed(Feature.PSEUDONYM)
    pseudonyms = set()
    entropy = generate_private_key().reveal()
    for _ in range(2):
        value = issue(
            TRIED.covered(TRIED.document),
            Secret32(TRIED.secret),
            MANDATORY,
            Ordered(Feature.PSEUDONYM, commitment, entropy),
        )
        signed = {**TRIED.document, "proof": {**TRIED.options, "proofValue": value}}
        pseudonyms.add(checked(Held(Feature.PSEUDONYM, secrets, signed).derived(GPA)).pseudonym)
    assert len(pseudonyms) == 1
