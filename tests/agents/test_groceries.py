"""The example, as its README tells it: an agent buys groceries within Pat's limits, and not beyond, and not afterwards.

Nothing in it is ours to pretend: an office in processes of its own, its tool server over standard input and output
behind the protocol's own client, a shop over HTTP, and the agent as a program.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from sealwright.protocols.capability.proof import ProofKey
from sealwright.relying import LocalMemory, Office
from tests.support import postgres

pytest.importorskip("mcp")

ROOT: Final = Path(__file__).resolve().parents[2]
EXAMPLE: Final = ROOT / "examples" / "groceries"
SECONDS: Final = 90


class Town:
    """The town of the example, as its own process."""

    def __init__(self, folder: Path) -> None:
        self.settings = folder / "agent.json"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("SEALWRIGHT_")}
        self.environment["PYTHONPATH"] = str(ROOT / "src")
        ports = [f"--{name}-port={postgres.free_port()}" for name in ("office", "shop")]
        self._log = (folder / "log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, str(EXAMPLE / "town.py"), *ports, "--settings", str(self.settings)],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        if "The office is at" not in self.line() or "Enter takes" not in self.line():
            self._log.seek(0)
            raise AssertionError(self._log.read())

    def line(self) -> str:
        """The next line that the town prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def take_back(self) -> str:
        """Press Enter."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.line()

    def shopping(self, *items: str) -> tuple[int, str]:
        """Send the agent shopping; its exit code and what it says."""
        run = subprocess.run(
            [sys.executable, str(EXAMPLE / "agent.py"), *items, "--settings", str(self.settings)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert run.returncode in (0, 3), run.stderr
        return run.returncode, run.stdout

    def close(self) -> None:
        """End it as Ctrl-C does; by another signal, since whoever runs in the background may have that one ignored."""
        self.process.terminate()
        self.process.wait(SECONDS)
        self._log.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A town of this test's own."""
    made = Town(tmp_path)
    yield made
    made.close()


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The agent's own module, for a dishonest agent to be made of."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    return module_of("agent")


def module_of(name: str) -> ModuleType:
    """A program of the example, as a module."""
    spec = importlib.util.spec_from_file_location(f"groceries_{name}", EXAMPLE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_quote_of_one_process_of_the_shop_holds_in_all_of_them() -> None:
    made = module_of("shop")
    url, office = "https://shop.example", Office("https://office.example", api_key="key")
    first, second = (made.Shop(url, office, {"did:adi:human001"}, LocalMemory(), b"ours") for _ in range(2))
    status, quote = post(first, "/quotes", {"milk": 2, "bread": 1})
    assert (status, quote["token"]["context"]["amount"]) == (201, 9.0)
    # It is asked for a token, so the quote is known.
    assert post(second, "/orders", {"quoteId": quote["quoteId"]})[1]["code"] == "TOKEN_MISSING"
    stranger = made.Shop(url, office, {"did:adi:human001"}, LocalMemory(), b"theirs")
    amount, ends, mark = quote["quoteId"].split("~")
    cheaper, longer = f"0.01~{ends}~{mark}", f"{amount}~{int(ends) + 1}~{mark}"
    for shop, quote_id in ((stranger, quote["quoteId"]), (first, cheaper), (first, longer), (first, ""), (first, 7)):
        status, refused = post(shop, "/orders", {"quoteId": quote_id})
        assert (status, refused["code"]) == (409, "QUOTE_OVER")


def post(shop: Any, path: str, body: object) -> tuple[int, dict[str, Any]]:
    """Ask a shop without a server."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"body": json.dumps(body).encode()}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(shop({"type": "http", "method": "POST", "path": path, "headers": []}, receive, send))
    return int(sent[0]["status"]), json.loads(sent[1]["body"])


def test_the_example_agent_buys_within_its_limits_and_no_longer_than_it_may(town: Town, agent: ModuleType) -> None:
    code, said = town.shopping("milk=2", "bread=1")
    assert (code, "Bought for 9.0 USD, charged to did:adi:human001." in said) == (0, True), said
    assert "Left: maxSpendPerWeek 100." in said

    code, said = town.shopping("champagne=1", "milk=2")
    assert code == 3
    assert "DELEGATION_CONSTRAINT_EXCEEDED: maxSpendPerTransaction allows 50 at most" in said

    code, said = town.shopping("champagne=1")
    assert (code, "Left: maxSpendPerWeek 91." in said) == (0, True), said
    # 9 and 48 are spent; another 48 is within one purchase, and beyond the week.
    code, said = town.shopping("champagne=1")
    assert code == 3
    assert "DELEGATION_CONSTRAINT_EXCEEDED: maxSpendPerWeek allows 100 at most, and 43 is left" in said

    asyncio.run(_cheat(town, agent))

    code, said = town.shopping("milk=1")
    assert code == 3
    assert "Nobody has delegated anything to you that is in force." in said
    assert "DELEGATION_NOT_FOUND" in said


async def _cheat(town: Town, agent: Any) -> None:
    """What the office lets pass or never sees, the shop refuses."""
    settings = json.loads(town.settings.read_text("utf-8"))
    shop = settings["shop"]
    async with agent.tools(settings["office"], settings["keyFile"]) as session:

        async def token_for(quote: dict[str, Any], key: ProofKey) -> str:
            wanted = quote["token"]
            act = {"audience": wanted["audience"], "action": wanted["action"], **wanted["context"]}
            made = await agent.use(session, "make_token", **act, jkt=key.jkt)
            return str(made["token"])

        def quote(**basket: int) -> dict[str, Any]:
            return dict(agent.ask("POST", f"{shop}/quotes", basket))

        def order(key: ProofKey, token: str, quoted: dict[str, Any]) -> str:
            headers = key.headers(token, method="POST", url=quoted["order"], now=datetime.now(UTC))
            try:
                agent.ask("POST", quoted["order"], {"quoteId": quoted["quoteId"]}, headers)
            except agent.NotAllowed as error:
                return str(error)
            return "bought"

        key, cheap, dear = ProofKey(), quote(milk=1), quote(coffee=1)
        token = await token_for(cheap, key)
        assert "TOKEN_ACT_MISMATCH" in order(key, token, dear)
        assert "TOKEN_PROOF_KEY_MISMATCH" in order(ProofKey(), token, cheap)
        assert order(key, token, cheap) == "bought"
        assert "TOKEN_REPLAYED" in order(key, token, quote(milk=1))

        # Two tokens for what is left once: the office counts when the shop asks, and each penny once.
        first, second = quote(coffee=3), quote(coffee=3)
        tokens = [await token_for(one, key) for one in (first, second)]
        assert order(key, tokens[0], first) == "bought"
        assert "DELEGATION_CONSTRAINT_EXCEEDED" in order(key, tokens[1], second)

        calls = await agent.use(session, "my_calls")
        recorded = [call["context"]["amount"] for call in calls["calls"] if call["recorded"]]
        assert sorted(recorded) == [2.25, 9, 35.7, 48]

        late = quote(bread=1)
        token = await token_for(late, key)
        assert "is revoked" in await asyncio.to_thread(town.take_back)
        assert "the shop: DELEGATION_REVOKED" in order(key, token, late)
