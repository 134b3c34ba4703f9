"""Ways for letters to leave: a mail server over SMTP, or a folder where none is configured."""

from __future__ import annotations

import contextlib
import os
import smtplib
import ssl
import tempfile
from collections.abc import Iterator
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from sealwright.domain.errors import MailNotSent
from sealwright.domain.notices import Mail

_TIMEOUT_SECONDS: Final = 10
# What mail programs show a button for; longer lines than messages may have are left out.
_LINK_MAX: Final = 900
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class _MessagePolicy(EmailPolicy):
    """SMTP's policy, but an address in ``List-Unsubscribe`` stays as it is: folded or encoded it would lead nowhere."""

    def fold(self, name: str, value: str) -> str:
        return f"{name}: {value}{self.linesep}" if _is_whole(name) else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("ascii") if _is_whole(name) else super().fold_binary(name, value)


def _is_whole(name: str) -> bool:
    return name.lower() == "list-unsubscribe"


_POLICY: Final = _MessagePolicy(linesep="\r\n")


def compose(mail: Mail, sender: str, organization: str) -> EmailMessage:
    """Make the message of a letter: plain text first, HTML beside it, both in UTF-8.

    Raises:
        MailNotSent: An address that no message can carry.

    Spec: RFC 5322, "Internet Message Format"; RFC 2046, "Alternative Subtype"; RFC 3834, "Auto-Submitted";
    RFC 2369, "List-Unsubscribe"; RFC 8058, "Signaling One-Click Functionality".
    """
    message = EmailMessage(policy=_POLICY)
    domain = sender.rpartition("@")[2] or "localhost"
    try:
        message["From"] = formataddr((organization, sender))
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(mail.created_at)
        # The same on every attempt: whoever gets a letter twice sees it once.
        message["Message-ID"] = f"<{mail.mail_id}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message["Content-Language"] = mail.locale
        # One click is offered over https alone, as its specification demands.
        if mail.stop_link is not None and mail.stop_link.startswith("https://") and len(mail.stop_link) <= _LINK_MAX:
            message["List-Unsubscribe"] = f"<{mail.stop_link}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(mail.text, charset="utf-8", cte="quoted-printable")
        message.add_alternative(mail.html, subtype="html", charset="utf-8", cte="quoted-printable")
    except (ValueError, IndexError, MessageError) as error:
        raise MailNotSent("The letter cannot be addressed.") from error
    return message


class SmtpMailer:
    """A mail server. `smtps` is TLS from the start; `smtp` goes over to TLS where the server offers it."""

    is_local: Final = False

    def __init__(self, url: str, *, sender: str, organization: str, context: ssl.SSLContext | None = None) -> None:
        """`url` is ``smtp(s)://[user:password@]host[:port]``."""
        parts = urlsplit(url)
        self._is_tls = parts.scheme == "smtps"
        self._host = parts.hostname or ""
        self._port = parts.port or (465 if self._is_tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else ""
        self._sender = sender
        self._organization = organization
        self._context = context or ssl.create_default_context()

    def send(self, mail: Mail) -> None:
        """Hand a letter to the server.

        Raises:
            MailNotSent: The server does not answer, refuses, or offers no TLS where a password would be shown.
        """
        message = compose(mail, self._sender, self._organization)
        try:
            with self._connected() as server:
                server.send_message(message, from_addr=self._sender, to_addrs=[mail.to])
        except (OSError, smtplib.SMTPException, ValueError) as error:
            # The server's own words may quote the address, so only the kind is told.
            raise MailNotSent(f"The mail server did not take the letter ({type(error).__name__}).") from error

    @contextlib.contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        if self._is_tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=_TIMEOUT_SECONDS, context=self._context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_SECONDS)
        with server:
            server.ehlo_or_helo_if_needed()
            if not self._is_tls:
                self._secure(server)
            if self._user is not None:
                server.login(self._user, self._password)
            yield server

    def _secure(self, server: smtplib.SMTP) -> None:
        if server.has_extn("starttls"):
            server.starttls(context=self._context)
            server.ehlo()
        elif self._user is not None and self._host not in _LOOPBACK:
            raise smtplib.SMTPNotSupportedError("no TLS offered")


class OutboxFolder:
    """A folder with one file for each letter, for offices without a mail server."""

    is_local: Final = True

    def __init__(self, folder: Path, *, sender: str, organization: str) -> None:
        self._folder = folder
        self._sender = sender
        self._organization = organization

    def send(self, mail: Mail) -> None:
        """Write a letter as a file of mode 0600; writing it again replaces it.

        Raises:
            MailNotSent: The folder cannot be written.
        """
        message = compose(mail, self._sender, self._organization)
        name = f"{mail.created_at:%Y%m%dT%H%M%SZ}-{mail.mail_id}.eml"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Made with mode 0600: a letter may hold a link to sign in with.
            descriptor, temporary = tempfile.mkstemp(dir=self._folder, prefix=".new-")
            with os.fdopen(descriptor, "wb") as file:
                file.write(message.as_bytes())
            os.replace(temporary, self._folder / name)
        except OSError as error:
            raise MailNotSent(f"The outbox cannot be written ({error.strerror}).") from error
