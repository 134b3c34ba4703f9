"""Batches by plain form posts: every step of a draft, the run, mending, retrying, revoking; and who sees what."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from tests.support.holders import holder_did
from tests.support.office import HOLDER, ISSUER
from tests.web.desk import Desk
from tests.web.page_client import PageVisitor, text_of
from tests.web.panel_desk import panel_desk, visit

KYC: Final = "did:adi:schema:kyc-v1"
DPW_SCHEMA: Final = "did:adi:schema:dpw-certified-v1"
HEADER: Final = "holderDid,givenName,familyName,birthDate,assuranceLevel,checkedOn"
Row = tuple[str, str, str, str]


def table(*rows: Row, born: str = "1990-05-17", header: str = HEADER) -> str:
    """A table of checked people: holder, given name, family name, level."""
    lines = [f"{holder},{given},{family},{born},{level},2026-11-01" for holder, given, family, level in rows]
    return "\r\n".join([header, *lines]) + "\r\n"


@dataclass
class Room:
    """A desk, and the browsers of people at it."""

    desk: Desk
    admin: PageVisitor

    def draft(self, content: bytes, *, name: str = "Autumn intake", **fields: str) -> str:
        """A draft with a file; gives its path."""
        wish = {"aim": KYC, "issuer": ISSUER, "name": name, **fields}
        made = self.admin.post("/batches", wish)
        assert made.status == 303, text_of(made)
        path = str(made.headers["location"]).removesuffix("/upload")
        sent = self.admin.send(f"{path}/upload", [], [("file", "people.csv", content)])
        assert (sent.status, sent.headers["location"]) == (303, f"{path}/columns"), text_of(sent)
        return path

    def proposed(self, path: str) -> dict[str, str]:
        """The columns page's form as it stands."""
        page = self.admin.get(f"{path}/columns").body.decode()
        found = {
            name: html.unescape(value) for name, value in re.findall(r'name="(column\.\d+)" value="([^"]*)"', page)
        }
        for name, options in re.findall(r'<select name="(to\.\d+)"[^>]*>(.*?)</select>', page, re.DOTALL):
            chosen = re.search(r'value="([^"]*)" selected', options)
            found[name] = chosen[1] if chosen else ""
        return found

    def read(self, path: str, **fields: str) -> str:
        """Have the file read as its columns page proposes; gives what the check page says."""
        settled = self.admin.post(f"{path}/columns", {"act": "check", **self.proposed(path), **fields})
        assert settled.headers["location"] == f"{path}/check", text_of(settled)
        self.work("batch drafts")
        return self.said(f"{path}/check")

    def said(self, path: str) -> str:
        """What a page says, beside what stands around every page."""
        answer = self.admin.get(path)
        assert answer.status == 200, (path, answer.status, answer.headers.get("location"))
        return text_of(answer).partition("Sign out Batches ")[2] or text_of(answer)

    def work(self, *names: str) -> None:
        """Do background work until there is none left."""
        tasks = self.desk.served.office.tasks
        while any(tasks.run(name) for name in names):
            pass

    def run(self, path: str, **fields: str) -> str:
        """Start a draft and carry it out; gives what its page says."""
        started = self.admin.post(f"{path}/start", fields)
        assert started.headers["location"] == path, text_of(started)
        self.work("batches")
        return self.said(path)

    def csv(self, path: str) -> list[list[str]]:
        """A table that a page gives out."""
        answer = self.admin.get(path)
        assert answer.headers["content-disposition"].startswith("attachment")
        return list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with panel_desk(tmp_path_factory.mktemp("office")) as desk:
        yield Room(desk, visit(desk, "admin"))


