"""The hardware key store against SoftHSM, a token in software, in a folder of its own.

Each test process of the library can know one configuration only, so all tokens of this module share one folder.
Where SoftHSM is missing these tests are skipped, loudly; in CI they fail instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sealwright.adapters.kek import FixedKeks, KekRefused, KeyEncryptionKey
from sealwright.adapters.pkcs11_keys import Pkcs11KeyStore, Pkcs11Refused
from sealwright.adapters.software_keys import SoftwareKeyStore
from sealwright.domain.dids import KeyPurpose, MethodState, StoredKey
from sealwright.domain.errors import Sealed, SigningFailed, StateConflict
from sealwright.services.ports import KeyStore, NewKey
from sealwright.vc.errors import InvalidKey, UnsupportedKeyType
from sealwright.vc.keys import p256, x25519
from sealwright.vc.keys.ed25519 import Secret32, verify
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.bbs.requests import Scheme, encode_request
from sealwright.vc.proofs.signers import new_secret, public_of

NOW = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
PIN = "314159"
MODULES = [
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/local/lib/softhsm/libsofthsm2.so"),
]
# RFC 8032, section 7.1, test 1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC_KEY = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
SIGNATURE_OF_NOTHING = bytes.fromhex(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
    "d25bf5f0595bbe24655141438e7a100b"
)


def _missing() -> str | None:
    if shutil.which("softhsm2-util") is None or not any(path.is_file() for path in MODULES):
        return "SoftHSM is not installed (package softhsm2): the hardware key store was NOT tested"
    try:
        import pkcs11  # noqa: F401
    except ImportError:
        return "the pkcs11 extra is not installed: the hardware key store was NOT tested"
    return None


class Hsm:
    """A folder of tokens, and the library that reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.module = next(path for path in MODULES if path.is_file())
        (folder / "tokens").mkdir()
        self.configuration = folder / "softhsm2.conf"
        self.configuration.write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")

    def token(self, label: str) -> None:
        """Make a token."""
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "271828", "--pin", PIN],
            check=True,
            capture_output=True,
            timeout=30,
            env={**os.environ, "SOFTHSM2_CONF": str(self.configuration)},
        )

    def pin_file(self, pin: str = PIN, mode: int = 0o600) -> Path:
        """Write a PIN file."""
        path = self.folder / f"pin-{pin}-{mode:o}"
        path.write_text(f"{pin}\n")
        path.chmod(mode)
        return path

    def store(self, label: str = "office", software: SoftwareKeyStore | None = None, **changes: Any) -> Pkcs11KeyStore:
        """A key store over a token."""
        options = {"module": self.module, "pin_file": self.pin_file(), **changes}
        return Pkcs11KeyStore(token=label, software=software or software_store(), **options)


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hsm]:
    missing = _missing()
    if missing is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    before = os.environ.get("SOFTHSM2_CONF")
    made = Hsm(tmp_path_factory.mktemp("softhsm"))
    os.environ["SOFTHSM2_CONF"] = str(made.configuration)
    made.token("office")
    yield made
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def keys(hsm: Hsm) -> Iterator[Pkcs11KeyStore]:
    store = hsm.store()
    yield store
    store.close()


def software_store() -> SoftwareKeyStore:
    return SoftwareKeyStore(FixedKeks((KeyEncryptionKey(bytes(range(32))),)))


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


def generated(keys: KeyStore, key_id: str = "did:adi:issuer001#key-1") -> StoredKey:
    made = keys.generate(key_id=key_id, did="did:adi:issuer001", use=KeyPurpose.CREDENTIALS, algorithm="Ed25519")
    return stored(made, key_id)


def sign(keys: KeyStore, key: StoredKey, data: bytes = b"data") -> bytes:
    return keys.sign(key, data, use=KeyPurpose.CREDENTIALS, at=NOW)


def test_token_makes_keys_and_signs_verifiably(keys: Pkcs11KeyStore) -> None:
    first, second = generated(keys), generated(keys, "did:adi:issuer001#key-2")
    assert first.public_key != second.public_key
    assert (first.backend, first.kek_id) == ("pkcs11", "pkcs11:office")
    for key in (first, second):
        verify(key.public_key, sign(keys, key), b"data")
    assert not keys.is_sealed
    assert keys.check([first, second])


