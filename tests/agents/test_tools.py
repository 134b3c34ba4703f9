"""The tools as an agent has them: the protocol's own client, our program over standard input and output, an office."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from mcp import Client, StdioServerParameters

from sealwright.cli.door import run
from sealwright.protocols.capability.token import LONGEST_LIFE as LONGEST_TOKEN_LIFE
from sealwright.services.presentation_making import LONGEST_LIFE as LONGEST_PRESENTATION_LIFE
from tests.support import quick
from tests.support.server import ISSUER, PROGRAM, SOURCES, RunningServer, serve

AGENT: Final = "did:adi:agent:7f3a"
HOLDER: Final = "did:adi:holder001"
DEGREE: Final = "did:adi:schema:university-degree-v1"
CLAIMS: Final = {"degree": {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 3.8}}
ENDS: Final = "2028-01-01T00:00:00Z"
THUMBPRINT: Final = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
TOOLS: Final = {
    *("what_may_i_do", "may_i", "request_credential", "present_delegation", "make_token"),
    *("issue_credential", "ask_for_approval", "approval_state", "my_calls"),
}


@dataclass(frozen=True)
class World:
    """A running office, an agent's key for it, and two delegators: an issuer, and a person who may ask."""

    server: RunningServer
    key: str
    person_token: str
    person_did: str
    admin_token: str

    def ask(self, method: str, path: str, body: object = None, *, key: str, status: int = 200) -> Any:
        answer = self.server.request(method, path, body, key=key)
        assert answer.status == status, answer.body
        return answer.json()

    def delegate(self, delegator: str, scope: list[str], *, key: str, **limits: Any) -> dict[str, Any]:
        body = {
            "delegatorDid": delegator,
            "delegateDid": AGENT,
            "scope": scope,
            "constraints": limits,
            "expirationDate": ENDS,
        }
        made: dict[str, Any] = self.ask("POST", "/api/v1/delegations", body, key=key, status=201)
        return made

    def end(self, delegation: dict[str, Any], *, key: str) -> None:
        path = f"/api/v1/delegations/{delegation['delegationId']}/revoke"
        self.ask("POST", path, {"reason": "Enough."}, key=key)

    def audit(self, **query: str) -> list[dict[str, Any]]:
        listed = "&".join(f"{name}={value}" for name, value in query.items())
        found = self.ask("GET", f"/api/v1/audit?limit=100&{listed}", key=self.admin_token)
        return list(found["data"])


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One office for all stories here; each makes and ends delegations of its own."""
    with serve("sqlite", program=quick.program()) as server:
        key = server.command("api-key", "create", "--issuer-did", AGENT, "--name", "agent")["api_key"]
        person = server.command(
            "user", "create", "--email", "pat@example.org", "--name", "Pat", "--roles", "improver", "--verified"
        )
        token = server.command("user", "token", person["user_id"])["token"]
        did = server.request("POST", "/api/v1/dids", {"kind": "human", "name": "Pat"}, key=token).json()["did"]
        admin = server.command("user", "create", "--email", "root@example.org", "--name", "Root", "--roles", "admin")
        yield World(server, key, token, did, server.command("user", "token", admin["user_id"])["token"])


@dataclass(frozen=True)
class Said:
    """What a tool answered."""

    text: str
    members: dict[str, Any]
    is_error: bool


Call = Callable[..., Awaitable[Said]]


def with_tools(world: World, story: Callable[[Client, Call], Awaitable[None]], *, mode: str = "auto") -> None:
    """Start the tools as an agent's host does, and tell a story with them."""

    async def tell() -> None:
        server = StdioServerParameters(
            command=sys.executable,
            args=[*PROGRAM[1:], "agent", "tools", "--office", world.server.url],
            env={"SEALWRIGHT_AGENT_KEY": world.key, "PYTHONPATH": str(SOURCES)},
        )
        async with Client(server, mode=mode) as client:

            async def call(tool: str, **arguments: Any) -> Said:
                result = await client.call_tool(tool, arguments)
                assert len(result.content) == 1
                return Said(result.content[0].text, result.structured_content, result.is_error)

            await story(client, call)

    anyio.run(tell)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_tools_are_listed_with_what_they_take(world: World, mode: str) -> None:
    async def story(client: Client, call: Call) -> None:
        listed = (await client.list_tools()).tools
        assert {tool.name for tool in listed} == TOOLS
        assert all(tool.description and tool.title for tool in listed)
        assert all(tool.input_schema["additionalProperties"] is False for tool in listed)
        assert {tool.name for tool in listed if tool.annotations and tool.annotations.read_only_hint} == {
            *("what_may_i_do", "approval_state", "my_calls")
        }
        longest = {tool.name: tool.input_schema["properties"].get("expiresInSeconds") for tool in listed}
        assert longest["make_token"]["maximum"] == LONGEST_TOKEN_LIFE.total_seconds()
        assert longest["present_delegation"]["maximum"] == LONGEST_PRESENTATION_LIFE.total_seconds()
        # A model reads nothing but this: every member says what it is.
        members = [one for tool in listed for one in tool.input_schema["properties"].values()]
        assert all(one.get("description") for one in members)
        none = await call("what_may_i_do")
        assert none.text.startswith("Nobody has delegated anything to you that is in force.")
        assert none.members == {"agentDid": AGENT, "asOf": none.members["asOf"], "delegations": []}

    with_tools(world, story, mode=mode)


