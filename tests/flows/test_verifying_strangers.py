"""Credentials of strangers, whose every word may be hostile, are judged beside this office's own records."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.services.office import Office
from sealwright.services.registry import REMEMBERED_NAME_MOST
from sealwright.services.verify_desk import Verdict
from sealwright.services.verify_reading import Brought
from tests.support.office import MovableClock
from tests.support.wallet import WalletKey


@pytest.mark.parametrize("name", ["\x00", "urn:uuid:\x00", "\U0010ffff" * 5000])
def test_a_strangers_id_asks_for_nothing_that_no_database_keeps(office: Office, clock: MovableClock, name: str) -> None:
    key, now = WalletKey(), int(clock.now().timestamp())
    claims: dict[str, Any] = {"iss": key.did, "jti": name, "iat": now, "a": 1}
    list_of_none = {"status_list": {"idx": 1, "uri": "https://elsewhere.example/list"}}
    token = {"vct": "https://elsewhere.example/type", "status": list_of_none}
    types = (f"{office.public_url}/vct/dpw_certified", f"{office.public_url}/vct/{name}", name)
    for one in ({**claims, **token}, *({**claims, "vct": vct, "sub": name} for vct in types)):
        text = key.sign({"typ": "dc+sd-jwt", "kid": key.kid}, one) + "~"
        found = office.verify_desk.check(Brought(text, text))
        assert found.verdict is not Verdict.VALID
        assert found.credentials[0].is_proven
        assert found.credentials[0].ending is None


def test_what_strangers_call_things_does_not_fill_the_memory(office: Office) -> None:
    view = office.registry.current()
    before = len(view._known)
    for length in (REMEMBERED_NAME_MOST, REMEMBERED_NAME_MOST + 1):
        name = "x" * length
        assert (view.did(name), view.schema(name), view.schema_called(name), view.type_by_schema(name)) == (None,) * 4
    assert len(view._known) == before + 4