def test_nothing_yet_shows_how_a_file_looks(room: Room) -> None:
    said = room.said("/batches")
    assert "Nothing was issued in bulk yet." in said
    assert "holderDid, qualification, certificateNumber" in said
    template = room.csv(f"/batches/template.csv?schema={DPW_SCHEMA}")
    assert (template[0][:2], len(template)) == (["holderDid", "qualification"], 3)
    assert room.admin.get("/batches/template.csv?schema=did:adi:schema:none").status == 404


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "windows-1252"])
def test_names_are_shown_as_they_are_read_before_anything_is_issued(room: Room, encoding: str) -> None:
    path = room.draft(table((HOLDER, "Zoë", "Muñoz", "high")).encode(encoding))
    said = room.said(f"{path}/columns")
    assert {"utf-8-sig": "UTF-8 (BOM)", "utf-16": "UTF-16", "windows-1252": "Windows-1252"}[encoding] in said
    assert "Zoë Muñoz" in said
    assert "1 Ready 0 With errors" in room.read(path)


def test_another_encoding_can_be_chosen_and_looked_at(room: Room) -> None:
    path = room.draft(table((HOLDER, "Zoë", "Muñoz", "high")).encode())
    room.admin.post(f"{path}/columns", {"act": "look", "encoding": "windows-1252", **room.proposed(path)})
    assert "MuÃ±oz" in room.said(f"{path}/columns")
    room.admin.post(f"{path}/columns", {"act": "look", "encoding": "utf-16", **room.proposed(path)})
    assert "The file cannot be read as it stands." in room.said(f"{path}/columns")
    room.admin.post(f"{path}/columns", {"act": "look", "encoding": "", **room.proposed(path)})
    assert "Muñoz" in room.said(f"{path}/columns")


def test_columns_of_other_names_are_led_and_kept_for_the_next_file(room: Room) -> None:
    header = "person,givenName,familyName,birthDate,Stufe,checkedOn"
    content = table((HOLDER, "Zoë", "Muñoz", "high"), header=header).encode()
    path = room.draft(content)
    said = room.said(f"{path}/columns")
    assert "No column holds what every row needs: Holder DID, assuranceLevel" in said
    refused = room.admin.post(f"{path}/columns", {"act": "check", **room.proposed(path)})
    room.work("batch drafts")
    assert refused.status == 303
    assert room.admin.get(f"{path}/check").headers["location"] == f"{path}/columns"
    assert "1 Ready" in room.read(path, **{"to.0": "/holderDid", "to.4": "/claims/assuranceLevel"})
    other = room.draft(content)
    assert room.proposed(other)["to.0"] == "/holderDid"


def test_an_unclear_date_is_asked_about(room: Room) -> None:
    path = room.draft(table((HOLDER, "Zoë", "Muñoz", "high"), born="03/04/1990").encode())
    assert "In column birthDate (03/04/1990), which number comes first?" in room.said(f"{path}/columns")
    assert "can be read as 1990-03-04 or 1990-04-03" in room.read(path)
    assert "1 Ready" in room.read(path, **{"date.3": "dmy"})
    assert 'value="1990-04-03"' in room.admin.get(f"{path}/rows/0").body.decode()


def test_later_rows_of_a_holder_fail_or_are_left_out(room: Room) -> None:
    twice = table((HOLDER, "Zoë", "Muñoz", "high"), (HOLDER, "Zoë", "Muñoz", "low")).encode()
    path = room.draft(twice)
    said = room.read(path)
    assert "1 Ready 1 With errors" in said
    assert "DUPLICATE_IN_BATCH" in said
    assert room.admin.post(f"{path}/duplicates", {"duplicates": "skip"}).status == 303
    assert "66" not in room.said(f"{path}/check")
    room.work("batch drafts")
    assert "1 Ready 0 With errors 1 Left out as duplicates" in room.said(f"{path}/check")


def test_rows_are_pasted_or_sent_as_json_lines(room: Room) -> None:
    made = room.admin.post("/batches", {"aim": KYC, "issuer": ISSUER})
    path = str(made.headers["location"]).removesuffix("/upload")
    nothing = room.admin.send(f"{path}/upload", [], [("file", "", b"")])
    assert (nothing.status, "Choose a file, or paste its rows." in text_of(nothing)) == (422, True)
    assert room.admin.get(f"{path}/columns").headers["location"] == f"{path}/upload"
    pasted = table((HOLDER, "Zoë", "Muñoz", "high")).replace(",", "\t")
    assert room.admin.send(f"{path}/upload", [("pasted", pasted)]).status == 303
    assert "1 Ready" in room.read(path)
    line = json.dumps({"holderDid": HOLDER, "claims": {"givenName": "Zoë"}}) + "\nnonsense\n"
    room.admin.send(f"{path}/upload", [], [("file", "rows.ndjson", line.encode())])
    said = room.read(path)
    assert "0 Ready 2 With errors" in said
    assert "This line could not be read." in room.said(f"{path}/rows/1")


