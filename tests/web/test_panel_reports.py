"""The form "Report by mail" of the analytics page: what it keeps, sends and refuses, without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from sealwright.domain.people import AccountRole
from sealwright.domain.reports import REPORT_MAIL
from tests.support.accounts import letters
from tests.web.desk import DPW, SFLUV, Desk
from tests.web.page_client import text_of
from tests.web.panel_desk import panel_desk, visit

REPORT, SEND = "/analytics/report", "/analytics/report/send"
WISH = "/issuers/metrics/report"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with panel_desk(tmp_path_factory.mktemp("office")) as one:
        one.add("una", AccountRole.ISSUER, verified=False, scopes=(DPW,))
        for name in ("rita", "remo", "rosa"):
            one.add(name, AccountRole.ISSUER, scopes=(DPW, SFLUV))
        yield one


def chosen(page: str, name: str) -> str:
    """The value that a select of the page shows."""
    select = re.search(rf'<select id="f-{name}".*?</select>', page, re.DOTALL)
    assert select is not None
    found = re.search(r'value="([^"]*)" selected', select[0])
    assert found is not None, select[0]
    return found[1]


def test_a_wish_is_kept_and_shown_as_chosen(desk: Desk) -> None:
    rita = visit(desk, "rita")
    page = rita.get(f"/analytics?span=30&type={DPW}&compare={SFLUV}").body.decode()
    assert (chosen(page, "every"), chosen(page, "types")) == ("never", f"{DPW},{SFLUV}")
    assert f'action="{REPORT}?span=30&amp;type={DPW}&amp;compare={SFLUV}#an-mail"' in page
    answer = rita.post(f"{REPORT}?span=30&type={DPW}", {"every": "week", "types": f"{DPW},{SFLUV}"})
    assert (answer.status, answer.headers["location"]) == (303, f"/analytics?span=30&type={DPW}")
    after = rita.get("/analytics")
    assert "Saved." in text_of(after)
    assert "The next one:" in text_of(after)
    assert (chosen(after.body.decode(), "every"), chosen(after.body.decode(), "types")) == ("week", f"{DPW},{SFLUV}")
    assert desk.done("rita", "GET", WISH)["credential_types"] == [DPW, SFLUV]


def test_all_of_the_scope_and_not_at_all_can_be_chosen(desk: Desk) -> None:
    remo = visit(desk, "remo")
    assert remo.post(REPORT, {"every": "month", "types": ""}).status == 303
    assert desk.done("remo", "GET", WISH)["credential_types"] is None
    assert remo.post(REPORT, {"every": "never", "types": ""}).status == 303
    assert "No report comes by mail." in text_of(remo.get("/analytics"))
    assert desk.done("remo", "GET", WISH) == {"every": "never", "credential_types": None, "next_at": None}


def test_a_report_is_sent_at_once_and_not_again_and_again(desk: Desk) -> None:
    rosa = visit(desk, "rosa")
    assert rosa.post(f"{SEND}?span=30", {"every": "month", "types": DPW}).headers["location"] == "/analytics?span=30"
    assert "The report is on its way to rosa@example.org." in text_of(rosa.get("/analytics"))
    (letter,) = letters(desk.served.office, REPORT_MAIL, "rosa@example.org")
    assert "Open Analytics:\nhttp://127.0.0.1:8000/analytics?span=77&type=dpw_certified" in letter
    again = rosa.post(SEND, {"every": "month", "types": DPW})
    assert again.status == 429
    assert "A report is on its way to you already" in text_of(again)
    assert chosen(again.body.decode(), "every") == "month"
    assert len(letters(desk.served.office, REPORT_MAIL, "rosa@example.org")) == 1
    assert desk.done("rosa", "GET", WISH)["every"] == "never"


def test_what_is_refused_is_told_beside_the_form(desk: Desk) -> None:
    issuer, una = visit(desk, "issuer"), visit(desk, "una")
    assert "How often: Choose one of what is offered." in text_of(issuer.post(REPORT, {"every": "day"}))
    assert issuer.post(REPORT, {}).status == 422
    for value in (SFLUV, "nothing"):
        refused = issuer.post(REPORT, {"every": "week", "types": value})
        assert refused.status == 422
        assert "This lies outside your issuer scope." in text_of(refused)
    unproved = una.post(SEND, {"every": "week", "types": ""})
    assert unproved.status == 422
    assert "Verify your e-mail address first" in text_of(unproved)
    assert "They begin once the address is verified." in text_of(una.get("/analytics"))


def test_strangers_and_forged_forms_are_refused(desk: Desk) -> None:
    assert visit(desk, "improver").post(REPORT, {"every": "week"}).status == 403
    forged = visit(desk, "issuer").post(SEND, {"every": "week"}, token="forged")
    assert forged.status == 403
    assert visit(desk, "issuer").post(REPORT, {"every": "week", "user_id": "usr_x"}).status in {400, 422}


def test_admins_may_choose_every_type_and_none_that_is_not_there(desk: Desk) -> None:
    wished = desk.done("admin", "PUT", WISH, {"every": "month", "credential_types": [SFLUV, DPW]})
    assert wished["credential_types"] == [DPW, SFLUV]
    refused = desk.call("admin", "PUT", WISH, {"every": "month", "credential_types": [DPW, "nothing"]})
    assert (refused.status, refused.pointers) == (422, ["/credential_types/1"])
    assert desk.call("admin", "PUT", WISH, {"every": "month", "credential_types": []}).status == 422


def test_sending_again_over_the_api_says_when_it_may_be_asked(desk: Desk) -> None:
    desk.add("rudi", AccountRole.ISSUER, scopes=(DPW,))
    key = {"Idempotency-Key": "report-1"}
    first = desk.call("rudi", "POST", f"{WISH}/send", {"every": "week"}, headers=key.items())
    assert first.status == 202
    assert set(first.json()) == {"every", "from", "to"}
    assert desk.call("rudi", "POST", f"{WISH}/send", {"every": "week"}, headers=key.items()).status == 202
    refused = desk.call("rudi", "POST", f"{WISH}/send")
    assert (refused.status, refused.code) == (429, "RATE_LIMIT_EXCEEDED")
    assert 0 < int(refused.headers["retry-after"]) <= 300
    assert len(letters(desk.served.office, REPORT_MAIL, "rudi@example.org")) == 1


def test_settings_lead_reviewers_to_the_form(desk: Desk) -> None:
    assert 'href="/analytics#an-mail"' in visit(desk, "issuer").get("/settings/notifications").body.decode()
    assert "/analytics#an-mail" not in visit(desk, "improver").get("/settings/notifications").body.decode()
