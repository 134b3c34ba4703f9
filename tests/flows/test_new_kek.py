"""A new key-encryption key: what deliveries need opens under it, and under it alone."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Final

from sealwright.domain.didcomm import SEALED_MESSAGE, DidcommMessage, DidcommThread, Direction, ThreadState
from sealwright.domain.ids import new_id
from sealwright.services.key_rotation import rewrap_all
from sealwright.services.office import Office
from tests.support.office import open_office, the_operator

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
