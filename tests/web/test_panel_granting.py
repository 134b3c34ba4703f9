"""Granting on the holder's page, where the type asks for a note."""

from __future__ import annotations

from pathlib import Path

from tests.web.desk import DPW
from tests.web.panel_desk import panel_desk, visit


def test_the_page_asks_for_the_note_that_a_type_demands(tmp_path: Path) -> None:
    with panel_desk(tmp_path) as desk:
        desk.done("admin", "PUT", f"/admin/credential-types/{DPW}", {"approval_note_required": True})
        page = f"/issuer/holders/{desk.ids['improver']}/grant"
        rex = visit(desk, "issuer")
        shown = rex.get(f"{page}?type={DPW}").body.decode()
        assert "issuers; required)" in shown
        assert "cannot be saved" not in shown
        refused = rex.post(page, {"type": DPW})
        assert refused.status == 422
        assert "needs a note" in refused.body.decode()
        assert rex.post(page, {"type": DPW, "note": "seen the papers"}).status == 303


def test_refusals_are_told_in_the_readers_language(tmp_path: Path) -> None:
    with panel_desk(tmp_path) as desk:
        desk.done("admin", "PUT", f"/admin/credential-types/{DPW}", {"approval_note_required": True})
        desk.done("issuer", "PATCH", "/me", {"locale": "es"})
        rex = visit(desk, "issuer")
        refused = rex.post(f"/issuer/holders/{desk.ids['improver']}/grant", {"type": DPW})
        page = refused.body.decode()
        assert refused.status == 422
        assert "Rellene este campo." in page
        assert "needs a note" not in page
        found = rex.get("/issuer/requests/req_nobody")
        assert found.status == 403
        assert "Esto queda fuera de su ámbito de emisor." in found.body.decode()


def test_an_approval_whose_requester_was_erased_says_that_nothing_comes_of_it(tmp_path: Path) -> None:
    with panel_desk(tmp_path) as desk:
        request = desk.request("improver")
        page = f"/issuer/requests/{request['id']}"
        rex = visit(desk, "issuer")
        answer = rex.post(f"{page}/decision", {"state": "approved", "version": str(request["version"])})
        assert answer.status == 303, answer.body
        assert desk.call("improver", "DELETE", "/me").status == 202
        desk.served.clock.move(minutes=1)
        desk.served.office.grant_issuance.sign_due()
        shown = rex.get(page).body.decode()
        assert "Approved, never to be signed" in shown
        assert "HOLDER_ERASED" in shown
        assert f"{page}/retry" not in shown
