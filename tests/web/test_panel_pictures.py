"""Logo and badges: shown to everybody, named by their content; no other upload leaves this way."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator

import pytest

from sealwright.domain.catalog import Visibility
from sealwright.services.catalog import TypeMembers
from sealwright.services.pictures import LOGO
from tests.support.office import the_operator
from tests.web.desk import DPW, Desk
from tests.web.page_client import PageVisitor
from tests.web.panel_desk import panel_desk, visit

PDF = b"%PDF-1.4\n%%EOF\n"


def _png(shade: int) -> bytes:
    """A gray picture of one pixel."""

    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((0, shade)))
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", pixels) + part(b"IEND", b"")


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with panel_desk(tmp_path_factory.mktemp("office")) as one:
        yield one


def _keep(desk: Desk, content: bytes) -> str:
    office = desk.served.office
    admin = office.sessions.from_cookie(visit(desk, "admin").cookies["sealwright"], office.registry.current())
    assert admin is not None
    return office.acts.run(
        admin, lambda uow, me: office.attachments.upload(uow, me, "picture.png", content)
    ).attachment_id


def _change(desk: Desk, members: TypeMembers) -> None:
    office = desk.served.office
    office.acts.run(
        the_operator(office), lambda uow, me: office.catalog.update(uow, me, DPW, members), changes_registry=True
    )


def _path(content: bytes) -> str:
    return f"/pictures/{hashlib.sha256(content).hexdigest()}"


def test_badge_is_public_while_its_type_is(desk: Desk) -> None:
    nobody, badge = PageVisitor(desk.served), _png(40)
    attachment_id = _keep(desk, badge)
    assert nobody.get(_path(badge)).status == 404
    _change(desk, {"badge_attachment_id": attachment_id})
    assert f'<img class="emblem" src="{_path(badge)}" alt=""' in nobody.get("/").body.decode()
    answer = nobody.get(_path(badge))
    assert (answer.status, answer.body) == (200, badge)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "set-cookie" not in answer.headers
    again = nobody.get(_path(badge), headers=[("If-None-Match", answer.headers["etag"])])
    assert (again.status, again.body) == (304, b"")
    _change(desk, {"visibility": Visibility.PRIVATE})
    assert nobody.get(_path(badge)).status == 404
    assert visit(desk, "admin").get(_path(badge)).status == 404


def test_logo_stands_in_the_shell(desk: Desk) -> None:
    logo = _png(90)
    attachment_id = _keep(desk, logo)
    with desk.served.office.units() as uow:
        uow.office.raise_epoch()
        uow.office.put(LOGO, attachment_id)
        uow.commit()
    for who in (PageVisitor(desk.served), visit(desk, "admin")):
        assert f'<img class="mark" src="{_path(logo)}" alt=""' in who.get("/").body.decode()
    assert PageVisitor(desk.served).get(_path(logo)).status == 200


def test_what_is_no_picture_is_never_shown(desk: Desk) -> None:
    _change(desk, {"badge_attachment_id": _keep(desk, PDF)})
    nobody = PageVisitor(desk.served)
    assert nobody.get(_path(PDF)).status == 404
    assert "/pictures/" not in nobody.get("/").body.decode()
    for path in ("/pictures/..", "/pictures/" + "0" * 64, "/pictures/%2e%2e%2fetc"):
        assert nobody.get(path).status == 404
