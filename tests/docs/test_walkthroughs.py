"""The commands in the README and the guide run as they stand, against a fresh server, and give the answers shown."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.docs.reading import DOCS, ROOT, sections
from tests.support import quick, tools
from tests.support.server import RunningServer, serve

# The address that the pages speak of; each run puts its own server's in its place.
ADDRESS: Final = "127.0.0.1:8000"
SECONDS: Final = 120
GUIDE: Final = DOCS / "guide"
# Parts of answers that differ from office to office and from day to day.
VOLATILE: Final = (
    (re.compile(r"urn:uuid:[0-9a-f-]{36}"), "urn:uuid:…"),
    (re.compile(r"\b(slt|dlg|cal)_[a-z2-7]{26}"), r"\1_…"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "time"),
    (re.compile(r"127\.0\.0\.1:\d+"), ADDRESS),
    (re.compile(r"#\d+$"), "#place"),
)
VOLATILE_MEMBERS: Final = frozenset({"proofValue", "encodedList", "statusListIndex", "requestId"})


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    for tool in ("bash", "curl"):
        if shutil.which(tool) is None:
            tools.missing(f"No {tool}: the pages' commands are not run.")
    with serve("sqlite", program=quick.program()) as running:
        yield running


@dataclass(frozen=True)
class Walk:
    """A page that was walked: its folder with the files that its commands made, and what they printed."""

    folder: Path
    printed: str

    def read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


def walk(page: Path, server: RunningServer, folder: Path) -> Walk:
    """Run every shell block of a page in one shell; the first command that fails ends it."""
    blocks = [block.text for section in sections(page) for block in section.blocks if block.language == "sh"]
    script = "\n".join(block for block in blocks if not block.startswith("make "))
    commands = folder / ".venv" / "bin"
    commands.mkdir(parents=True)
    program = commands / "sealwright"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(server.program)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {**server.environment, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "PYTHONWARNINGS": ""}
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(ADDRESS, f"{server.host}:{server.port}")],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert run.returncode == 0, f"{page.name}: {run.stderr[-2000:]}\n{run.stdout[-2000:]}"
    return Walk(folder, run.stdout)


def steady(value: Any, name: str = "") -> Any:
    """A value without what differs from run to run."""
    if name in VOLATILE_MEMBERS:
        return type(value).__name__
    if isinstance(value, dict):
        return {member: steady(inner, member) for member, inner in value.items()}
    if isinstance(value, list):
        return [steady(inner) for inner in value]
    if isinstance(value, str):
        for pattern, word in VOLATILE:
            value = pattern.sub(word, value)
    return value


def shown(page: Path, title: str, index: int = 0) -> Any:
    """The n-th JSON block under a heading."""
    section = next(section for section in sections(page) if section.title == title)
    return json.loads([block.text for block in section.blocks if block.language == "json"][index])


def test_readme_leads_from_nothing_to_a_revoked_credential(server: RunningServer, tmp_path: Path) -> None:
    walked = walk(ROOT / "README.md", server, tmp_path)
    issued = walked.read("issued.json")
    assert list(issued) == [
        "credential",
        "credentialId",
        "statusListIndex",
        "statusListCredential",
        "transactionHash",
        "grantId",
        "offer",
    ]
    verdicts = re.findall(r'"verified":(true|false)', walked.printed)
    assert verdicts == ["true", "false"]
    assert '"code":"REVOKED"' in walked.printed
    assert '"type":["VerifiableCredential","StatusList2021Credential"]' in walked.printed


def test_first_credential_gives_the_answers_that_the_page_shows(server: RunningServer, tmp_path: Path) -> None:
    page = GUIDE / "first-credential.md"
    walked = walk(page, server, tmp_path)
    assert steady(walked.read("issued.json")) == steady(shown(page, "Issue"))
    assert steady(walked.read("report.json")) == steady(shown(page, "Verify"))
    assert steady(walked.read("revoked.json")) == steady(shown(page, "Revoke, and verify again"))
    assert steady(walked.read("refused.json")) == steady(shown(page, "What a wrong request looks like"))
    after = walked.read("report-after.json")
    changed = [check for check in after["checks"] if check not in walked.read("report.json")["checks"]]
    assert (after["verified"], changed) == (False, [shown(page, "Revoke, and verify again", 1)])
    answer = server.request("GET", walked.read("issued.json")["statusListCredential"].removeprefix(server.url))
    assert steady(answer.json()) == steady(shown(page, "Look at what others see"))


def test_first_delegation_works_as_written(server: RunningServer, tmp_path: Path) -> None:
    page = GUIDE / "first-delegation.md"
    walked = walk(page, server, tmp_path)
    assert steady(walked.read("delegation.json")) == steady(shown(page, "Delegate"))
    assert steady(walked.read("chain.json")) == steady(shown(page, "Let a stranger check it"))
    assert walked.read("chain.json")["valid"] is True
    assert steady(walked.read("allowed.json")) == steady(shown(page, "May it do this now?"))
    assert steady(walked.read("too-much.json")) == steady(shown(page, "May it do this now?", 1))
    assert [walked.read(name)["allowed"] for name in ("allowed.json", "too-much.json")] == [True, False]
    assert steady(walked.read("refused.json")) == steady(shown(page, "Take it back"))
    assert walked.read("refused.json")["reasons"][0]["code"] == "DELEGATION_REVOKED"
    assert steady(walked.read("after.json")) == steady(shown(page, "Take it back", 1))
    assert walked.read("after.json")["calls"] == 1


def test_issuers_page_makes_a_did_a_key_a_schema_and_a_credential(server: RunningServer, tmp_path: Path) -> None:
    page = GUIDE / "issuers.md"
    walked = walk(page, server, tmp_path)
    assert walked.read("did.json")["did"].startswith("did:adi:")
    assert walked.read("api-key.json")["issuerDids"] == [walked.read("did.json")["did"]]
    assert walked.read("schema.json")["schemaId"] == "did:adi:schema:first-aid-v1"
    assert walked.read("faults.json") == shown(page, "A schema")
    assert walked.read("first-aid.json")["credential"]["proof"]["cryptosuite"] == "eddsa-rdfc-2022"
    assert walked.read("suspended.json")["status"] == "suspended"
    assert walked.read("reinstated.json")["status"] == "valid"


def test_key_page_ends_what_a_lost_key_signed_and_renews_it(server: RunningServer, tmp_path: Path) -> None:
    page = GUIDE / "key-compromise.md"
    walked = walk(page, server, tmp_path)
    assert shown(page, "Stop it") in walked.read("before.json")["checks"]
    assert steady(walked.read("preview.json")) == shown(page, "See what it comes to")
    (renewed,) = walked.read("renewed.json")["batches"]
    assert (renewed["issued"], renewed["failed"], renewed["revoked"]) == (2, 0, 2)
    assert walked.read("rest.json")["code"] == "STATE_CONFLICT"
    after = walked.read("after.json")
    assert (after["status"], after["reasonCode"]) == ("revoked", "key_compromise")
    assert "sound" in walked.printed


def test_issuers_page_names_the_built_in_schemas(server: RunningServer) -> None:
    section = next(section for section in sections(GUIDE / "issuers.md") if section.title == "A schema")
    named = {row[0].strip("`"): row[1].strip("`") for row in section.table("Schema")}
    listed = server.request("GET", "/api/v1/schemas?limit=100").json()["data"]
    builtin = {one["schemaId"]: one["type"][0] for one in listed if one["author"] is None}
    assert named == builtin


def test_verifiers_page_verifies_over_http_and_offline(server: RunningServer, tmp_path: Path) -> None:
    walked = walk(GUIDE / "verifying.md", server, tmp_path)
    report = walked.read("report.json")
    assert report["verified"] is True
    passed = {check["name"] for check in report["checks"] if check["outcome"] == "passed"}
    assert {"holder", "trustedIssuer"} <= passed
    assert re.search(r"verified  urn:uuid:", walked.printed)


def test_delivering_page_offers_hands_over_and_gives_every_file(server: RunningServer, tmp_path: Path) -> None:
    walked = walk(GUIDE / "delivering.md", server, tmp_path)
    delivered = walked.read("delivered.json")
    assert walked.read("redeemed.json")["credential"] == delivered["credential"]
    offer = walked.read("offer.json")
    assert (offer["channel"], offer["state"], len(offer["txCode"])) == ("qr", "created", 6)
    assert "openid-credential-offer://" in walked.printed
    assert walked.read("form.json")["form"] == "dc+sd-jwt"
    assert (tmp_path / "certificate.pdf").read_bytes().startswith(b"%PDF-1.7")
    assert (tmp_path / "badge.png").read_bytes().startswith(b"\x89PNG")


def test_verifiers_page_names_the_checks_in_order(server: RunningServer, tmp_path: Path) -> None:
    section = next(section for section in sections(GUIDE / "verifying.md") if section.title == "The report")
    answer = server.request("POST", "/api/v1/credentials/verify", {"credential": {}}).json()
    assert [row[0].strip("`") for row in section.table("Check")] == [check["name"] for check in answer["checks"]]
    assert {row[0].strip("`") for row in section.table("Outcome")} == {
        "passed",
        "not_applicable",
        "failed",
        "unchecked",
    }


def test_workflows_page_opens_work_asks_the_gate_and_settles(server: RunningServer, tmp_path: Path) -> None:
    page = GUIDE / "workflows.md"
    walked = walk(page, server, tmp_path)
    assert steady(walked.read("closed.json")) == steady(shown(page, "Asking the gate"))
    (grant, opened) = walked.read("grant.json"), walked.read("open.json")
    assert (opened["allowed"], opened["satisfiedBy"]) == (True, [grant["id"]])
    assert walked.read("proposed.json")["id"] in [one["id"] for one in walked.read("feed.json")["workflows"]]
    assert walked.read("effects.json")["effects"]["steps_kept"][0]["step_id"] == walked.read("started.json")["id"]
    assert walked.read("completed.json")["status"] == "completed"
    assert (tmp_path / "payouts.csv").read_text(encoding="utf-8").count(walked.read("exported.json")[0]["id"]) == 1
    settled = walked.read("settled.json")
    assert (settled["status"], settled["amount"], settled["reference"]) == ("settled", 40, "Transfer 2026-117")


def test_operators_page_halts_resumes_and_audits(server: RunningServer, tmp_path: Path) -> None:
    tokens = server.command("demo")["users"]
    note = server.request("GET", "/api/v1/audit/checkpoint", key=tokens["admin"]["token"])
    (tmp_path / "checkpoint-from-elsewhere.txt").write_bytes(note.body)
    walked = walk(GUIDE / "operating.md", server, tmp_path)
    assert len(re.findall(r"^sound", walked.printed, re.MULTILINE)) == 3
    assert server.request("GET", "/admin/status", key=tokens["admin"]["token"]).json()["halted"] is False


def test_operators_page_names_the_metrics_of_ours(server: RunningServer) -> None:
    section = next(section for section in sections(GUIDE / "operating.md") if section.title == "Watching")
    named = {row[0].strip("`") for row in section.table("Metric")}
    # A counter without labels appears once it has counted; so something is issued and something refused before.
    server.request("POST", "/api/v1/credentials/issue", {}, key=server.api_key)
    text = server.request("GET", "/metrics").body.decode()
    kinds = re.findall(r"^# TYPE (sealwright_\w+) (?:counter|gauge|histogram)$", text, re.MULTILINE)
    assert named == {kind for kind in kinds if not kind.endswith("_created")}