def test_agent_learns_what_it_may_do_and_what_is_left(world: World) -> None:
    made = world.delegate(
        ISSUER, ["purchase:*"], key=world.server.api_key, maxSpendPerDay=100, authorizedMerchants=["m1"]
    )

    async def story(_client: Client, call: Call) -> None:
        held = (await call("what_may_i_do")).members["delegations"]
        assert [one["delegationId"] for one in held] == [made["delegationId"]]
        assert held[0]["remaining"] == {"maxSpendPerDay": 100}
        assert (held[0]["onBehalfOf"], held[0]["effective"]) == (ISSUER, True)
        bought = await call("may_i", action="purchase:groceries", amount=58.5, merchant="m1", record=True)
        assert bought.members["allowed"] is True
        assert bought.members["remaining"] == {"maxSpendPerDay": 41.5}
        assert bought.text.startswith("Yes, purchase:groceries is allowed now. Left: maxSpendPerDay 41.5.")
        refused = await call("may_i", action="purchase:groceries", amount=41.51, merchant="m1")
        assert (refused.is_error, refused.members["allowed"]) == (False, False)
        assert refused.members["reasons"][0]["code"] == "DELEGATION_CONSTRAINT_EXCEEDED"
        assert refused.text.startswith("No, purchase:groceries is not allowed now.")
        elsewhere = await call("may_i", action="purchase:groceries", amount=1, merchant="m2")
        assert elsewhere.members["allowed"] is False
        other = await call("may_i", action="credential:issue", schemaId=DEGREE)
        assert other.members["reasons"][0]["code"] == "DELEGATION_ACTION_NOT_COVERED"
        calls = (await call("my_calls")).members["calls"]
        # Within one second they stand in any order.
        assert {one["via"] for one in calls} == {"tools"}
        assert sorted((one["allowed"], one["recorded"]) for one in calls) == [*((False, False),) * 3, (True, True)]
        newest = (await call("my_calls", delegation=made["credentialId"], limit=1)).members["calls"]
        assert newest[0]["callId"] in {one["callId"] for one in calls}
        assert len(newest) == 1

    with_tools(world, story)
    rows = [row for row in world.audit(action="delegation.used") if row["data"]["agentDid"] == AGENT]
    assert [row["actor"] for row in rows] == [{"type": "agent", "id": AGENT, "auth": "api_key"}]
    world.end(made, key=world.server.api_key)


def test_agent_issues_for_its_delegator_within_limits(world: World) -> None:
    key = world.server.api_key
    made = world.delegate(ISSUER, ["credential:issue"], key=key, authorizedSchemas=[DEGREE], maxCallsPerDay=1)

    async def story(_client: Client, call: Call) -> None:
        wrong = await call("issue_credential", schemaId=DEGREE, holderDid=HOLDER, claims={"degree": 3})
        assert (wrong.is_error, wrong.members["code"]) == (True, "SCHEMA_VALIDATION_FAILED")
        assert wrong.text.startswith("SCHEMA_VALIDATION_FAILED: ")
        assert {fault["pointer"] for fault in wrong.members["errors"]} == {"/claims/degree"}
        kyc = "did:adi:schema:kyc-v1"
        foreign = await call("issue_credential", schemaId="did:adi:schema:nothing", holderDid=HOLDER, claims={})
        assert foreign.members["code"] == "SCHEMA_NOT_FOUND"
        other = await call("issue_credential", schemaId=kyc, holderDid=HOLDER, claims={"level": "basic"})
        assert other.members["code"] in ("DELEGATION_CONSTRAINT_EXCEEDED", "SCHEMA_VALIDATION_FAILED")
        itself = await call("issue_credential", schemaId=DEGREE, holderDid=AGENT, claims=CLAIMS)
        assert itself.members["code"] == "SELF_DECISION"
        # None of this was counted: one act is left, and is done.
        done = await call("issue_credential", schemaId=DEGREE, holderDid=HOLDER, claims=CLAIMS)
        assert done.is_error is False, done.text
        assert done.members["onBehalfOf"] == ISSUER
        assert done.members["credential"]["issuer"]["id"] == ISSUER
        assert done.members["credential"]["credentialSubject"]["id"] == HOLDER
        report = world.ask("POST", "/api/v1/credentials/verify", {"credential": done.members["credential"]}, key=key)
        assert report["verified"] is True
        again = await call("issue_credential", schemaId=DEGREE, holderDid=HOLDER, claims=CLAIMS)
        assert (again.is_error, again.members["code"]) == (True, "DELEGATION_CONSTRAINT_EXCEEDED")
        row = world.audit(action="credential.issued", object=done.members["credentialId"])[0]
        assert row["actor"] == {"type": "agent", "id": AGENT, "auth": "api_key"}
        world.end(made, key=key)
        ended = await call("issue_credential", schemaId=DEGREE, holderDid=HOLDER, claims=CLAIMS)
        assert ended.members["code"] == "DELEGATION_NOT_FOUND"

    with_tools(world, story)


