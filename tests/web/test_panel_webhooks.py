"""Webhook endpoints at the admin desk, by plain form posts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.office import the_operator
from tests.support.receivers import HOOK, Letterbox
from tests.web.desk import Desk
from tests.web.page_client import text_of
from tests.web.panel_desk import panel_desk, visit

LIST = "/admin/desk/webhooks"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with panel_desk(tmp_path_factory.mktemp("office")) as one:
        yield one


@pytest.fixture(scope="module")
def letterbox(desk: Desk) -> Letterbox:
    return Letterbox(closed=frozenset({"https://10.0.0.1/"})).stand_in(desk.served.office)


def test_endpoint_from_its_making_to_its_end(desk: Desk, letterbox: Letterbox) -> None:
    admin, office = visit(desk, "admin"), desk.served.office
    assert "No other system hears of what happens here." in text_of(admin.get(LIST))
    form = admin.get(f"{LIST}/new")
    assert "Credential revoked" in text_of(form)

    nothing = admin.post(LIST, {"url": HOOK})
    assert (nothing.status, "Choose every event, or some." in text_of(nothing)) == (422, True)
    closed = admin.post(LIST, {"url": "https://10.0.0.1/", "all": "1"})
    assert (closed.status, "Not there." in text_of(closed)) == (422, True)
    assert 'href="#f-url"' in closed.body.decode()
    assert admin.post(LIST, {"url": HOOK, "events": ["webhook.created"]}).status == 422

    made = admin.post(LIST, {"url": HOOK, "events": ["user.created"], "description": "the <b>ledger</b>"})
    assert made.status == 200
    assert re.search(r"whsec_[A-Za-z0-9+/=]{44}", made.body.decode())
    one = office.webhooks.list(the_operator(office)).items[0]
    path = f"{LIST}/{one.webhook_id}"
    shown = admin.get(path)
    assert "whsec_" not in shown.body.decode()
    assert "Nothing was sent in the last seven days." in text_of(shown)
    assert "<b>ledger" not in shown.body.decode()
    assert HOOK in text_of(admin.get(LIST))

    # Sent, failed, tried again, given up, sent again: each is told in words.
    letterbox.answers = [500]
    assert admin.post(f"{path}/test").status == 303
    office.dispatching.work_once()
    log = text_of(admin.get(path))
    for said in ("Test message", "Waiting", "The answer was no success.", "500", "Failing"):
        assert said in log
    desk.served.clock.move(minutes=1)
    office.dispatching.work_once()
    log = admin.get(path)
    assert "Delivered" in text_of(log)
    resend = re.search(rf'action="({path}/deliveries/dlv_[a-z2-7]+/resend)"', log.body.decode())
    assert resend is not None
    assert admin.post(resend[1]).status == 303
    assert admin.post(resend[1]).status == 409
    office.dispatching.work_once()
    assert len(letterbox.received) == 3

    assert admin.post(f"{path}/pause").status == 303
    paused = admin.get(path)
    assert "Paused" in text_of(paused)
    assert "/resend" not in paused.body.decode()
    assert admin.post(f"{path}/test").status == 409
    assert admin.post(f"{path}/resume").status == 303
    rotated = admin.post(f"{path}/rotate")
    assert (rotated.status, "whsec_" in rotated.body.decode()) == (200, True)

    assert "That is final." in text_of(admin.get(f"{path}/delete"))
    assert admin.post(f"{path}/delete").status == 303
    assert admin.get(path).status == 404
    assert HOOK not in text_of(admin.get(LIST))


def test_nobody_else_gets_in(desk: Desk) -> None:
    for name in ("issuer", "improver"):
        assert visit(desk, name).get(LIST).status in (403, 404)