def test_a_file_is_believed_only_with_the_form_token_before_it(room: Room) -> None:
    path = room.draft(table((HOLDER, "Zoë", "Muñoz", "high")).encode())
    edge = "----edge"
    file = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\nholderDid\r\n'
    own = (("Origin", "http://127.0.0.1:8000"), ("Sec-Fetch-Site", "same-origin"))
    kind = f"multipart/form-data; boundary={edge}"
    raw = f"{file}--{edge}--\r\n".encode()
    assert room.admin._call("POST", f"{path}/upload", raw, own, kind).status == 403
    foreign = (("Origin", "https://elsewhere.example"), ("Sec-Fetch-Site", "cross-site"))
    assert room.admin._call("POST", f"{path}/upload", raw, foreign, kind).status == 403
    assert "Muñoz" in room.said(f"{path}/columns")


def test_from_the_check_over_a_mended_row_to_the_last_credential_and_back(room: Room) -> None:
    rows = [(holder_did(number), "Bjørn", f"Åsen {number}", "high") for number in range(1, 502)]
    rows[2] = (rows[2][0], "Đặng", "Văn Minh", "sky-high")
    rows[4] = ("did:adi:nobody", "Eszter", "Kovács", "high")
    path = room.draft(table(*rows).encode(), until="2030-12-31")
    said = room.read(path)
    assert "499 Ready 2 With errors 501 Rows" in said
    assert "3 Đặng Văn Minh SCHEMA_VALIDATION_FAILED" in said
    assert "5 Eszter Kovács HOLDER_NOT_FOUND" in said
    assert [row[0] for row in room.csv(f"{path}/errors.csv")] == ["error_row", "3", "5"]

    still = room.admin.post(f"{path}/rows/2", {"cell./claims/assuranceLevel": "no"})
    assert still.headers["location"] == f"{path}/check"
    assert "499 Ready" in room.said(f"{path}/check")
    room.admin.post(f"{path}/rows/2", {"cell./claims/assuranceLevel": "low"})
    assert "500 Ready 1 With errors" in room.said(f"{path}/check")
    assert room.admin.get(f"{path}/rows/501").status == 404

    assert room.admin.post(f"{path}/delivery", {"channel": "none"}).headers["location"] == f"{path}/confirm"
    confirm = room.said(f"{path}/confirm")
    assert "Will issue 500 credentials." in confirm
    assert "Number of credentials" not in confirm
    room.admin.post(f"{path}/rows/4", {"cell./holderDid": holder_did(5)})
    assert room.admin.post(f"{path}/start").status == 422
    done = room.run(path, typed="501")
    assert "501 Issued 0 Failed 0 Remaining" in done
    assert "Page 1 of 26 (501 rows)" in done
    assert "All rows done" in done
    assert "3 Đặng Văn Minh" in done
    assert "Page 26 of 26" in room.said(f"{path}?page=26")
    assert "No row has failed." in room.said(f"{path}?result=failed")
    assert len(room.csv(f"{path}/results.csv")) == 502
    checked = room.admin.post(f"{path}/check")
    assert "The hash holds." in text_of(checked)
    receipt = room.admin.get(f"{path}/receipt.json")
    assert receipt.json()["leafCount"] == 501

    assert "Will revoke 501 credentials, for good." in room.said(f"{path}/revoke")
    no_count = room.admin.post(f"{path}/revoke", {"reason": "The list was wrong", "typed": "5"})
    assert (no_count.status, "Type the number of credentials: 501." in text_of(no_count)) == (422, True)
    ending = room.admin.post(f"{path}/revoke", {"reason": "The list was wrong", "typed": "501"})
    assert ending.status == 303
    room.work("mass acts", "batches")
    ended = room.said(str(ending.headers["location"]))
    assert "501 Revoked 0 Failed" in ended
    assert "No credential of this batch can be revoked any more." in room.said(f"{path}/revoke")
    assert "1 Bjørn Åsen 1" in room.said(path)
    assert "Revoked" in room.said(path)