def test_private_keys_are_sensitive_and_not_extractable(keys: Pkcs11KeyStore) -> None:
    import pkcs11

    key = generated(keys)

    def look(session: Any) -> tuple[bool, bool, bool, int]:
        (private,) = session.get_objects({pkcs11.Attribute.ID: key.sealed[1:]})
        with pytest.raises(pkcs11.AttributeSensitive):
            _ = private[pkcs11.Attribute.VALUE]
        return (
            private[pkcs11.Attribute.SENSITIVE],
            private[pkcs11.Attribute.EXTRACTABLE],
            private[pkcs11.Attribute.PRIVATE],
            private.object_class,
        )

    assert keys._line.run(look, "") == (True, False, True, pkcs11.ObjectClass.PRIVATE_KEY)


def test_names_can_follow_from_the_public_key(keys: Pkcs11KeyStore) -> None:
    made, key_id, did = keys.generate_named(
        lambda public_key: (f"did:adi:{public_key.hex()}#key-1", f"did:adi:{public_key.hex()}"),
        use=KeyPurpose.CREDENTIALS,
        algorithm="Ed25519",
    )
    assert did == f"did:adi:{made.public_key.hex()}"
    verify(made.public_key, sign(keys, stored(made, key_id, did)), b"data")


def test_key_whose_naming_fails_leaves_nothing_in_the_token(keys: Pkcs11KeyStore) -> None:
    def count(session: Any) -> int:
        return sum(1 for _ in session.get_objects())

    before = keys._line.run(count, "")
    with pytest.raises(ZeroDivisionError):
        keys.generate_named(lambda _: 1 / 0, use=KeyPurpose.LOG, algorithm="Ed25519")  # type: ignore[arg-type, return-value]
    assert keys._line.run(count, "") == before


def test_imported_seed_signs_as_the_specification_shows(keys: Pkcs11KeyStore) -> None:
    made = keys.import_seed(
        SEED,
        key_id="did:adi:issuer001#key-1",
        did="did:adi:issuer001",
        use=KeyPurpose.CREDENTIALS,
        algorithm="Ed25519",
    )
    assert made.public_key == PUBLIC_KEY
    assert SEED not in made.sealed
    assert sign(keys, stored(made), b"") == SIGNATURE_OF_NOTHING


def test_bad_seeds_and_algorithms_are_refused(keys: Pkcs11KeyStore) -> None:
    with pytest.raises(InvalidKey):
        keys.import_seed(SEED[:31], key_id="k", did="d", use=KeyPurpose.LOG, algorithm="Ed25519")
    with pytest.raises(UnsupportedKeyType):
        keys.import_seed(SEED, key_id="k", did="d", use=KeyPurpose.LOG, algorithm="P-384")
    with pytest.raises(UnsupportedKeyType):
        keys.generate(key_id="k", did="d", use=KeyPurpose.LOG, algorithm="P-384")


@pytest.mark.parametrize(
    "change",
    [
        {"key_id": "did:adi:issuer001#key-9"},
        {"did": "did:adi:issuer002"},
        {"use": KeyPurpose.AUDIT},
        {"public_key": bytes(32)},
        {"sealed": b""},
        {"sealed": b"\x01" + bytes(16)},
        {"sealed": b"\x02" + bytes(16)},
    ],
    ids=["another key id", "another DID", "another purpose", "another key", "empty", "unknown id", "unknown form"],
)
def test_object_is_not_found_from_another_row(keys: Pkcs11KeyStore, change: dict[str, Any]) -> None:
    key = generated(keys)
    sign(keys, key)
    moved = replace(key, **change)
    with pytest.raises(SigningFailed):
        keys.sign(moved, b"data", use=moved.use, at=NOW)
    assert not keys.check([moved])


def test_exchanged_object_ids_sign_nothing(keys: Pkcs11KeyStore) -> None:
    first, second = generated(keys), generated(keys, "did:adi:issuer001#key-2")
    for key in (replace(first, sealed=second.sealed), replace(second, sealed=first.sealed)):
        with pytest.raises(SigningFailed):
            sign(keys, key)


