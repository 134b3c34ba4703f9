"""serve, as a process of its own, with commands beside it."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support import server as support

from .conftest import ISSUE_BODY, Said, Served, Terminal


def _ask(url: str, path: str, body: object = None, key: str | None = None) -> support.Answer:
    host, _, port = url.removeprefix("http://").partition(":")
    server = support.RunningServer(host, int(port), 0, "", {}, Path("/dev/null"))
    return server.request("GET" if body is None else "POST", path, body, key=key)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_server_tells_when_it_is_ready_and_ends_politely(
    workers: str, demo: dict[str, Any], home: Path, tmp_path: Path, running: list[Served], terminal: Terminal
) -> None:
    served = Served(home, tmp_path / "log", "--port", "0", "--workers", workers, "--json")
    running.append(served)
    ready = json.loads(served.first_line())
    assert set(ready) == {"ready", "url", "pid"}
    assert (ready["ready"], ready["pid"]) == (True, served.process.pid)
    assert _ask(ready["url"], "/healthz").json() == {"status": "ok"}
    key = demo["issuer_api_keys"]["did:adi:issuer001"]
    issued = _ask(ready["url"], "/api/v1/credentials/issue", ISSUE_BODY, key)
    assert issued.status == 201
    credential_id = issued.json()["credentialId"]
    # A command beside the running server: its effect is there at the next request.
    assert terminal("revoke", credential_id, "--reason", "x").code == 0
    status = _ask(ready["url"], f"/api/v1/credentials/{credential_id}/status")
    assert status.json()["revoked"] is True
    code, seconds = served.stop()
    assert code == 0, served.log.read_text()
    assert seconds < 10
    assert served.process.stdout is not None
    assert served.process.stdout.read() == ""
    # Stopping sealed the tail of the trail.
    verdict = terminal("audit", "verify").answer
    assert verdict["verified"] is True
    assert verdict["checkpoints"] >= 1


def test_commands_beside_a_server_act_at_its_next_request(
    demo: dict[str, Any], home: Path, tmp_path: Path, running: list[Served], terminal: Terminal
) -> None:
    served = Served(home, tmp_path / "log", "--port", "0", "--no-worker", "--json")
    running.append(served)
    url = json.loads(served.first_line())["url"]
    key = demo["issuer_api_keys"]["did:adi:issuer001"]

    def issue() -> support.Answer:
        return _ask(url, "/api/v1/credentials/issue", ISSUE_BODY, key)

    assert issue().status == 201
    assert terminal("halt", "--reason", "drill").code == 0
    assert issue().json()["code"] == "ISSUING_HALTED"
    assert terminal("resume").code == 0
    assert issue().status == 201
    assert terminal("schema", "deactivate", ISSUE_BODY["schemaId"]).code == 0
    assert issue().json()["code"] == "SCHEMA_INACTIVE"
    keys = terminal("api-key", "list").answer["items"]
    mine = next(one["api_key_id"] for one in keys if key.startswith(one["prefix"]))
    assert terminal("api-key", "revoke", mine).code == 0
    assert issue().status == 401
    assert served.stop(signal.SIGINT)[0] == 0


def test_plain_server_says_where_it_is(
    founded: dict[str, Any], home: Path, tmp_path: Path, running: list[Served]
) -> None:
    served = Served(home, tmp_path / "log", "--port", "0")
    running.append(served)
    line = served.first_line()
    assert line.startswith("Sealwright is ready at http://127.0.0.1:")
    assert served.process.stdout is not None
    assert str(home) in served.process.stdout.readline()
    assert "begin with http://127.0.0.1:8000 into what they sign" in served.process.stdout.readline()
    port = line.split()[4].rpartition(":")[2]
    assert f"set SEALWRIGHT_BIND=127.0.0.1:{port} for all" in served.process.stdout.readline()
    assert served.stop()[0] == 0
    assert all(json.loads(entry)["level"] for entry in served.log.read_text().splitlines())


def test_server_without_office_answers_health_and_waits_for_setup(
    home: Path, tmp_path: Path, running: list[Served], terminal: Terminal
) -> None:
    served = Served(home, tmp_path / "log", "--port", "0", "--json")
    running.append(served)
    url = json.loads(served.first_line())["url"]
    assert _ask(url, "/healthz").status == 200
    assert _ask(url, "/api/v1/schemas").json()["code"] == "SETUP_REQUIRED"
    assert terminal("init").answer["already_initialized"] is False
    assert len(_ask(url, "/api/v1/schemas").json()["data"]) == 9
    assert served.stop()[0] == 0


def test_taken_port_is_misuse(founded: dict[str, Any], terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said: Said = terminal("serve", "--port", str(taken.getsockname()[1]))
    assert (said.code, said.problem["code"]) == (2, "USAGE")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--port", "70000"), "SEALWRIGHT_BIND"),
        (("--workers", "0"), "SEALWRIGHT_WORKERS"),
        (("--host", "0.0.0.0", "--port", "0"), "SEALWRIGHT_PUBLIC_URL"),
    ],
)
def test_options_are_judged_as_settings(options: tuple[str, ...], named: str, terminal: Terminal, home: Path) -> None:
    said = terminal("serve", *options)
    assert (said.code, said.problem["code"]) == (2, "INVALID_SETTING")
    assert named in said.problem["detail"]
    assert not home.exists()


def test_worker_that_is_killed_is_replaced(
    demo: dict[str, Any], home: Path, tmp_path: Path, running: list[Served]
) -> None:
    served = Served(home, tmp_path / "log", "--port", "0", "--workers", "2", "--json")
    running.append(served)
    url = json.loads(served.first_line())["url"]
    before = support._descendants(served.process.pid)
    assert len(before) == 2
    os.kill(before[0], signal.SIGKILL)
    deadline = time.monotonic() + support.START_SECONDS
    while time.monotonic() < deadline:
        now = support._descendants(served.process.pid)
        if len(now) == 2 and before[0] not in now:
            break
        time.sleep(0.05)
    assert len(now) == 2
    assert _ask(url, "/healthz").status == 200
    assert served.stop()[0] == 0


def test_workers_do_not_outlive_a_killed_parent(
    founded: dict[str, Any], home: Path, tmp_path: Path, running: list[Served]
) -> None:
    served = Served(home, tmp_path / "log", "--port", "0", "--workers", "2", "--json")
    running.append(served)
    served.first_line()
    workers = support._descendants(served.process.pid)
    served.process.kill()
    served.process.wait()
    deadline = time.monotonic() + support.STOP_SECONDS
    while time.monotonic() < deadline and any(_lives(pid) for pid in workers):
        time.sleep(0.05)
    assert not any(_lives(pid) for pid in workers)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _links(terminal: Terminal) -> set[str]:
    """Where the demo's links to sign in begin."""
    users = json.loads(terminal("demo").out)["users"].values()
    return {user["sign_in_url"].partition("/login/")[0] for user in users}