def test_failed_rows_are_tried_again_as_they_are_or_mended(room: Room) -> None:
    path = room.draft(
        table(
            (HOLDER, "Zoë", "Muñoz", "high"),
            ("did:adi:nobody", "Eszter", "Kovács", "high"),
            (holder_did(900), "Haruto", "佐藤", "sky-high"),
        ).encode()
    )
    room.read(path)
    done = room.run(path)
    assert "1 Issued 2 Failed" in done
    again = room.admin.post(f"{path}/retry")
    room.work("batches")
    assert "0 Issued 2 Failed" in room.said(str(again.headers["location"]))

    row = room.said(f"{path}/rows/2")
    assert "Saving makes a draft of its 2 failed rows" in row
    mended = room.admin.post(f"{path}/rows/2", {"cell./claims/assuranceLevel": "high"})
    draft = str(mended.headers["location"]).removesuffix("/check")
    assert draft != path
    assert "1 Ready 1 With errors 2 Rows" in room.said(f"{draft}/check")
    second = room.admin.post(f"{path}/rows/1", {"cell./holderDid": holder_did(901)})
    assert second.headers["location"] == f"{draft}/check"
    assert "2 Ready 0 With errors" in room.said(f"{draft}/check")
    assert "2 Issued 0 Failed" in room.run(draft)
    assert room.admin.get(f"{path}/rows/0").status == 404


def test_a_batch_is_paused_resumed_canceled_and_a_draft_discarded(room: Room) -> None:
    path = room.draft(table((HOLDER, "Zoë", "Muñoz", "high")).encode())
    room.read(path)
    assert room.admin.post(f"{path}/start").headers["location"] == path
    assert room.admin.post(f"{path}/start").headers["location"] == path
    assert room.admin.get(f"{path}/confirm").headers["location"] == path
    room.admin.post(f"{path}/pause")
    assert "Somebody paused it." in room.said(path)
    assert room.admin.post(f"{path}/pause").status == 303
    assert "1 row will not be carried out." in room.said(f"{path}/cancel")
    room.admin.post(f"{path}/cancel")
    said = room.said(path)
    assert "0 Issued 1 Failed" in said
    assert "BATCH_CANCELED" in said
    assert room.admin.post(f"{path}/resume").status == 409

    draft = room.draft(table((HOLDER, "Zoë", "Muñoz", "high")).encode())
    assert "gone for good" in room.said(f"{draft}/discard")
    assert room.admin.post(f"{draft}/discard").headers["location"] == "/batches"
    assert "Canceled" in room.said("/batches?status=canceled")


def test_a_draft_may_become_one_of_something_else(room: Room) -> None:
    path = room.draft(table((HOLDER, "Zoë", "Muñoz", "high")).encode())
    room.read(path)
    blank = room.admin.post("/batches", {"aim": KYC})
    assert (blank.status, "Choose who issues it." in text_of(blank)) == (422, True)
    past = room.admin.post(f"{path}/type", {"aim": KYC, "issuer": ISSUER, "until": "2001-01-01"})
    assert past.status == 422
    degree = {"aim": "did:adi:schema:university-degree-v1", "issuer": ISSUER, "name": "Degrees"}
    assert room.admin.post(f"{path}/type", degree).headers["location"] == path
    assert room.admin.get(path).headers["location"] == f"{path}/columns"
    assert "Degrees University degree 1.0" in room.said(f"{path}/columns")


