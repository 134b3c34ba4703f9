"""Forms: declared fields, all faults at once, what was typed kept; both encodings of browsers within limits."""

from __future__ import annotations

import pytest

from sealwright.web.auth.form_token import masked, unmasked
from sealwright.web.exchange import Exchange
from sealwright.web.panel.form_reading import read_form, refuse_foreign_form
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.toasts import Toast, is_own_path, toast_from
from sealwright.web.refusals import TransportRefused

FORM = Form(
    Field("name", required=True, max_length=10),
    Field("hours", Kind.NUMBER),
    Field("day", Kind.DATE),
    Field("kind", Kind.CHOICE, choices=("a", "b")),
    Field("ids", many=True),
    Field("secret", keep_spaces=True),
    Field("claims.*", max_length=5),
    Field("evidence", Kind.FILE, many=True),
)


def exchange(content_type: str, **headers: str) -> Exchange:
    sent = {b"content-type": content_type.encode()} | {
        k.replace("_", "-").encode(): v.encode() for k, v in headers.items()
    }
    return Exchange("id", "POST", "/x", sent, [], "127.0.0.1")


def faults(*pairs: tuple[str, str]) -> set[str]:
    return {error.name for error in FORM.read(pairs).errors}


def test_every_fault_is_told_at_once() -> None:
    assert faults(("hours", "soon"), ("day", "2027-02-30"), ("kind", "c"), ("claims.x", "too long")) == {
        "name", "hours", "day", "kind", "claims.x",
    }  # fmt: skip


def test_values_are_read_and_typed_text_is_kept() -> None:
    several = [("ids", "1"), ("ids", "2"), ("ids", "1")]
    single = [("name", " Ada "), ("hours", "72"), ("day", "2027-11-20"), ("secret", " x "), ("claims.level", "crew")]
    data = FORM.read([*several, *single])
    assert data.errors == []
    assert (data.text("name"), data.number("hours"), str(data.date("day"))) == ("Ada", 72, "2027-11-20")
    assert (data.many("ids"), data.text("secret"), data.under("claims.")) == (("1", "2"), " x ", {"level": "crew"})


def test_doubled_and_unknown_names_are_refused() -> None:
    data = FORM.read([("name", "a"), ("name", "b"), ("role", "admin")])
    assert {error.name for error in data.errors} == {"name"}
    assert data.unknown == ["role"]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_at_the_ends_of_the_calendar_are_none(day: str) -> None:
    assert "day" in faults(("day", day))
    assert FORM.read([("day", day)], judged=False).date("day") is None


@pytest.mark.parametrize("text", ["a\x00b", "a\u202eb", "a\x1bb"], ids=["NUL", "reading direction", "escape"])
def test_characters_that_cannot_be_kept_are_refused(text: str) -> None:
    assert faults(("name", text)) == {"name"}


def test_queries_pass_over_what_they_do_not_know() -> None:
    assert FORM.read([("name", "a\x00b")], judged=False).optional("name") is None
    data = FORM.read([("utm", "x"), ("hours", "soon")], judged=False)
    assert (data.errors, data.unknown, data.number("hours", 5)) == ([], [], 5)


def test_multipart_gives_fields_and_files() -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nMu\xc3\xb1oz\r\n'
        b'--b\r\nContent-Disposition: form-data; name="evidence"; filename="a.pdf"\r\n\r\n%PDF-\r\n--b--\r\n'
    )
    pairs, files = read_form(exchange("multipart/form-data; boundary=b"), body)
    assert pairs == [("name", "Muñoz")]
    assert [(one.field_name, one.name, one.content) for one in files] == [("evidence", "a.pdf", b"%PDF-")]


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\nno end",
            "INVALID_BODY",
        ),
        ("multipart/form-data", b"x", "INVALID_BODY"),
        ("application/x-www-form-urlencoded", b"a=%ff", "INVALID_UNICODE"),
        ("application/x-www-form-urlencoded", "a=ñ".encode(), "INVALID_UNICODE"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(2001)), "PAYLOAD_TOO_LARGE"),
    ],
    ids=["never ends", "no boundary", "not UTF-8", "not encoded", "too many fields"],
)
def test_bodies_that_cannot_be_read_are_refused(kind: str, body: bytes, code: str) -> None:
    with pytest.raises(TransportRefused) as refused:
        read_form(exchange(kind), body)
    assert refused.value.code == code


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_only_forms_are_taken(kind: str) -> None:
    with pytest.raises(TransportRefused):
        refuse_foreign_form(exchange(kind), uploads=True)
    with pytest.raises(TransportRefused):
        refuse_foreign_form(exchange("multipart/form-data; boundary=b"), uploads=False)
    with pytest.raises(TransportRefused):
        refuse_foreign_form(exchange("application/x-www-form-urlencoded", content_encoding="gzip"), uploads=False)


def test_masked_token_comes_back_and_never_reads_the_same() -> None:
    token = "0123456789abcdef" * 4
    assert masked(token) != masked(token)
    assert unmasked(masked(token)) == token
    assert [unmasked(text) for text in ("A", "é", "")] == [None, None, ""]


def test_toast_survives_its_cookie_and_strangers_do_not() -> None:
    toast = Toast("Approved María Muñoz.", "/issuer/requests/1/undo", 10)
    assert toast_from(toast.cookie_value) == toast
    stranger = toast_from(Toast("x", "//evil.example").cookie_value)
    assert stranger is not None
    assert stranger.undo is None
    assert [toast_from(text) for text in (None, "", "%%%", "W10", "A" * 3000)] == [None] * 5


@pytest.mark.parametrize("path", ["//evil", "/\\evil", "https://evil", "evil", "/a\nb", ""])
def test_only_paths_of_this_site_are_our_own(path: str) -> None:
    assert not is_own_path(path)
    assert is_own_path("/issuer?status=pending")