def test_purpose_state_and_life_are_checked(keys: Pkcs11KeyStore) -> None:
    key = generated(keys)
    with pytest.raises(SigningFailed, match="purpose"):
        keys.sign(key, b"", use=KeyPurpose.LOG, at=NOW)
    with pytest.raises(SigningFailed, match="active"):
        sign(keys, replace(key, state=MethodState.RETIRED))
    with pytest.raises(SigningFailed, match="life"):
        sign(keys, replace(key, not_after=NOW))


def test_keys_outlive_the_session_and_the_store(hsm: Hsm) -> None:
    first = hsm.store()
    key = generated(first)
    first.close()
    again = hsm.store()
    verify(key.public_key, sign(again, key), b"data")
    verify(key.public_key, sign(first, key), b"data")  # a closed store opens again when it is asked


def test_lost_session_is_opened_again(keys: Pkcs11KeyStore) -> None:
    key = generated(keys)
    sign(keys, key)
    session = keys._line._session
    assert session is not None
    session.close()  # behind the store's back
    verify(key.public_key, sign(keys, key), b"data")
    keys._line._library.reinitialize()  # as after a reset of the device
    verify(key.public_key, sign(keys, key), b"data")


def test_two_stores_of_one_process_share_the_login(hsm: Hsm) -> None:
    first, second = hsm.store(), hsm.store()
    key = generated(first)
    verify(key.public_key, sign(second, key), b"data")
    first.close()  # logs out for both
    verify(key.public_key, sign(second, key), b"data")
    second.close()


def test_many_threads_sign_at_once(keys: Pkcs11KeyStore) -> None:
    made = [generated(keys, f"did:adi:issuer001#key-{number}") for number in range(4)]
    faults: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(25):
                key = made[(number + turn) % 4]
                data = f"{number} {turn}".encode()
                verify(key.public_key, sign(keys, key, data), data)
        except BaseException as error:  # noqa: BLE001
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert faults == []


def test_small_secrets_and_software_keys_stay_with_the_software_store(hsm: Hsm) -> None:
    software = software_store()
    before = generated(software)
    keys = hsm.store(software=software)
    verify(before.public_key, sign(keys, before), b"data")
    sealed = keys.seal_bytes(b"secret", label="l")
    assert software.open_bytes(sealed, label="l") == b"secret"
    assert keys.open_bytes(sealed, label="l") == b"secret"
    inside = generated(keys)
    assert keys.rewrap(inside) is inside
    assert keys.rewrap(before).sealed != before.sealed
    assert keys.check([before, inside])
    assert not keys.check([replace(before, did="did:adi:other"), inside])


def test_keys_that_agree_are_kept_beside_the_token(keys: Pkcs11KeyStore) -> None:
    did, key_id = "did:adi:issuer001", "did:adi:issuer001#agreement-1"
    made = keys.generate(key_id=key_id, did=did, use=KeyPurpose.KEY_AGREEMENT, algorithm="X25519")
    key = replace(stored(made, key_id), use=KeyPurpose.KEY_AGREEMENT, algorithm="X25519")
    other = Secret32(bytes([9]) * 32)
    assert made.backend == "software"
    assert keys.agree(key, x25519.public_from_private(other)) == x25519.agree(other, key.public_key)
    with pytest.raises(SigningFailed):
        keys.agree(generated(keys), x25519.public_from_private(other))


def test_p256_keys_are_kept_in_the_token(keys: Pkcs11KeyStore) -> None:
    did, key_id = "did:adi:issuer001", "did:adi:issuer001#key-2"
    made = keys.generate(key_id=key_id, did=did, use=KeyPurpose.CREDENTIALS, algorithm="P-256")
    secret = new_secret("P-256")
    taken = keys.import_seed(secret.reveal(), key_id=key_id, did=did, use=KeyPurpose.CREDENTIALS, algorithm="P-256")
    assert taken.public_key == public_of("P-256", secret)
    for new in (made, taken):
        assert new.backend == "pkcs11"
        key = replace(stored(new, key_id), algorithm="P-256")
        public = PublicKey("P-256", key.public_key)
        # Of 200 signatures a few have a part that begins with zeros.
        for number in range(200):
            data = str(number).encode()
            p256.verify(public, sign(keys, key, data), data, "SHA-256")
        assert keys.check([key])
        with pytest.raises(SigningFailed):
            sign(keys, replace(key, algorithm="Ed25519"))
        with pytest.raises(StateConflict):
            keys.export_seed(key)