def test_reviewers_have_batches_of_their_types_and_nobody_elses(room: Room) -> None:
    own = visit(room.desk, "issuer")
    page = text_of(own.get("/batches/new"))
    assert "Department of Public Works certification" in page
    made = own.post("/batches", {"aim": DPW_SCHEMA})
    assert made.status == 303
    path = str(made.headers["location"]).removesuffix("/upload")
    assert own.post("/batches", {"aim": KYC, "issuer": ISSUER}).status == 422
    for name, status in (("colleague", 200), ("outsider", 404), ("improver", 403)):
        assert visit(room.desk, name).get(f"{path}/upload").status == status, name
    hidden = visit(room.desk, "outsider")
    missing = hidden.get("/batches/bat_nothing/upload")
    assert missing.status == 404
    others = room.draft(table((HOLDER, "Zoë", "Muñoz", "high")).encode())
    for tail in ("", "/columns", "/check", "/confirm", "/rows/0", "/results.csv", "/errors.csv", "/news", "/revoke"):
        assert own.get(f"{others}{tail}").status == 404, tail
    for tail in ("pause", "start", "discard", "retry"):
        assert own.post(f"{others}/{tail}").status == 404, tail
    assert "Autumn intake" not in text_of(own.get("/batches"))


def test_offers_are_made_as_the_delivery_step_says(room: Room) -> None:
    path = room.draft(table((HOLDER, "Zoë", "Muñoz", "high")).encode())
    room.read(path)
    assert room.admin.post(f"{path}/delivery", {"channel": "pigeon"}).status == 422
    room.admin.post(f"{path}/delivery", {"channel": "qr", "tx_code": "1"})
    assert "Delivery QR codes" in room.said(f"{path}/confirm")
    room.run(path)
    room.work("batches", "batch deliveries")
    said = room.said(path)
    assert "1 Deliveries begun" in said
    assert "Issued Offered Open" in said


def test_batches_are_found_by_their_name_by_who_may_see_them(room: Room) -> None:
    path = room.draft(table((HOLDER, "Zoë", "Muñoz", "high")).encode(), name="Winter register")
    assert f'href="{path}"' in room.admin.get("/search?q=winter").body.decode()
    assert (
        "Winter register" not in text_of(visit(room.desk, "outsider").get("/search?q=winter")).partition("Batches")[2]
    )


def test_news_are_a_fragment_that_keeps_no_session_alive(room: Room) -> None:
    path = room.draft(table((HOLDER, "Zoë", "Muñoz", "high")).encode())
    room.read(path)
    room.run(path)
    partial = [("HX-Request-Type", "partial")]
    news = room.admin.get(f"{path}/news", headers=partial)
    assert "<main" not in news.body.decode()
    assert "100 % done" in text_of(news)


def test_the_log_of_a_batch_says_in_words_that_its_rows_were_taken_along(room: Room) -> None:
    path = room.draft(table((HOLDER, "Zoë", "Muñoz", "high")).encode())
    room.read(path)
    room.run(path)
    room.csv(f"{path}/results.csv")
    said = room.said(path)
    assert "List taken along" in said
    assert "data.exported" not in said


def test_news_that_somebody_opens_alone_lead_to_their_page(room: Room) -> None:
    path = room.draft(table((HOLDER, "Zoë", "Muñoz", "high")).encode())
    room.read(path)
    assert room.admin.get(f"{path}/check/news").headers["location"] == f"{path}/check"
    room.run(path)
    alone = room.admin.get(f"{path}/news")
    assert (alone.status, alone.headers["location"]) == (303, path)
    hidden = visit(room.desk, "outsider")
    for tail in ("/news", "/check/news"):
        assert hidden.get(f"{path}{tail}").status == 404, tail


def test_a_batch_that_was_given_no_more_than_spaces_for_a_name_can_be_opened(room: Room) -> None:
    # After all others, of which there may be more than a page shows.
    room.desk.served.clock.move(seconds=1)
    made = room.desk.done("key", "POST", "/api/v1/batches", {"schemaId": KYC, "issuerDid": ISSUER, "name": "   "})
    listed = re.search(
        rf'href="/batches/{made["batchId"]}"><bdi>([^<]*)</bdi>', room.admin.get("/batches").body.decode()
    )
    assert listed is not None
    assert listed[1].startswith("KYC 1.0, ")
