"""The desk's lists over HTTP: pages, links, filters, sorting, counts, export."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

import pytest

from sealwright.domain.people import AccountRole
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, serve
from tests.web.desk import SFLUV, Desk, furnish_desk

LIST: Final = "/issuers/credential-requests"
CREDENTIALS: Final = "/issuers/credentials"
TYPES: Final = "/admin/credential-types"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with serve(tmp_path_factory.mktemp("lists"), **NO_LIMITS) as served:
        yield furnish_desk(served)


@pytest.fixture(scope="module")
def queue(desk: Desk) -> list[str]:
    """Forty requests of a type of its own: 25 pending, 10 approved, 5 rejected; oldest first."""
    desk.done("admin", "POST", TYPES, {"value": "queued", "label": "Queued", "target_hours": 1})
    desk.add("keeper", AccountRole.ISSUER, scopes=("queued",))
    start = desk.served.clock.time
    ids = []
    for number in range(40):
        desk.improver(f"queuer{number:02}")
        ids.append(desk.request(f"queuer{number:02}", "queued")["id"])
        if number >= 25:
            desk.decide("keeper", ids[-1], "approved" if number < 35 else "rejected")
        desk.served.clock.move(seconds=10)
    desk.served.clock.time = start
    return ids


def listed(desk: Desk, query: str) -> tuple[list[str], Answer]:
    answer = desk.call("keeper", "GET", f"{LIST}?{query}")
    assert answer.status == 200, answer.body
    return [one["id"] for one in answer.json()], answer


def test_pages_cover_the_list_once_with_exact_totals(desk: Desk, queue: list[str]) -> None:
    pages = [listed(desk, f"page={page}") for page in range(3)]
    assert [len(ids) for ids, _ in pages] == [20, 20, 0]
    assert {answer.headers["x-total-count"] for _, answer in pages} == {"40"}
    together = [*pages[0][0], *pages[1][0]]
    assert together[:25] == queue[:25]
    assert sorted(together[25:]) == sorted(queue[25:])
    whole = desk.call("keeper", "GET", f"{LIST}?view=page&count=40").json()
    assert ([one["id"] for one in whole["data"]], whole["has_more"]) == (together, False)


def links(answer: Answer) -> dict[str, str]:
    return {rel: url for url, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["link"])}


def test_links_lead_through_the_list_and_keep_its_filters(desk: Desk, queue: list[str]) -> None:
    query = "status=pending&credential_type=queued&count=10"
    url, seen = f"{desk.served.office.public_url}{LIST}?{query}", []
    first = links(listed(desk, query)[1])
    assert set(first) == {"first", "next", "last"}
    while True:
        ids, answer = listed(desk, url.partition("?")[2])
        seen += ids
        known = links(answer)
        assert all("status=pending" in one and "credential_type=queued" in one for one in known.values())
        if "next" not in known:
            break
        url = known["next"]
    assert seen == queue[:25]
    assert set(known) == {"first", "prev", "last"}
    assert known["last"] == url
    assert listed(desk, known["prev"].partition("?")[2])[0] == queue[10:20]


FILTERED: Final = (
    ("status=pending", 25),
    ("status=Approved", 10),
    ("status=REJECTED", 5),
    ("status=withdrawn", 0),
    ("status=all", 40),
    ("credential_type=queued&credential_type=dpw_certified", 40),
    ("credential_type=all&status=rejected", 5),
    ("search=queuer0", 10),
    ("search=QUEUER1", 10),
    ("search=queuer39@example", 1),
    ("search=queuer0&status=approved", 0),
    ("resolved_by=me", 15),
    ("requested_from=2026-03-01T12:06:00Z", 4),
    ("requested_to=2026-03-01T12:00:30Z", 3),
    ("needs_info=false&status=pending", 25),
)


@pytest.mark.parametrize(("query", "total"), FILTERED)
def test_filters_count_on_the_server(desk: Desk, queue: list[str], query: str, total: int) -> None:
    ids, answer = listed(desk, f"{query}&count=5")
    assert answer.headers["x-total-count"] == str(total)
    assert len(ids) == min(5, total)
    assert set(ids) <= set(queue)


def test_export_has_every_row_of_a_filtered_list_and_runs_nothing(desk: Desk, queue: list[str]) -> None:
    desk.add("formula", AccountRole.IMPROVER)
    hostile = desk.request("formula", SFLUV, note='=HYPERLINK("http://x","y")')["id"]
    whole = desk.call("keeper", "GET", f"{LIST}/export?sort=requested_at").body.decode()
    assert [row[0] for row in csv.reader(io.StringIO(whole))] == ["id", *queue]
    lines = list(csv.reader(io.StringIO(desk.call("outsider", "GET", f"{LIST}/export").body.decode())))
    notes = {row[0]: row[lines[0].index("requester_note")] for row in lines[1:]}
    assert notes[hostile] == '\'=HYPERLINK("http://x","y")'
    approved = desk.call("keeper", "GET", f"{LIST}/export?status=approved").body.decode()
    assert approved.count("\r\n") == 11


def test_an_export_is_on_record_before_it_leaves(desk: Desk, queue: list[str]) -> None:
    listed_rows = desk.done("admin", "GET", "/api/v1/audit?action=data.exported&limit=100")["data"]
    whole = desk.call("keeper", "GET", f"{LIST}/export")
    assert whole.status == 200
    newest, *older = desk.done("admin", "GET", "/api/v1/audit?action=data.exported&limit=100")["data"]
    assert older == listed_rows
    assert (newest["actor"]["id"], newest["object"]) == (desk.ids["keeper"], {"type": "request_list", "id": "requests"})
    assert newest["data"]["rows"] == len(queue)


def test_sorting(desk: Desk, queue: list[str]) -> None:
    by_time = listed(desk, "sort=requested_at&count=100")[0]
    assert by_time == queue
    assert listed(desk, "sort=-requested_at&count=100")[0] == queue[::-1]
    assert listed(desk, "sort=requester_name&count=100")[0] == queue
    assert listed(desk, "sort=-requester_name&count=100")[0] == queue[::-1]
    states = [one["status"] for one in desk.done("keeper", "GET", f"{LIST}?sort=status&count=100")]
    assert states == sorted(states)


def test_counts_and_stats(desk: Desk, queue: list[str]) -> None:
    assert len(queue) == 40
    assert desk.done("keeper", "GET", f"{LIST}/counts") == {
        "queued": {"pending": 25, "approved": 10, "rejected": 5, "withdrawn": 0}
    }
    stats = desk.done("keeper", "GET", "/issuers/scopes?expand=stats")["stats"]
    assert (stats["pending"], stats["decided_today"], stats["oldest_at"]) == (25, 15, "2026-03-01T12:00:00Z")
    start = desk.served.clock.time
    desk.served.clock.move(hours=1, minutes=2)
    try:
        late = desk.done("keeper", "GET", "/issuers/scopes?expand=stats")["stats"]["past_target"]
    finally:
        desk.served.clock.time = start
    # Those that were asked for in the first two minutes, ten seconds apart.
    assert late == 12
    (row,) = desk.done("keeper", "GET", "/issuers/metrics?to=2026-03-01T13:00:00Z")
    assert (row["requested"], row["approved"], row["rejected"], row["steps_completed"]) == (40, 10, 5, 0)
    assert row["approval_rate"] == pytest.approx(10 / 15)
