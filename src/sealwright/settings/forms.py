"""From texts to values: how each kind of setting is read, and what is refused."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlsplit

from sealwright.settings.names import SECRET_NAMES, SettingRefused, refusal
from sealwright.settings.reading import RawSettings
from sealwright.settings.values import (
    BindAddress,
    Database,
    IPNetwork,
    Pkcs11Settings,
    SecretText,
    default_public_url,
    is_host,
    is_loopback,
)

_EnumT = TypeVar("_EnumT", bound=StrEnum)
_LARGEST: Final = 2**53 - 1


class Checker:
    """Reads values of one raw set by name, in the form each kind of setting has."""

    def __init__(self, raw: RawSettings) -> None:
        self._raw = raw
        self._values = raw.values

    def _bad(self, name: str, reason: str) -> SettingRefused:
        if name in SECRET_NAMES:
            return refusal(name, reason)
        return refusal(name, f"{self._values.get(name, '')[:80]!r} {reason}")

    def home(self) -> None:
        """Refuse a data folder that is no folder, or neither writable nor possible to make."""
        folder = self._raw.home
        # The default database stands there and is named by a URL, which these two would cut short.
        if set(str(folder)) & {"?", "#"}:
            raise refusal("HOME", "has a question mark or number sign in it")
        if folder.exists() and not folder.is_dir():
            raise refusal("HOME", "is not a folder")
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise refusal("HOME", "is not writable")

    def integer(self, name: str, default: int, low: int, high: int = _LARGEST) -> int:
        """Read a whole number in decimal digits, both bounds included."""
        text = self._values.get(name)
        if text is None:
            return default
        if not re.fullmatch(r"[0-9]{1,16}", text):
            raise self._bad(name, "is not a whole number")
        if not low <= int(text) <= high:
            raise self._bad(name, "is out of range")
        return int(text)

    def truth(self, name: str) -> bool:
        """Read ``true`` or ``false``; false when unset."""
        text = self._values.get(name, "false")
        if text not in {"true", "false"}:
            raise self._bad(name, "is neither true nor false")
        return text == "true"

    def choice(self, name: str, default: _EnumT) -> _EnumT:
        """Read one value of a closed set."""
        text = self._values.get(name)
        if text is None:
            return default
        try:
            return type(default)(text)
        except ValueError as error:
            raise self._bad(name, "is not one of the choices") from error

    def text(self, name: str, default: str, longest: int) -> str:
        """Read a shown text."""
        text = self._values.get(name, default)
        if len(text) > longest or text != text.strip():
            raise self._bad(name, "is too long or has blanks around it")
        return text

    def token(self, name: str) -> SecretText | None:
        """Read a bearer token."""
        text = self._values.get(name)
        if text is None:
            return None
        if not re.fullmatch(r"[!-~]{16,512}", text):
            raise self._bad(name, "is too short, too long, or holds other characters")
        return SecretText(text)

    def path(self, name: str) -> Path | None:
        """Read a path, relative to the working folder."""
        text = self._values.get(name)
        return None if text is None else self._raw.cwd / Path(text).expanduser()

    def secret_file(self, name: str, *, may_be_absent: bool = False) -> Path | None:
        """Read the path of a private file; one that others can read is refused."""
        path = self.path(name)
        if path is None:
            return None
        try:
            mode = path.stat().st_mode
        except OSError as error:
            if may_be_absent:
                return path
            raise self._bad(name, "cannot be read") from error
        if not path.is_file():
            raise self._bad(name, "is not a file")
        if mode & 0o077:
            raise self._bad(name, "is readable by others")
        return path

    def all_or_none(self, *names: str, wanted: bool | None = None, reason: str = "goes with the others") -> bool:
        """Tell whether a group is set; a part of it, or one that is not wanted, is refused."""
        given = [name for name in names if name in self._values]
        if wanted is False and given:
            raise refusal(given[0], reason)
        if (given or wanted) and len(given) < len(names):
            missing = next(name for name in names if name not in given)
            raise refusal(missing, "is missing")
        return bool(given)

    def bind(self) -> BindAddress:
        """Read where to listen."""
        text = self._values.get("BIND", "127.0.0.1:8000")
        match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^\[\]:]+)):([0-9]{1,5})", text)
        if match is None or int(match[3]) > 65_535:
            raise self._bad("BIND", "is not host:port")
        host = str(match[1] or match[2])
        if match[1] and ":" not in host:
            raise self._bad("BIND", "has brackets around what is no IPv6 address")
        if not is_host(host):
            raise self._bad("BIND", "has no host name or address in normal form")
        return BindAddress(host, int(match[3]))

    def _split(self, name: str) -> SplitResult:
        try:
            parts = urlsplit(self._values[name])
            _ = parts.port
        except ValueError as error:
            raise self._bad(name, "is not a URL") from error
        return parts

    def public_url(self, bind: BindAddress) -> str:
        """Read the base of every link; identifiers are compared by character, so only the normal form passes."""
        text = self._values.get("PUBLIC_URL")
        if text is None:
            return default_public_url(bind)
        parts = self._split("PUBLIC_URL")
        host = parts.hostname or ""
        if parts.scheme not in {"http", "https"} or not is_host(host):
            raise self._bad("PUBLIC_URL", "has no http or https scheme, or no host name in normal form")
        shown_host = f"[{host}]" if ":" in host else host
        default_port = 443 if parts.scheme == "https" else 80
        port = "" if parts.port is None or parts.port == default_port else f":{parts.port}"
        if text != f"{parts.scheme}://{shown_host}{port}":
            raise self._bad("PUBLIC_URL", "has a path, slash, query, user, capital letter or default port in it")
        if parts.scheme == "http" and not is_loopback(host):
            raise self._bad("PUBLIC_URL", "is http and not loopback")
        return text

    def url(self, name: str, *, loopback_http: bool) -> str | None:
        """Read an http(s) URL; with `loopback_http`, plain http only for loopback."""
        text = self._values.get(name)
        if text is None:
            return None
        parts = self._split(name)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.fragment:
            raise self._bad(name, "is not a plain http or https URL")
        if loopback_http and parts.scheme == "http" and not is_loopback(parts.hostname):
            raise self._bad(name, "is http and not loopback")
        return text

    def secret_url(self, name: str, schemes: tuple[str, ...]) -> SecretText | None:
        """Read a URL that may carry a password or key."""
        if name not in self._values:
            return None
        parts = self._split(name)
        if parts.scheme not in schemes or not parts.hostname:
            raise self._bad(name, "has another scheme or no host")
        return SecretText(self._values[name])

    def mail_address(self, name: str) -> str | None:
        """Read the sender's address."""
        text = self._values.get(name)
        if text is not None and not re.fullmatch(r"[^\s@<>,;\"]{1,64}@[^\s@<>,;\"]{1,253}", text):
            raise self._bad(name, "is not an e-mail address")
        return text

    def database(self) -> tuple[Database, SecretText]:
        """Read where the office is stored; a SQLite file stands by its absolute path."""
        text = self._values.get("DATABASE_URL")
        if text is None:
            return Database.SQLITE, SecretText(f"sqlite:///{self._raw.home.absolute() / 'sealwright.db'}")
        parts = self._split("DATABASE_URL")
        if parts.scheme == "sqlite":
            file = text[len("sqlite:///") :]
            # A store in memory, or one opened by a URI with options, would forget or be shared wrongly.
            if not text.startswith("sqlite:///") or not file or file.startswith(":") or set(file) & {"?", "#"}:
                raise self._bad("DATABASE_URL", "names no file")
            return Database.SQLITE, SecretText(f"sqlite:///{(self._raw.cwd / file).absolute()}")
        if parts.scheme == "postgresql":
            if len(parts.path) < 2 or parts.fragment or (not parts.netloc and "host=" not in parts.query):
                raise self._bad("DATABASE_URL", "names no host or no database")
            return Database.POSTGRESQL, SecretText(text)
        raise self._bad("DATABASE_URL", "has another scheme")

    def kek(self, database: Database) -> tuple[SecretText | None, Path | None]:
        """Read where the key-encryption key is; a configured file that is absent starts the office sealed."""
        text, file = self._values.get("KEK"), self.secret_file("KEK_FILE", may_be_absent=True)
        if text is not None and file is not None:
            raise refusal("KEK", "and KEK_FILE are both set")
        if text is None and file is None and database is Database.POSTGRESQL:
            raise refusal("KEK", "and KEK_FILE are both unset, with PostgreSQL")
        if text is None:
            return None, file
        try:
            length = len(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError) as error:
            raise self._bad("KEK", "is not base64") from error
        if length != 32:
            raise self._bad("KEK", "has not 32 bytes")
        return SecretText(text), None

    def hosts_and_networks(self, name: str) -> tuple[frozenset[str], tuple[IPNetwork, ...]]:
        """Read a list of host names and address ranges."""
        hosts: set[str] = set()
        networks: list[IPNetwork] = []
        for item in self._items(name):
            try:
                networks.append(ipaddress.ip_network(item))
            except ValueError as error:
                if "/" in item or not is_host(item):
                    raise self._bad(name, "has an item that is no host name or address range") from error
                hosts.add(item)
        return frozenset(hosts), tuple(networks)

    def networks(self, name: str) -> tuple[IPNetwork, ...]:
        """Read a list of address ranges."""
        try:
            return tuple(ipaddress.ip_network(item) for item in self._items(name))
        except ValueError as error:
            raise self._bad(name, "has an item that is no address range") from error

    def _items(self, name: str) -> list[str]:
        return [item.strip() for item in self._values.get(name, "").split(",") if item.strip()]

    def pkcs11(self) -> Pkcs11Settings | None:
        """Read the hardware key store."""
        if not self.all_or_none("PKCS11_MODULE", "PKCS11_TOKEN", "PKCS11_PIN_FILE"):
            return None
        module, pin_file = self.path("PKCS11_MODULE"), self.secret_file("PKCS11_PIN_FILE")
        if module is None or not module.is_file():
            raise self._bad("PKCS11_MODULE", "is not a file")
        if pin_file is None:
            raise refusal("PKCS11_PIN_FILE", "is missing")
        return Pkcs11Settings(module, self.text("PKCS11_TOKEN", "", 32), pin_file)
