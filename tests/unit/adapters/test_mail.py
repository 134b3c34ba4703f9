"""Letters as messages, the outbox folder, and a mail server on the loopback that speaks just enough SMTP."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from sealwright.adapters.mail import OutboxFolder, SmtpMailer, compose
from sealwright.domain.errors import MailNotSent
from sealwright.domain.notices import Mail

LETTER = Mail(
    mail_id="mal_1",
    user_id="usr_1",
    to="ann@example.org",
    kind="approved",
    locale="es",
    subject="Su solicitud fue aprobada: Muñoz",
    text="Nguyễn, 陳大文, محمد\n" + "x" * 2_000 + "\n",
    html="<p>Nguyễn, 陳大文</p>\n",
    created_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
)
FROM, OFFICE = "office@acme.example", "Oficina Ñ"


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_message_carries_both_forms_and_keeps_every_letter() -> None:
    raw = compose(LETTER, "office@acme.example", "Oficina Ñ").as_bytes()
    assert all(len(line) <= 998 for line in raw.splitlines())
    assert raw.isascii()
    message = read(raw)
    assert message["Subject"] == LETTER.subject
    assert str(message["From"]) == "Oficina Ñ <office@acme.example>"
    assert (message["Message-ID"], message["Auto-Submitted"]) == ("<mal_1@acme.example>", "auto-generated")
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    plain = message.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == LETTER.text


@pytest.mark.parametrize("host", ["o.example", "office-of-credentials." + "very-long-name." * 9 + "example"])
def test_a_letter_that_can_be_stopped_says_so_in_its_head(host: str, tmp_path: Path) -> None:
    link = f"https://{host}/mail/stop/{'aB3-_' * 18}"
    OutboxFolder(tmp_path, sender=FROM, organization=OFFICE).send(replace(LETTER, stop_link=link))
    (path,) = tmp_path.iterdir()
    # Neither folded nor encoded: mail programs read the line as it stands.
    assert f"\r\nList-Unsubscribe: <{link}>\r\n".encode() in path.read_bytes()
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in path.read_bytes()
    assert read(path.read_bytes())["List-Unsubscribe"] == f"<{link}>"


@pytest.mark.parametrize(
    "link", [None, "http://office.example/mail/stop/abc", "https://office.example/mail/stop/" + "a" * 1_000]
)
def test_letters_without_a_safe_link_have_no_such_head(link: str | None) -> None:
    message = read(compose(replace(LETTER, stop_link=link), FROM, OFFICE).as_bytes())
    assert message["List-Unsubscribe"] is None
    assert message["List-Unsubscribe-Post"] is None


def test_a_link_cannot_add_headers() -> None:
    with pytest.raises(MailNotSent):
        compose(replace(LETTER, stop_link="https://office.example/\r\nBcc: eve@example.org"), FROM, OFFICE)


@pytest.mark.parametrize("address", ["ann@example.org\r\nBcc: eve@example.org", "ann@example.org\nX: y"])
def test_an_address_cannot_add_headers(address: str) -> None:
    with pytest.raises(MailNotSent):
        compose(replace(LETTER, to=address), "office@acme.example", "Office")


def test_the_outbox_folder_is_private_and_holds_a_file_a_letter(tmp_path: Path) -> None:
    box = OutboxFolder(tmp_path / "outbox", sender=FROM, organization=OFFICE)
    box.send(LETTER)
    box.send(LETTER)
    (path,) = (tmp_path / "outbox").iterdir()
    assert path.name == "20260301T120000Z-mal_1.eml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "outbox").stat().st_mode & 0o777 == 0o700
    assert read(path.read_bytes())["To"] == "ann@example.org"
    assert box.is_local


def test_an_outbox_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file in its place")
    with pytest.raises(MailNotSent):
        OutboxFolder(tmp_path / "outbox", sender=FROM, organization=OFFICE).send(LETTER)


class _Handler(socketserver.StreamRequestHandler):
    """One conversation in SMTP without extensions that matter here."""

    server: _Server

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode("ascii").strip():
            self.server.heard.append(line)
            word = line.split()[0].upper()
            if word == "EHLO":
                self._say("250-here\r\n250 SIZE 100000")
            elif word == "RCPT" and self.server.refuses:
                self._say("550 nobody of that name")
            elif word == "DATA":
                self._say("354 go on")
                body = bytearray()
                while (row := self.rfile.readline()) != b".\r\n":
                    body += row
                self.server.bodies.append(bytes(body))
                self._say("250 taken")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 yes")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode("ascii"))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, host: str, *, refuses: bool) -> None:
        super().__init__((host, 0), _Handler)
        self.refuses = refuses
        self.heard: list[str] = []
        self.bodies: list[bytes] = []


@contextmanager
def serving(host: str = "127.0.0.1", *, refuses: bool = False) -> Iterator[_Server]:
    with _Server(host, refuses=refuses) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(timeout=5)


def test_a_server_takes_the_letter() -> None:
    with serving() as server:
        SmtpMailer(f"smtp://127.0.0.1:{server.server_address[1]}", sender=FROM, organization=OFFICE).send(LETTER)
    assert any(line.upper().startswith("MAIL FROM:<OFFICE@ACME.EXAMPLE>") for line in server.heard)
    assert read(server.bodies[0])["Subject"] == LETTER.subject


def test_refusals_and_silence_are_told_without_the_address() -> None:
    with serving(refuses=True) as server:
        mailer = SmtpMailer(f"smtp://127.0.0.1:{server.server_address[1]}", sender=FROM, organization=OFFICE)
        with pytest.raises(MailNotSent) as refused:
            mailer.send(LETTER)
    assert "ann@" not in refused.value.detail
    with pytest.raises(MailNotSent):
        mailer.send(LETTER)


def test_a_password_is_not_shown_to_a_server_without_tls() -> None:
    # An address that leads here, and is not one of those that are known to.
    with serving(host="127.0.0.2") as server:
        mailer = SmtpMailer(
            f"smtp://user:secret@127.0.0.2:{server.server_address[1]}", sender=FROM, organization=OFFICE
        )
        with pytest.raises(MailNotSent):
            mailer.send(LETTER)
    assert any(line.upper().startswith("EHLO") for line in server.heard)
    assert not any(line.upper().startswith(("AUTH", "MAIL")) for line in server.heard)
