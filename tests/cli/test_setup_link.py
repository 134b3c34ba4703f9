"""setup-link: a way into an office that is yet to be set up, and none afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest

from tests.support.office import environment

from .conftest import Said, Served, Terminal

ACCOUNT = {"display_name": "Ada Admin", "email": "ada@example.org", "password": "a long and quiet sentence"}
DEFAULT = "http://127.0.0.1:8000"


class _Here(HTTPRedirectHandler):
    """Goes nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


def _ask(link: str, form: dict[str, str] | None = None) -> tuple[int, str]:
    """Open a page, or send its form; gives the status and the text, or where it leads."""
    base = "{0.scheme}://{0.netloc}".format(urlsplit(link))
    content = urlencode(form).encode() if form is not None else None
    request = Request(link, content, {"Accept": "text/html", "Origin": base, "Sec-Fetch-Site": "same-origin"})
    try:
        with build_opener(_Here()).open(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as other:
        with other:
            return other.code, other.headers.get("location") or other.read().decode()


@pytest.fixture
def outside(database_url: str, home: Path) -> dict[str, str]:
    """Settings that server and commands share: on SQLite none, since the store lies in the data folder."""
    given = environment(database_url, home)
    return {k: given[k] for k in ("SEALWRIGHT_DATABASE_URL", "SEALWRIGHT_KEK")} if "SEALWRIGHT_KEK" in given else {}


@pytest.fixture
def url(
    outside: dict[str, str], home: Path, tmp_path: Path, running: list[Served], monkeypatch: pytest.MonkeyPatch
) -> str:
    """Where a server runs that is yet to be set up, at a port that no command was told."""
    running.append(Served(home, tmp_path / "log", "--port", "0", "--json", **outside))
    for name, value in outside.items():
        monkeypatch.setenv(name, value)
    return str(json.loads(running[0].first_line())["url"])


def _link(said: Said) -> str:
    assert said.code == 0, said
    return str(json.loads(said.out)["setup_url"])


def test_link_made_beside_a_server_opens_there(terminal: Terminal, url: str) -> None:
    earlier, link = _link(terminal("setup-link")), _link(terminal("setup-link"))
    assert {one.rpartition("/")[0] for one in (earlier, link)} == {f"{url}/setup"}
    assert _ask(earlier)[0] == 410
    status, page = _ask(link)
    assert (status, 'name="display_name"' in page) == (200, True)
    assert _ask(link, ACCOUNT) == (303, "/setup")
    # It makes one account.
    assert _ask(link, {**ACCOUNT, "email": "eve@example.org"})[0] == 410


def test_link_made_from_another_folder_is_for_another_office(
    terminal: Terminal, url: str, home: Path, outside: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = _link(terminal("setup-link"))
    monkeypatch.setenv("SEALWRIGHT_HOME", str(tmp_path / "elsewhere"))
    said = terminal("setup-link", json_output=False)
    wrong = said.out.strip()
    assert wrong.startswith(f"{DEFAULT}/setup/")
    assert str(tmp_path / "elsewhere") in said.err
    found = _ask(wrong.replace(DEFAULT, url))[0]
    if outside:
        # One database is one office, wherever the command stands; only where the server listens is not known there.
        assert (found, _ask(right)[0]) == (200, 410)
    else:
        assert (found, _ask(right)[0]) == (410, 200)
    monkeypatch.setenv("SEALWRIGHT_HOME", str(home))
    assert _ask(_link(terminal("setup-link")))[0] == 200


def test_link_is_printed_until_the_office_is_set_up(terminal: Terminal) -> None:
    said = terminal("setup-link", "--json")
    assert said.code == 0, said.err
    link = json.loads(said.out)["setup_url"]
    assert link.startswith("http://127.0.0.1:8000/setup/")
    assert len(link.rpartition("/")[2]) == 43
    assert terminal("setup-link").out.strip() != link
    assert terminal("init").code == 0
    over = terminal("setup-link", "--json")
    assert over.code == 5
    assert json.loads(over.err)["code"] == "STATE_CONFLICT"


def test_link_is_kept_as_a_digest_only(terminal: Terminal, home: Path) -> None:
    token = terminal("setup-link", "--json").out.rpartition("/")[2].partition('"')[0]
    assert len(token) == 43
    for path in home.rglob("*"):
        if path.is_file():
            assert token.encode() not in path.read_bytes()
