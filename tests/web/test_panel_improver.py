"""Asking for a credential by pages: ask, reply, withdraw, ask again; what is held, kept and explained."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.web.desk import DPW, SFLUV, Desk
from tests.web.page_client import PageVisitor, text_of
from tests.web.panel_desk import panel_desk, visit

NEW = f"/improver/requests/new/{DPW}"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with panel_desk(tmp_path_factory.mktemp("office")) as one:
        yield one


def _ask(visitor: PageVisitor, **more: str) -> str:
    sent = {"consent": "1", "claims./certificateNumber": "A-17", "claims./areas#drainage": "1", **more}
    answer = visitor.post(NEW, sent)
    assert answer.status == 303, text_of(answer)
    return str(answer.headers["location"])


def test_request_carries_what_was_typed(desk: Desk) -> None:
    desk.improver("ana")
    ana = visit(desk, "ana")
    path = _ask(ana, note="Badge shown at the desk.")
    page = text_of(ana.get(path))
    assert "Pending" in page
    for said in ("A-17", "drainage", "Badge shown at the desk.", "asked for this credential"):
        assert said in page
    made = desk.done("issuer", "GET", f"/issuers/credential-requests/{path.rpartition('/')[2]}")
    assert made["claims"]["areas"] == ["drainage"]


def test_second_request_of_a_type_waits_for_the_first(desk: Desk) -> None:
    desk.improver("bob")
    bob = visit(desk, "bob")
    path = _ask(bob)
    again = bob.post(NEW, {"consent": "1", "note": "once more"})
    assert again.status == 409
    assert "once more" in again.body.decode()
    assert path in bob.get("/improver/requests/new").body.decode()


def test_consent_is_asked_for_and_input_kept(desk: Desk) -> None:
    desk.improver("cora")
    answer = visit(desk, "cora").post(NEW, {"claims./certificateNumber": "B-9", "claims./trainedOn": "2025-01-31"})
    assert answer.status == 422
    assert "Tick this, so that the office may decide." in text_of(answer)
    assert 'value="B-9"' in answer.body.decode()


def test_question_is_answered_and_withdrawal_confirmed(desk: Desk) -> None:
    desk.improver("dan")
    dan = visit(desk, "dan")
    path = _ask(dan)
    request_id = path.rpartition("/")[2]
    desk.done("issuer", "POST", f"/issuers/credential-requests/{request_id}/ask", {"message": "Which shift?"})
    page = text_of(dan.get(path))
    assert "The reviewer asks" in page
    assert "Which shift?" in page
    assert dan.post(f"{path}/reply", {"message": ""}).status == 422
    assert dan.post(f"{path}/reply", {"message": "The night shift."}).status == 303
    assert "The night shift." in text_of(dan.get(path))
    assert "for good" in text_of(dan.get(f"{path}/withdraw"))
    assert dan.post(f"{path}/withdraw").status == 303
    assert "Withdrawn" in text_of(dan.get(path))
    assert dan.post(f"{path}/reply", {"message": "Too late."}).status == 409


def test_rejected_request_is_explained_and_asked_again_with_what_was_written(desk: Desk) -> None:
    desk.improver("eli")
    eli = visit(desk, "eli")
    path = _ask(eli)
    desk.decide(
        "issuer", path.rpartition("/")[2], "rejected", note="internal remark", message="The scan is unreadable."
    )
    page = text_of(eli.get(path))
    assert "The scan is unreadable." in page
    assert "internal remark" not in page
    again = re.search(rf'href="({NEW}\?again=[^"]+)"', eli.get(path).body.decode())
    assert again is not None
    assert 'value="A-17"' in eli.get(again[1]).body.decode()
    assert _ask(eli) != path


def test_credentials_are_kept_after_revocation(desk: Desk) -> None:
    desk.improver("fay")
    desk.done("issuer", "POST", "/issuers/credentials", {"user_id": desk.ids["fay"], "credential_type": DPW})
    fay = visit(desk, "fay")
    assert "Valid" in text_of(fay.get("/improver"))
    revoked = {"user_id": desk.ids["fay"], "credential_type": DPW, "reason": "Program ended."}
    desk.done("issuer", "DELETE", "/issuers/credentials", revoked)
    page = text_of(fay.get("/improver/credentials"))
    assert "Revoked" in page
    assert "Program ended." in page
    assert "Ask again" in page


def test_own_credential_has_a_page_that_nobody_else_finds(desk: Desk) -> None:
    desk.improver("ida")
    desk.improver("jan")
    desk.done("issuer", "POST", "/issuers/credentials", {"user_id": desk.ids["ida"], "credential_type": DPW})
    ida, jan = visit(desk, "ida"), visit(desk, "jan")
    link = re.search(r'href="(/improver/credentials/[^"]+)"', ida.get("/improver/credentials").body.decode())
    assert link is not None
    own = ida.get(link[1])
    assert own.status == 200
    assert "Valid" in text_of(own)
    foreign, missing = jan.get(link[1]), jan.get("/improver/credentials/00000000-0000-4000-8000-000000000000")
    assert (foreign.status, missing.status) == (404, 404)
    assert _without_request(text_of(foreign)) == _without_request(text_of(missing))


def _without_request(text: str) -> str:
    return re.sub(r"\b[0-9a-z-]{26,36}\b", "", text)


def test_requests_of_others_are_not_there(desk: Desk) -> None:
    desk.improver("gil")
    desk.improver("hal")
    path = _ask(visit(desk, "gil"))
    assert visit(desk, "hal").get(path).status == 404
    assert visit(desk, "hal").post(f"{path}/withdraw").status == 404


def test_private_types_are_not_asked_for(desk: Desk) -> None:
    desk.done("admin", "PUT", f"/admin/credential-types/{SFLUV}", {"label": "SFLUV verifier", "visibility": "private"})
    desk.improver("ivo")
    ivo = visit(desk, "ivo")
    assert "SFLUV verifier" not in text_of(ivo.get("/improver/requests/new"))
    assert ivo.get(f"/improver/requests/new/{SFLUV}").status == 404
    assert ivo.post(f"/improver/requests/new/{SFLUV}", {"consent": "1"}).status == 404


def test_page_names_the_role_that_is_missing(desk: Desk) -> None:
    answer = visit(desk, "voter").get("/improver")
    assert answer.status == 403
    assert "Improver" in text_of(answer)
    assert "Request access" in text_of(answer)
