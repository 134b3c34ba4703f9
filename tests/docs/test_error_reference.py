"""The page of errors and the server's own table say the same: codes, statuses, titles, and what may be repeated."""

from __future__ import annotations

import json
import re
from typing import Final

import pytest

from sealwright.vc.verification.report import CREDENTIAL_CHECKS, PRESENTATION_CHECKS, ReportCode
from sealwright.web.api.shapes.answers import PROBLEM
from sealwright.web.problems import CATALOG
from sealwright.web.shape import compile_schema
from tests.docs.reading import DOCS, in_code, sections

PAGE: Final = DOCS / "reference" / "errors.md"
SECTIONS: Final = {section.title: section for section in sections(PAGE)}
REPORT_ONLY: Final = {code.value for code in ReportCode} - set(CATALOG)


def test_page_and_server_have_the_same_codes() -> None:
    described = {title for title in SECTIONS if re.fullmatch(r"[A-Z][A-Z_]+", title)}
    assert described == set(CATALOG) | REPORT_ONLY


def test_no_code_is_described_twice() -> None:
    titles = [section.title for section in sections(PAGE)]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("code", sorted(CATALOG))
def test_code_has_its_status_and_title(code: str) -> None:
    problem = CATALOG[code]
    again = " Retryable." if problem.retryable else ""
    first = SECTIONS[code].prose.strip().partition("\n\n")[0].replace("\n", " ")
    assert first == f"**{problem.status}** {problem.title}.{again}"


@pytest.mark.parametrize("code", sorted(REPORT_ONLY))
def test_code_of_reports_names_checks_that_exist(code: str) -> None:
    first = SECTIONS[code].prose.strip().partition("\n\n")[0]
    assert first.startswith("**Report**, check ")
    named = in_code(first)
    assert named
    assert set(named) <= {*CREDENTIAL_CHECKS, *PRESENTATION_CHECKS}


@pytest.mark.parametrize("code", sorted({*CATALOG, *REPORT_ONLY}))
def test_code_says_when_it_comes_and_what_to_do(code: str) -> None:
    paragraphs = SECTIONS[code].prose.strip().split("\n\n")
    assert len(paragraphs) == 3
    assert paragraphs[2].startswith("*What to do:* ")


def test_example_is_a_problem() -> None:
    block = SECTIONS["Errors"].blocks[0]
    value = json.loads(block.text)
    assert compile_schema({**PROBLEM, "additionalProperties": False}).is_valid(value)
    assert value["title"] == CATALOG[value["code"]].title
    assert value["status"] == CATALOG[value["code"]].status