def test_commands_beside_a_server_name_its_own_port(
    demo: dict[str, Any], home: Path, tmp_path: Path, running: list[Served], terminal: Terminal
) -> None:
    assert _links(terminal) == {"http://127.0.0.1:8000"}
    served = Served(home, tmp_path / "log", "--port", "0", "--json")
    running.append(served)
    url = json.loads(served.first_line())["url"]
    assert _links(terminal) == {url}
    said = {check["name"]: check["detail"] for check in json.loads(terminal("doctor").out)["checks"]}
    assert url in said["public_url"]
    assert (home / "serving.json").stat().st_mode & 0o777 == 0o600
    word = (home / "serving.json").read_bytes()
    served.stop()
    assert not (home / "serving.json").exists()
    # A server that was killed cannot take its word back.
    (home / "serving.json").write_bytes(word)
    assert _links(terminal) == {"http://127.0.0.1:8000"}
    (home / "serving.json").write_bytes(b"[")
    assert _links(terminal) == {"http://127.0.0.1:8000"}


def test_a_public_url_that_was_set_wins_over_where_a_server_listens(
    demo: dict[str, Any],
    home: Path,
    tmp_path: Path,
    running: list[Served],
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served = Served(home, tmp_path / "log", "--port", "0", "--json")
    running.append(served)
    served.first_line()
    monkeypatch.setenv("SEALWRIGHT_PUBLIC_URL", "https://credentials.example")
    assert _links(terminal) == {"https://credentials.example"}