def test_person_approves_before_the_agent_acts(world: World) -> None:
    key = world.person_token
    made = world.delegate(world.person_did, ["credential:request"], key=key, requireApproval=True)

    async def story(_client: Client, call: Call) -> None:
        wish = {"credentialType": "sfluv_verifier", "note": "Pat is trained."}
        asked = await call("request_credential", **wish)
        assert (asked.is_error, asked.members["code"]) == (True, "DELEGATION_APPROVAL_REQUIRED")
        act = {"action": "credential:request", "request": wish}
        unsaid = await call("ask_for_approval", action="credential:request")
        assert (unsaid.is_error, unsaid.members["errors"][0]["pointer"]) == (True, "/request")
        question = await call("ask_for_approval", **act, note="For the new job.")
        assert question.is_error is False, question.text
        approval = question.members["approvalId"]
        assert question.members["status"] == "waiting"
        early = await call("request_credential", **wish, approvalId=approval)
        assert early.members["code"] == "DELEGATION_APPROVAL_REQUIRED"
        world.ask("POST", f"/api/v1/approvals/{approval}/approve", key=key)
        assert (await call("approval_state", approvalId=approval)).members["status"] == "approved"
        other = await call("request_credential", **{**wish, "note": "Pat is not."}, approvalId=approval)
        assert other.members["code"] == "DELEGATION_APPROVAL_REQUIRED"
        filed = await call("request_credential", **wish, approvalId=approval)
        assert filed.is_error is False, filed.text
        assert (filed.members["status"], filed.members["onBehalfOf"]) == ("pending", world.person_did)
        own = world.ask("GET", f"/improvers/credential-requests/{filed.members['requestId']}", key=key)
        assert own["credential_type"] == "sfluv_verifier"
        assert (await call("approval_state", approvalId=approval)).members["status"] == "spent"
        again = await call("request_credential", **wish, approvalId=approval)
        assert again.is_error is True
        row = world.audit(action="request.created", object=filed.members["requestId"])[0]
        assert row["actor"] == {"type": "agent", "id": AGENT, "auth": "api_key"}

    with_tools(world, story)
    world.end(made, key=key)


def test_agent_presents_and_makes_tokens(world: World) -> None:
    key = world.server.api_key
    made = world.delegate(ISSUER, ["purchase:groceries"], key=key, maxSpendPerTransaction=60)

    async def story(_client: Client, call: Call) -> None:
        shown = await call("present_delegation", challenge="n-0S6", domain="shop.example")
        assert shown.is_error is False, shown.text
        report = world.ask(
            "POST",
            "/api/v1/presentations/verify",
            {
                "presentation": shown.members["presentation"],
                "options": {"challenge": "n-0S6", "domain": "shop.example"},
            },
            key=key,
        )
        assert report["verified"] is True
        act = {"audience": "https://shop.example", "action": "purchase:groceries", "jkt": THUMBPRINT}
        token = await call("make_token", **act, amount=42.5, currency="USD")
        assert token.is_error is False, token.text
        found = world.ask("POST", "/api/v1/capability-tokens/verify", {"token": token.members["token"]}, key=key)
        assert found["valid"] is True
        assert (found["agentDid"], found["action"]) == (AGENT, "purchase:groceries")
        dear = await call("make_token", **act, amount=60.5)
        assert (dear.is_error, dear.members["code"]) == (True, "DELEGATION_CONSTRAINT_EXCEEDED")
        asked = await call("ask_for_approval", action="purchase:groceries", amount=60.5)
        # What is refused is told once, though it is the refusal and its fault.
        assert asked.text == "DELEGATION_CONSTRAINT_EXCEEDED: maxSpendPerTransaction allows 60 at most for one act."

    with_tools(world, story)
    world.end(made, key=key)


