"""The limits that the guide states are those of the code, and its examples of bodies are taken by the server."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Final

import pytest

from sealwright.adapters import outbound
from sealwright.services import attachments
from sealwright.services.api_keys import DEFAULT_LIFE
from sealwright.services.people import TOKEN_LIFE
from sealwright.services.presentation_making import DEFAULT_LIFE as DEFAULT_LIFE_OF_PRESENTATION
from sealwright.services.presentation_making import LONGEST_LIFE as LONGEST_LIFE_OF_PRESENTATION
from sealwright.services.row_wire import ROW_BYTES
from sealwright.settings import load_settings
from sealwright.vc.canon.canonicalizer import DEADLINE_SECONDS
from sealwright.vc.credentials import structure
from sealwright.vc.proofs.bbs.requests import MAX_MESSAGES
from sealwright.vc.proofs.deriving import POINTERS_MOST
from sealwright.vc.proofs.verifying import MAX_SKEW
from sealwright.vc.schemas import reserved, vetting
from sealwright.vc.status.bitstring import MIN_LIST_BITS
from sealwright.web import beside, body, guard, incoming, query
from sealwright.web.api.shapes.credentials import MAX_BATCH, VERIFY_PRESENTATION
from sealwright.web.route import Route
from tests.docs.reading import DOCS, read_page, sections

GUIDE: Final = DOCS / "guide"
LIMITS: Final = {
    row[0]: row[1]
    for section in sections(GUIDE / "limits-and-errors.md")
    if section.title == "Limits"
    for row in section.table("What")
}
with tempfile.TemporaryDirectory() as _home:
    _DEFAULTS: Final = load_settings({"SEALWRIGHT_HOME": _home}, cwd=Path(_home))


def mebibytes(count: int) -> str:
    return f"{count >> 20} MiB"


def kibibytes(count: int) -> str:
    return f"{count >> 10} KiB"


STATED: Final = {
    "body": f"{mebibytes(_DEFAULTS.body_max_bytes)} (`SEALWRIGHT_BODY_MAX_BYTES`)",
    "a batch call: body, rows": (
        f"{mebibytes(_DEFAULTS.batch_body_max_bytes)} (`SEALWRIGHT_BATCH_BODY_MAX_BYTES`), "
        f"{_DEFAULTS.batch_inline_max:,} (`SEALWRIGHT_BATCH_INLINE_MAX`)"
    ),
    "uploaded rows: file, rows, a row": (
        f"{_DEFAULTS.rows_max_bytes >> 30} GiB (`SEALWRIGHT_ROWS_MAX_BYTES`), "
        f"{_DEFAULTS.batch_rows_max:,} (`SEALWRIGHT_BATCH_ROWS_MAX`), {kibibytes(ROW_BYTES)}"
    ),
    "uploads at once of one caller, in one process": f"{beside.UPLOADS_OF_ONE}, {beside.UPLOADS_AT_MOST}",
    f"time for {kibibytes(incoming.PROGRESS_BYTES)} of uploaded rows to arrive": f"{incoming.PROGRESS_SECONDS:.0f} s",
    "nesting of JSON": "32 levels",
    "members of an object, of all claims": f"{reserved.MAX_MEMBERS:,}, {reserved.MAX_MEMBERS_IN_ALL:,}",
    "a member name, a string, a list in claims": (
        f"{reserved.MAX_NAME_BYTES} bytes, {kibibytes(reserved.MAX_TEXT_BYTES)}, {reserved.MAX_ITEMS:,} items"
    ),
    "headers": (
        f"{guard.MAX_HEADERS}, {kibibytes(guard.MAX_HEADERS_BYTES)} in all, {kibibytes(guard.MAX_HEADER_BYTES)} each"
    ),
    "path and query": kibibytes(guard.MAX_URL_BYTES),
    "a value in the query": kibibytes(query.MAX_VALUE_BYTES),
    "time for a body to arrive": f"{body.READ_SECONDS:.0f} s",
    "time for an answer": (
        f"{Route.__dataclass_fields__['deadline_seconds'].default:.0f} s (revoking many: 300 s, audit verify: 600 s)"
    ),
    "credential schema": (f"{kibibytes(vetting.MAX_BYTES)}, {vetting.MAX_NODES:,} nodes, {vetting.MAX_DEPTH} levels"),
    "contexts, proofs in a document": f"{structure.MAX_CONTEXTS}, {structure.MAX_PROOFS}",
    "credentials in a presentation": str(structure.MAX_CREDENTIALS),
    "JSON pointers in one wish; statements of a credential under a suite of selective disclosure": (
        f"{POINTERS_MOST}, {MAX_MESSAGES:,}"
    ),
    "life of a presentation that is made here": (
        f"{DEFAULT_LIFE_OF_PRESENTATION.seconds // 60} minutes, "
        f"at most {LONGEST_LIFE_OF_PRESENTATION.seconds // 3600} hour"
    ),
    "bringing a stranger's document into its canonical form": f"{DEADLINE_SECONDS:.0f} s",
    "an uploaded file; a person's files that no request names yet": (
        f"{mebibytes(attachments.ATTACHMENT_BYTES)}; {attachments.LOOSE_FILES_MOST}, "
        f"{mebibytes(attachments.LOOSE_BYTES_MOST)} together, older ones than a day give way"
    ),
    "credentials in `batch-revoke`": f"{MAX_BATCH:,}",
    "page": "20 items, at most 100",
    "expiry": f"{_DEFAULTS.expiration_max_years} years ahead (`SEALWRIGHT_EXPIRATION_MAX_YEARS`)",
    "entries of a status list": f"{MIN_LIST_BITS:,} or more",
    "looking others up: time, answer, status list packed and unpacked": (
        f"{outbound.DEADLINE_SECONDS:.0f} s, 64 KiB, 1 MiB and 8 MiB"
    ),
    "API key, personal token": "one year, 90 days unless said otherwise",
}


@pytest.mark.parametrize("what", sorted(STATED))
def test_stated_limit_is_that_of_the_code(what: str) -> None:
    assert LIMITS[what] == STATED[what]


def test_lives_and_skew_are_those_of_the_code() -> None:
    assert (DEFAULT_LIFE.days, TOKEN_LIFE.days) == (365, 90)
    assert f"{MAX_SKEW.total_seconds():.0f} s" in read_page(GUIDE / "verifying.md")


def test_stated_rates_are_the_defaults() -> None:
    text = " ".join(read_page(GUIDE / "operating.md").split())
    stated = (
        f"issuing {_DEFAULTS.rate_issue_per_minute}, batches {_DEFAULTS.rate_batch_per_minute}, "
        f"acts of agents {_DEFAULTS.rate_act_per_minute:,}, other changes {_DEFAULTS.rate_write_per_minute}, "
        f"reading {_DEFAULTS.rate_read_per_minute:,}, "
        f"each for one key or person; and {_DEFAULTS.rate_public_per_minute} for one address without a token"
    )
    assert stated in text


def test_example_of_a_presentation_is_a_body_that_the_server_takes() -> None:
    section = next(section for section in sections(GUIDE / "verifying.md") if section.title == "Presentations")
    (block,) = section.blocks
    assert VERIFY_PRESENTATION.read(block.text.encode()) == json.loads(block.text)
