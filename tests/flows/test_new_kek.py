"""A new key-encryption key: what deliveries need opens under it, and under it alone."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Final

from sealwright.adapters.software_keys import KEPT_KINDS
from sealwright.domain.didcomm import SEALED_MESSAGE, DidcommMessage, DidcommThread, Direction, ThreadState
from sealwright.domain.dids import DIDKind
from sealwright.domain.ids import new_id
from sealwright.services.dids import NewDID
from sealwright.services.key_rotation import rewrap_all
from sealwright.services.office import Office
from tests.support.office import furnish, issue, open_office, the_operator

OLD: Final = base64.b64encode(os.urandom(32)).decode("ascii")
NEW: Final = base64.b64encode(os.urandom(32)).decode("ascii")


def token_of(office: Office) -> str:
    with office.units() as uow:
        office.secrets.ready(uow)
        uow.commit()
    return office.secrets.token("token", "off_one")


def wait_to_be_sent(office: Office) -> str:
    now = office.clock.now()
    thread = DidcommThread(new_id("thr"), "did:adi:a", "did:key:z6Mk", ThreadState.MESSAGE, now, now)
    sealed = office.keys.seal_bytes(b"a message", label=SEALED_MESSAGE)
    message = DidcommMessage(new_id("msg"), thread.thread_id, "a/type", Direction.OUTBOUND, now, sealed)
    with office.units() as uow:
        uow.didcomm.add_thread(thread)
        uow.didcomm.add_message(message)
        uow.commit()
    return message.message_id


def test_keys_of_every_kind_sign_under_a_new_key(database_url: str, tmp_path: Path) -> None:
    keys, home = tmp_path / "keks", tmp_path / "home"
    proof_types = ("Ed25519Signature2020", "bbs-2023", "BbsBlsSignature2020", "ecdsa-rdfc-2019", "ecdsa-sd-2023")

    def hold(*keks: str) -> None:
        keys.write_text("\n".join(keks) + "\n")
        keys.chmod(0o600)

    hold(OLD)
    with open_office(database_url, home, SEALWRIGHT_KEK_FILE=str(keys)) as office:
        furnish(office)
        wish = NewDID(kind=DIDKind.ORGANIZATION, proof_types=proof_types)
        record = office.acts.run(
            the_operator(office), lambda uow, me: office.dids.create(uow, me, wish), changes_registry=True
        )
    hold(NEW, OLD)
    with open_office(database_url, home, SEALWRIGHT_KEK_FILE=str(keys)) as office:
        sealed_anew = rewrap_all(office, the_operator(office))
        with office.units(write=False) as uow:
            stored = {key.key_id: key for key in uow.keys.list()}
        # One secret of a BLS key, though its DID lists it twice.
        assert set(sealed_anew) == set(stored)
        assert {key.algorithm for key in stored.values()} == set(KEPT_KINDS)
        assert sum(key.algorithm == "BLS12-381-G2" for key in stored.values()) == 1
    hold(NEW)
    with open_office(database_url, home, SEALWRIGHT_KEK_FILE=str(keys)) as office:
        for proof_type in proof_types:
            made = issue(office, issuer_did=record.did, proof_type=proof_type).record
            assert made.document is not None
        assert [problem.detail for problem in office.store_check.run(the_operator(office))] == []
    hold(OLD)
    with open_office(database_url, home, SEALWRIGHT_KEK_FILE=str(keys)) as office:
        assert office.keys.is_sealed


def test_secrets_of_delivery_stay_under_a_new_key(database_url: str, tmp_path: Path) -> None:
    keys = tmp_path / "keks"
    home = tmp_path / "home"

    def hold(*keks: str) -> None:
        keys.write_text("\n".join(keks) + "\n")
        keys.chmod(0o600)

    hold(OLD)
    with open_office(database_url, home, SEALWRIGHT_KEK_FILE=str(keys)) as office:
        before, message_id = token_of(office), wait_to_be_sent(office)
    hold(NEW, OLD)
    with open_office(database_url, home, SEALWRIGHT_KEK_FILE=str(keys)) as office:
        rewrap_all(office, the_operator(office))
    hold(NEW)
    with open_office(database_url, home, SEALWRIGHT_KEK_FILE=str(keys)) as office:
        assert token_of(office) == before
        with office.units(write=False) as uow:
            message = uow.didcomm.message(message_id)
        assert message is not None
        assert message.sealed is not None
        assert office.keys.open_bytes(message.sealed, label=SEALED_MESSAGE) == b"a message"
