"""The software key store: sealed keys open only as the row they belong to, and sign only what they may."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sealwright.adapters import software_keys
from sealwright.adapters.kek import FixedKeks, KekFile, KeyEncryptionKey, make_kek_file
from sealwright.adapters.software_keys import KEPT_KINDS, SoftwareKeyStore
from sealwright.domain.dids import KeyPurpose, MethodState, StoredKey
from sealwright.domain.errors import Sealed, SigningFailed
from sealwright.services.ports import KeyStore, NewKey
from sealwright.vc.errors import InvalidKey, UnsupportedKeyType
from sealwright.vc.keys import x25519
from sealwright.vc.keys.ed25519 import Secret32, derive_x25519, verify
from sealwright.vc.keys.multikey import KeyKind, PublicKey
from sealwright.vc.proofs.bbs.requests import Scheme, encode_request
from sealwright.vc.proofs.signers import SIGNING_KINDS, new_secret, public_of, signer_for

NOW = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
KEK = KeyEncryptionKey(bytes(range(32)))
OTHER_KEK = KeyEncryptionKey(bytes(range(1, 33)))
# RFC 8032, section 7.1, test 1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC_KEY = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
SIGNATURE_OF_NOTHING = bytes.fromhex(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
    "d25bf5f0595bbe24655141438e7a100b"
)


def store(*keks: KeyEncryptionKey) -> SoftwareKeyStore:
    return SoftwareKeyStore(FixedKeks(keks or (KEK,)))


def stored(made: NewKey, key_id: str = "did:adi:issuer001#key-1", did: str = "did:adi:issuer001") -> StoredKey:
    return StoredKey(
        key_id=key_id,
        did=did,
        use=KeyPurpose.CREDENTIALS,
        algorithm="Ed25519",
        public_key=made.public_key,
        backend=made.backend,
        sealed=made.sealed,
        kek_id=made.kek_id,
        state=MethodState.ACTIVE,
        created_at=NOW,
        not_after=NOW + timedelta(days=365),
    )


def generated(keys: SoftwareKeyStore, key_id: str = "did:adi:issuer001#key-1") -> StoredKey:
    made = keys.generate(key_id=key_id, did="did:adi:issuer001", use=KeyPurpose.CREDENTIALS, algorithm="Ed25519")
    return stored(made, key_id)


def imported(keys: SoftwareKeyStore) -> StoredKey:
    made = keys.import_seed(
        SEED,
        key_id="did:adi:issuer001#key-1",
        did="did:adi:issuer001",
        use=KeyPurpose.CREDENTIALS,
        algorithm="Ed25519",
    )
    return stored(made)


def sign(keys: SoftwareKeyStore, key: StoredKey, data: bytes = b"") -> bytes:
    return keys.sign(key, data, use=KeyPurpose.CREDENTIALS, at=NOW)


def test_store_fulfils_the_port() -> None:
    keys: KeyStore = store()
    assert not keys.is_sealed


def test_imported_seed_signs_as_the_specification_shows() -> None:
    keys = store()
    key = imported(keys)
    assert key.public_key == PUBLIC_KEY
    assert sign(keys, key) == SIGNATURE_OF_NOTHING


def test_generated_keys_differ_and_sign_verifiably() -> None:
    keys = store()
    first, second = generated(keys), generated(keys, "did:adi:issuer001#key-2")
    assert first.public_key != second.public_key
    verify(first.public_key, sign(keys, first, b"data"), b"data")


def test_a_signer_for_many_signs_as_one_by_one_and_is_judged_as_well() -> None:
    keys = store()
    key = generated(keys)
    signer = keys.signer(key, use=KeyPurpose.CREDENTIALS, at=NOW)
    assert [signer(data) for data in (b"", b"data")] == [sign(keys, key), sign(keys, key, b"data")]
    for refused in (replace(key, state=MethodState.RETIRED), replace(key, not_after=NOW)):
        with pytest.raises(SigningFailed):
            keys.signer(refused, use=KeyPurpose.CREDENTIALS, at=NOW)
    with pytest.raises(SigningFailed):
        keys.signer(key, use=KeyPurpose.STATUS_LISTS, at=NOW)


def test_sealed_bytes_show_neither_seed_nor_repeat() -> None:
    keys = store()
    first, second = imported(keys), imported(keys)
    assert SEED not in first.sealed
    assert first.sealed != second.sealed  # a fresh nonce each time


@pytest.mark.parametrize(
    "change",
    [
        {"key_id": "did:adi:issuer001#key-2"},
        {"did": "did:adi:issuer002"},
        {"use": KeyPurpose.AUDIT},
        {"public_key": bytes(32)},
    ],
    ids=["another key id", "another DID", "another purpose", "another public key"],
)
def test_ciphertext_does_not_open_in_another_row(change: dict[str, object]) -> None:
    keys = store()
    key = imported(keys)
    sign(keys, key)  # even with the opened key in memory
    moved = replace(key, **change)  # type: ignore[arg-type]
    with pytest.raises(SigningFailed):
        keys.sign(moved, b"", use=moved.use, at=NOW)
    assert keys.check([key])
    assert not keys.check([key, moved])


def test_exchanged_ciphertexts_do_not_open() -> None:
    keys = store()
    first, second = generated(keys), generated(keys, "did:adi:issuer001#key-2")
    swapped = (replace(first, sealed=second.sealed), replace(second, sealed=first.sealed))
    for key in swapped:
        with pytest.raises(SigningFailed):
            sign(keys, key)


@pytest.mark.parametrize("position", [0, 1, 13, -1], ids=["form", "nonce", "ciphertext", "tag"])
def test_changed_ciphertext_does_not_open(position: int) -> None:
    keys = store()
    key = generated(keys)
    changed = bytearray(key.sealed)
    changed[position] ^= 1
    with pytest.raises(SigningFailed):
        sign(keys, replace(key, sealed=bytes(changed)))


@pytest.mark.parametrize("length", [0, 1, 12, 20])
def test_truncated_ciphertext_does_not_open(length: int) -> None:
    keys = store()
    key = generated(keys)
    with pytest.raises(SigningFailed):
        sign(keys, replace(key, sealed=key.sealed[:length]))


def test_sign_refuses_another_purpose() -> None:
    keys = store()
    with pytest.raises(SigningFailed, match="purpose"):
        keys.sign(generated(keys), b"", use=KeyPurpose.STATUS_LISTS, at=NOW)


@pytest.mark.parametrize("state", [MethodState.RETIRED, MethodState.COMPROMISED])
def test_sign_refuses_a_key_that_is_not_active(state: MethodState) -> None:
    keys = store()
    with pytest.raises(SigningFailed, match="active"):
        sign(keys, replace(generated(keys), state=state))


def test_sign_refuses_at_the_end_of_life_and_not_a_second_before() -> None:
    keys = store()
    key = replace(generated(keys), not_after=NOW)
    with pytest.raises(SigningFailed, match="life"):
        sign(keys, key)
    keys.sign(key, b"", use=KeyPurpose.CREDENTIALS, at=NOW - timedelta(seconds=1))


def test_sign_refuses_a_key_of_another_store() -> None:
    keys = store()
    with pytest.raises(SigningFailed, match="another key store"):
        sign(keys, replace(generated(keys), backend="pkcs11"))


def test_store_without_kek_is_sealed() -> None:
    key = generated(store())
    keys = SoftwareKeyStore(FixedKeks(()))
    assert keys.is_sealed
    for act in (
        lambda: generated(keys),
        lambda: imported(keys),
        lambda: sign(keys, key),
        lambda: keys.rewrap(key),
        lambda: keys.seal_bytes(b"x", label="l"),
    ):
        with pytest.raises(Sealed):
            act()
    assert not keys.check([])


def test_store_with_an_unfitting_kek_is_sealed() -> None:
    key = generated(store())
    keys = store(OTHER_KEK)
    with pytest.raises(Sealed):
        sign(keys, key)
    assert not keys.check([key])
    assert keys.is_sealed
    with pytest.raises(Sealed):  # nothing is made under a stranger's key-encryption key
        generated(keys)


def test_check_passes_over_other_backends() -> None:
    keys = store()
    assert keys.check([replace(generated(keys), backend="pkcs11", sealed=b"label")])


def test_import_refuses_a_seed_of_another_length() -> None:
    with pytest.raises(InvalidKey):
        store().import_seed(SEED[:31], key_id="k", did="d", use=KeyPurpose.LOG, algorithm="Ed25519")


def test_store_refuses_another_algorithm() -> None:
    with pytest.raises(UnsupportedKeyType):
        store().generate(key_id="k", did="d", use=KeyPurpose.LOG, algorithm="P-384")


def test_rewrap_seals_under_the_present_kek_and_keeps_signatures() -> None:
    old = store(KEK)
    key = imported(old)
    rotated = store(OTHER_KEK, KEK).rewrap(key)
    assert rotated.kek_id == OTHER_KEK.kek_id
    assert rotated.sealed != key.sealed
    assert sign(store(OTHER_KEK), rotated) == SIGNATURE_OF_NOTHING
    with pytest.raises(Sealed):
        sign(old, rotated)


def test_rotation_in_the_file_reaches_a_running_store(tmp_path: Path) -> None:
    running = SoftwareKeyStore(make_kek_file(tmp_path / "kek"))
    key = imported(running)
    operator_file = KekFile(tmp_path / "kek")
    operator = SoftwareKeyStore(operator_file)
    operator_file.begin_rotation()
    rotated = operator.rewrap(key)
    assert sign(running, key) == SIGNATURE_OF_NOTHING
    assert sign(running, rotated) == SIGNATURE_OF_NOTHING
    operator_file.end_rotation(keep=0)
    assert sign(running, rotated) == SIGNATURE_OF_NOTHING
    with pytest.raises(Sealed):
        sign(SoftwareKeyStore(KekFile(tmp_path / "kek")), key)


def test_bytes_open_only_under_their_label() -> None:
    keys = store()
    sealed = keys.seal_bytes(b"swk_secret", label="idempotency:k1")
    assert b"swk_secret" not in sealed
    assert keys.open_bytes(sealed, label="idempotency:k1") == b"swk_secret"
    assert store(OTHER_KEK, KEK).open_bytes(sealed, label="idempotency:k1") == b"swk_secret"
    for attempt in (
        lambda: keys.open_bytes(sealed, label="idempotency:k2"),
        lambda: keys.open_bytes(sealed[:-1], label="idempotency:k1"),
        lambda: keys.open_bytes(b"", label="idempotency:k1"),
        lambda: keys.open_bytes(b"\x01\x03\xff\xff\xff", label="idempotency:k1"),
        lambda: store(OTHER_KEK).open_bytes(sealed, label="idempotency:k1"),
    ):
        with pytest.raises(Sealed):
            attempt()


def test_sealed_key_does_not_open_as_bytes() -> None:
    keys = store()
    key = generated(keys)
    prefix = b"\x01" + bytes([len(key.kek_id)]) + key.kek_id.encode()
    with pytest.raises(Sealed):
        keys.open_bytes(prefix + key.sealed[1:], label="")


def test_opened_keys_in_memory_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software_keys, "_MOST_SIGNERS", 4)
    keys = store()
    made = [generated(keys, f"did:adi:issuer001#key-{number}") for number in range(8)]
    for key in made:
        sign(keys, key)
    assert len(keys._signers) == 4
    verify(made[0].public_key, sign(keys, made[0]), b"")


def test_kek_neither_prints_nor_pickles() -> None:
    shown = repr(KEK)
    assert KEK.to_line() not in shown
    assert bytes(range(32)).hex() not in shown
    with pytest.raises(TypeError):
        pickle.dumps(KEK)


def agreeing(keys: SoftwareKeyStore) -> StoredKey:
    did, key_id = "did:adi:issuer001", "did:adi:issuer001#agree-1"
    made = keys.generate(key_id=key_id, did=did, use=KeyPurpose.KEY_AGREEMENT, algorithm="X25519")
    return replace(stored(made, key_id), use=KeyPurpose.KEY_AGREEMENT, algorithm="X25519")


def test_key_agreement_keys_have_in_common_what_the_other_side_computes() -> None:
    keys, other = store(), Secret32(bytes([9]) * 32)
    key = agreeing(keys)
    assert keys.agree(key, x25519.public_from_private(other)) == x25519.agree(other, key.public_key)
    assert keys.agree(keys.rewrap(key), x25519.public_from_private(other)) == x25519.agree(other, key.public_key)


def test_only_the_method_did_key_derives_agreement_from_a_signing_key() -> None:
    keys, other = store(), Secret32(bytes([9]) * 32)
    multikey = PublicKey("Ed25519", PUBLIC_KEY).multikey
    did, key_id = f"did:key:{multikey}", f"did:key:{multikey}#{multikey}"
    made = keys.import_seed(SEED, key_id=key_id, did=did, use=KeyPurpose.CREDENTIALS, algorithm="Ed25519")
    expected = x25519.agree(other, derive_x25519(PUBLIC_KEY))
    assert keys.agree(stored(made, key_id, did), x25519.public_from_private(other)) == expected
    with pytest.raises(SigningFailed):
        keys.agree(imported(keys), x25519.public_from_private(other))


def test_agreement_is_refused_to_ended_keys_and_weak_ones() -> None:
    keys, other = store(), x25519.public_from_private(Secret32(bytes([9]) * 32))
    key = agreeing(keys)
    for ended in (MethodState.RETIRED, MethodState.COMPROMISED):
        with pytest.raises(SigningFailed):
            keys.agree(replace(key, state=ended), other)
    with pytest.raises(SigningFailed):
        keys.agree(key, bytes(32))
    with pytest.raises(SigningFailed):
        keys.agree(replace(key, use=KeyPurpose.CREDENTIALS), other)
    with pytest.raises(Sealed):
        store(OTHER_KEK).agree(key, other)


def test_a_key_that_agrees_never_signs() -> None:
    keys = store()
    with pytest.raises(SigningFailed):
        keys.sign(agreeing(keys), b"data", use=KeyPurpose.KEY_AGREEMENT, at=NOW)


def made_of(keys: SoftwareKeyStore, kind: KeyKind) -> StoredKey:
    """A new key of a kind, as its row."""
    use = KeyPurpose.KEY_AGREEMENT if kind == "X25519" else KeyPurpose.CREDENTIALS
    made = keys.generate(key_id="did:adi:issuer001#key-1", did="did:adi:issuer001", use=use, algorithm=kind)
    return replace(stored(made), use=use, algorithm=kind)


def data_for(kind: KeyKind) -> bytes:
    return encode_request(Scheme.IETF_SHA_256, b"header", [b"one", b"two"]) if kind == "BLS12-381-G2" else b"data"


@pytest.mark.parametrize("kind", SIGNING_KINDS)
def test_keys_of_every_kind_sign_as_their_secret_does(kind: KeyKind) -> None:
    keys, secret = store(), new_secret(kind)
    made = keys.import_seed(
        secret.reveal(),
        key_id="did:adi:issuer001#key-1",
        did="did:adi:issuer001",
        use=KeyPurpose.CREDENTIALS,
        algorithm=kind,
    )
    key = replace(stored(made), algorithm=kind)
    assert made.public_key == public_of(kind, secret)
    assert sign(keys, key, data_for(kind)) == signer_for(kind, secret).sign(data_for(kind))
    assert keys.export_seed(key) == secret


@pytest.mark.parametrize("kind", KEPT_KINDS)
def test_keys_of_every_kind_are_named_sealed_checked_and_sealed_anew(kind: KeyKind) -> None:
    old, both = store(KEK), store(OTHER_KEK, KEK)
    key = made_of(old, kind)
    seed = old.export_seed(key).reveal()
    assert seed not in key.sealed
    assert old.check([key])
    rotated = both.rewrap(key)
    assert rotated.kek_id == OTHER_KEK.kek_id
    assert store(OTHER_KEK).export_seed(rotated).reveal() == seed
    assert store(OTHER_KEK).check([rotated])
    assert not store(OTHER_KEK).check([key])
    # The row of another kind is another row, even where its secret would do.
    for other in KEPT_KINDS:
        if other != kind:
            assert not store(KEK).check([replace(key, algorithm=other)])
    named, key_id, did = old.generate_named(
        lambda public: (public.hex(), f"did:adi:{public.hex()[:8]}"), use=key.use, algorithm=kind
    )
    assert (key_id, did) == (named.public_key.hex(), f"did:adi:{named.public_key.hex()[:8]}")
    assert PublicKey(kind, named.public_key).raw == named.public_key


def test_a_bls_key_signs_no_data_but_requests() -> None:
    keys = store()
    key = made_of(keys, "BLS12-381-G2")
    for data in (b"", b"plain data", encode_request(Scheme.LEGACY_2020, b"", [b"one"]) + b"\0"):
        with pytest.raises(SigningFailed, match="form"):
            sign(keys, key, data)


@pytest.mark.parametrize("kind", ["P-256", "BLS12-381-G2"])
def test_import_refuses_bytes_that_are_no_scalar(kind: KeyKind) -> None:
    for seed in (bytes(32), b"\xff" * 32, bytes(31)):
        with pytest.raises(InvalidKey):
            store().import_seed(seed, key_id="k", did="d", use=KeyPurpose.CREDENTIALS, algorithm=kind)
