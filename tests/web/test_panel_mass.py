"""Mass acts by plain form posts: an issuer is chosen, the number is seen and typed, and a batch does the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from sealwright.domain.batches import BatchStatus
from sealwright.web.panel import admin_mass
from tests.support.office import ISSUER
from tests.web.desk import Desk
from tests.web.page_client import text_of
from tests.web.panel_desk import panel_desk, visit

MASS = "/admin/desk/mass"
KEY = f"{ISSUER}#key-1"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with panel_desk(tmp_path_factory.mktemp("office")) as one:
        yield one


def preview(**query: str) -> str:
    return f"{MASS}/preview?{urlencode({'did': ISSUER, **query})}"


def run(desk: Desk, where: str) -> tuple[str, int]:
    """Carry out the batch that a post went on to; its state, and how many rows came of it."""
    batch = desk.served.office.bulk.engine.run_batch(where.rpartition("/")[2])
    return batch.status.value, batch.issued


def test_the_issuer_is_chosen_then_the_credentials_then_the_act(desk: Desk) -> None:
    one = desk.served.issue()
    admin = visit(desk, "admin")
    page = admin.get(MASS)
    assert f'value="{ISSUER}"' in page.body.decode()
    chosen = admin.get(f"{MASS}?did={ISSUER}")
    assert f"{KEY} (in use)" in text_of(chosen)
    assert "No such DID is kept here." in text_of(admin.get(f"{MASS}?did=did:adi:nobody"))

    shown = text_of(admin.get(preview(key=KEY, act="revoke")))
    assert "Revokes 1 credential, for ever." in shown
    assert one["credentialId"] in shown
    nothing = text_of(admin.get(preview(**{"from": "2031-01-01"})))
    assert "Nothing is found that this would change." in nothing

    sent = {"did": ISSUER, "key": KEY, "act": "revoke", "seen": "1", "reason": "Copied.", "code": "key_compromise"}
    assert "Please fill this in." in text_of(admin.post(MASS, {**sent, "reason": ""}))
    answer = admin.post(MASS, sent)
    assert answer.status == 303
    assert run(desk, answer.headers["location"]) == (BatchStatus.DONE.value, 1)
    status = desk.served.client.call("GET", f"/api/v1/credentials/{one['credentialId']}/status").json()
    assert (status["status"], status["reasonCode"]) == ("revoked", "key_compromise")


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("from", "next week", "Issued on or after"),
        ("from", "9999-12-31", "Issued on or after"),
        ("to", "0001-01-01", "Issued on or before"),
        ("act", "burn", "What happens to them"),
        ("batch", "bat_mistyped", "There is no such batch."),
    ],
)
def test_a_choice_that_cannot_be_read_is_told_and_takes_in_nothing(
    desk: Desk, field: str, text: str, said: str
) -> None:
    desk.served.issue()
    answer = visit(desk, "admin").get(preview(**{field: text}))
    shown = text_of(answer)
    assert (answer.status, "for ever." in shown) == (422, False)
    assert said in shown
    assert 'aria-invalid="true"' in answer.body.decode()


def test_many_are_typed_and_a_number_that_changed_is_looked_at_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_mass, "TYPED_ABOVE", 1)
    for _ in range(2):
        desk.served.issue()
    admin = visit(desk, "admin")
    page = admin.get(preview()).body.decode()
    found = re.search(r'name="seen" value="(\d+)"', page)
    assert found is not None
    sent = {"did": ISSUER, "act": "revoke", "seen": found[1], "reason": "Copied.", "code": "unspecified"}

    untyped = admin.post(MASS, sent)
    assert (untyped.status, f"Type the number {found[1]} to go on." in text_of(untyped)) == (422, True)
    desk.served.issue()
    changed = admin.post(MASS, {**sent, "count": found[1]})
    assert (changed.status, "meanwhile" in text_of(changed), "Copied." in changed.body.decode()) == (422, True, True)

    now = str(int(found[1]) + 1)
    answer = admin.post(MASS, {**sent, "seen": now, "count": now})
    assert answer.status == 303
    assert run(desk, answer.headers["location"]) == (BatchStatus.DONE.value, int(now))


def test_credentials_are_issued_anew(desk: Desk) -> None:
    one = desk.served.issue()
    admin = visit(desk, "admin")
    assert "Issues 1 credential anew" in text_of(admin.get(preview(act="reissue")))
    sent = {"did": ISSUER, "act": "reissue", "seen": "1", "reason": "New key.", "code": "superseded"}
    answer = admin.post(MASS, sent)
    assert answer.status == 303
    assert run(desk, answer.headers["location"]) == (BatchStatus.ANCHORED.value, 1)
    desk.served.office.bulk.mass.gathering.work()
    while desk.served.office.bulk.engine.work_once():
        pass
    status = desk.served.client.call("GET", f"/api/v1/credentials/{one['credentialId']}/status").json()
    assert (status["status"], status["reasonCode"]) == ("revoked", "superseded")


def test_mass_acts_are_for_admins_who_signed_in_just_now(desk: Desk) -> None:
    assert visit(desk, "issuer").get(MASS).status == 403
    admin = visit(desk, "admin")
    clock = desk.served.office.clock
    clock.move(minutes=11)  # type: ignore[attr-defined]
    sent = {"did": ISSUER, "act": "revoke", "seen": "1", "reason": "Copied.", "code": "unspecified"}
    for answer in (admin.get(preview()), admin.post(MASS, sent)):
        assert answer.status in (303, 403), answer.status
        assert answer.status == 403 or "/login" in answer.headers["location"]
    clock.time -= timedelta(minutes=11)  # type: ignore[attr-defined]