def test_what_fits_no_tool_is_refused_by_name(world: World) -> None:
    async def story(_client: Client, call: Call) -> None:
        nothing = await call("sell_everything")
        assert (nothing.is_error, nothing.members["code"]) == (True, "UNKNOWN_TOOL")
        bare = await call("may_i")
        assert bare.members["errors"] == [{"pointer": "/action", "code": "MISSING_FIELD", "detail": "is missing"}]
        more = await call("may_i", action="a:b", approved=True)
        assert (more.is_error, more.members["code"]) == (True, "UNKNOWN_FIELD")
        wrong = await call("may_i", action="a:b", amount="much")
        assert wrong.members["code"] == "INVALID_TYPE"
        form = await call("may_i", action="purchase:*")
        assert (form.is_error, form.members["code"]) == (True, "INVALID_VALUE")
        gone = await call("approval_state", approvalId="../../dids")
        assert gone.members["code"] in ("APPROVAL_NOT_FOUND", "NOT_FOUND")

    with_tools(world, story)


def run_tools(tmp_path: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start the tools with nobody on the other side."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEALWRIGHT_")}
    return subprocess.run(
        [*PROGRAM, "agent", "tools", *options],
        env={**kept, "PYTHONPATH": str(SOURCES), "SEALWRIGHT_HOME": str(tmp_path / "home"), **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def test_keys_that_are_no_agents_are_told_at_the_start(world: World, tmp_path: Path) -> None:
    office = ("--office", world.server.url)
    wrong = run_tools(tmp_path, *office, SEALWRIGHT_AGENT_KEY="swk_" + "x" * 40)
    assert (wrong.returncode, wrong.stdout) == (3, "")
    assert "UNAUTHENTICATED" in wrong.stderr
    issuers = run_tools(tmp_path, *office, SEALWRIGHT_AGENT_KEY=world.server.api_key)
    assert (issuers.returncode, issuers.stdout) == (2, "")
    assert "not bound to the DID of one agent" in issuers.stderr
    key_file = tmp_path / "key"
    key_file.write_text(world.key + "\n")
    key_file.chmod(0o644)
    open_file = run_tools(tmp_path, *office, "--key-file", str(key_file))
    assert (open_file.returncode, "chmod 600" in open_file.stderr) == (2, True)
    key_file.chmod(0o600)
    closed = run_tools(tmp_path, *office, "--key-file", str(key_file))
    assert (closed.returncode, closed.stdout, closed.stderr) == (0, "", "")
    for said in (wrong, issuers, open_file, closed):
        assert world.key not in said.stderr
        assert world.server.api_key not in said.stderr


def test_addresses_that_would_give_the_key_away_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("SEALWRIGHT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SEALWRIGHT_HOME", str(tmp_path / "home"))
    assert run(["agent", "tools"]) == 2
    assert "SEALWRIGHT_AGENT_KEY" in capsys.readouterr().err
    monkeypatch.setenv("SEALWRIGHT_AGENT_KEY", "swk_" + "k" * 40)
    for url in (
        *("http://office.example", "https://office.example/path", "ftp://office.example", "office.example"),
        *("http://127.0.0.1.example", "http://localhost@office.example", "https://office.example?x=1", "http://[::2]"),
    ):
        assert run(["agent", "tools", "--office", url]) == 2, url
        assert "kkkk" not in capsys.readouterr().err
    assert run(["agent", "tools", "--office", "http://127.0.0.1:1"]) == 1
    assert "cannot be reached" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['mcp'] = None; sys.modules['mcp_types'] = None\n"
        "from sealwright.cli.door import run; sys.exit(run(['agent', 'tools']))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(SOURCES), "SEALWRIGHT_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (said.returncode, said.stdout) == (2, "")
    assert "pip install 'sealwright[agents]'" in said.stderr


def test_other_commands_do_not_load_the_protocol(tmp_path: Path) -> None:
    code = (
        "import sys; from sealwright.cli.door import run; run(['agent', 'list', '--json'])\n"
        "print(sorted(name for name in sys.modules if name.partition('.')[0] in ('mcp', 'mcp_types')))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(SOURCES), "SEALWRIGHT_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.stdout.splitlines()[-1] == "[]"
