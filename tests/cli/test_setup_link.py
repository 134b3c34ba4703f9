"""setup-link: a way into an office that is yet to be set up, and none afterwards."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Terminal


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