def test_bls_keys_are_kept_beside_the_token(keys: Pkcs11KeyStore) -> None:
    did, key_id, use = "did:adi:issuer001", "did:adi:issuer001#key-2", KeyPurpose.CREDENTIALS
    data = encode_request(Scheme.LEGACY_2020, b"", [b"one", b"two"])
    secret = new_secret("BLS12-381-G2")
    made = [
        keys.generate(key_id=key_id, did=did, use=use, algorithm="BLS12-381-G2"),
        keys.generate_named(lambda _: (key_id, did), use=use, algorithm="BLS12-381-G2")[0],
        keys.import_seed(secret.reveal(), key_id=key_id, did=did, use=use, algorithm="BLS12-381-G2"),
    ]
    for new in made:
        assert new.backend == "software"
        key = replace(stored(new, key_id), algorithm="BLS12-381-G2")
        assert len(sign(keys, key, data)) == 112
        assert keys.rewrap(key).sealed != key.sealed
    assert keys.export_seed(key) == secret


def test_retired_key_that_left_the_token_does_not_seal_the_office(keys: Pkcs11KeyStore) -> None:
    gone = replace(generated(keys), sealed=b"\x01" + bytes(16))
    assert not keys.check([gone])
    assert keys.check([replace(gone, state=MethodState.RETIRED)])


def test_store_without_kek_is_sealed(hsm: Hsm) -> None:
    keys = hsm.store(software=SoftwareKeyStore(FixedKeks(())))
    assert keys.is_sealed
    with pytest.raises(Sealed):
        keys.seal_bytes(b"x", label="l")


def test_absent_token_seals_until_it_comes(hsm: Hsm, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = hsm.store("late")
    assert keys.is_sealed
    assert not keys.check([])
    with pytest.raises(Sealed):
        generated(keys)
    hsm.token("late")
    monkeypatch.setattr("sealwright.adapters.pkcs11_keys._RETRY_SECONDS", 0.0)
    assert not keys.is_sealed
    key = generated(keys)
    verify(key.public_key, sign(keys, key), b"data")


def test_wrong_pin_is_tried_once_only(hsm: Hsm) -> None:
    hsm.token("guarded")
    keys = hsm.store("guarded", pin_file=hsm.pin_file("999999"))
    opened: list[str] = []
    log_in = keys._line._log_in

    def counted() -> Any:
        opened.append("x")
        return log_in()

    keys._line._log_in = counted  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(Sealed):
            generated(keys)
    assert keys.is_sealed
    assert len(opened) <= 2  # the first may only have found that the token is new
    right = hsm.store("guarded")
    generated(right)  # the token was not locked
    right.close()


def test_bad_files_are_refused_at_once(hsm: Hsm, tmp_path: Path) -> None:
    for changes in (
        {"pin_file": hsm.pin_file(mode=0o644)},
        {"pin_file": hsm.pin_file("")},
        {"pin_file": tmp_path / "missing"},
        {"module": tmp_path / "missing.so"},
        {"module": hsm.pin_file()},
    ):
        with pytest.raises(Pkcs11Refused) as caught:
            hsm.store(**changes)
        assert isinstance(caught.value, KekRefused)
        assert PIN not in str(caught.value)


CHILD = """
import os, sys
sys.path[:0] = {path!r}
from tests.adapters.test_pkcs11_softhsm import *
made = Hsm.__new__(Hsm)
made.folder, made.module = Path({folder!r}), Path({module!r})
keys = made.store()
key = generated(keys)
child = os.fork()
if child == 0:
    try:
        verify(key.public_key, sign(keys, key), b"data")
    except BaseException:
        os._exit(1)
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
verify(key.public_key, sign(keys, key), b"data")
"""


def test_forked_process_opens_the_token_for_itself(hsm: Hsm) -> None:
    code = CHILD.format(path=sys.path, folder=str(hsm.folder), module=str(hsm.module))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
