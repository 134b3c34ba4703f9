"""Every setting of the office: read from the environment and the settings file, checked whole, then believed.

What was read (`RawSettings`, texts by name) and what was checked (`Settings`) are two types. Nothing is
made or changed on disk before the last check has passed. Only `bootstrap` and `cli` read this module.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, NoReturn, TypeAlias, TypeVar
from urllib.parse import SplitResult, urlsplit

PREFIX: Final = "SEALWRIGHT_"
FILE_NAME: Final = "sealwright.toml"
IPNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_EnumT = TypeVar("_EnumT", bound=StrEnum)

# The accepted form of every setting. The keys are the known names; the reference page is compared with them.
ACCEPTED: Final[Mapping[str, str]] = {
    "HOME": "a writable folder, or one that can be made",
    "BIND": "host:port, with a port of 0 to 65535 and IPv6 hosts in brackets",
    "PUBLIC_URL": "https://host[:port] in normal form without path, query or trailing slash; http only for loopback",
    "DATABASE_URL": "sqlite:///file or postgresql://user:password@host:port/database",
    "KEK": "32 bytes as base64, and not KEK_FILE too; with PostgreSQL one of the two is needed",
    "KEK_FILE": "a file of mode 0600 with 32 bytes as base64, and not KEK too",
    "WORKERS": "an integer from 1 to 64",
    "JOB_CONCURRENCY": "an integer from 1 to 64",
    "ORGANIZATION": "1 to 200 characters without control characters",
    "DEFAULT_LOCALE": "en or es",
    "OPEN_REGISTRATION": "true or false",
    "IMPROVER_SELF_SERVICE": "true or false",
    "UNDO_SECONDS": "an integer from 0 to 60",
    "RATE_ISSUE_PER_MINUTE": "an integer, 0 for no limit",
    "RATE_BATCH_PER_MINUTE": "an integer, 0 for no limit",
    "RATE_WRITE_PER_MINUTE": "an integer, 0 for no limit",
    "RATE_READ_PER_MINUTE": "an integer, 0 for no limit",
    "RATE_PUBLIC_PER_MINUTE": "an integer, 0 for no limit",
    "BODY_MAX_BYTES": "an integer of 1024 or more",
    "BATCH_BODY_MAX_BYTES": "an integer of 1024 or more",
    "ROWS_MAX_BYTES": "an integer of 1024 or more",
    "BATCH_INLINE_MAX": "an integer of 1 or more",
    "BATCH_ROWS_MAX": "an integer of 1 or more",
    "STATUS_LIST_BITS": "a multiple of 8 from 131072 to 1048576",
    "STATUS_LIST_CAPACITY": "an integer from 1 to STATUS_LIST_BITS",
    "STATUS_TTL_SECONDS": "an integer from 0 to 86400",
    "OFFER_TTL_SECONDS": "an integer from 60 to 86400",
    "ACCESS_TOKEN_TTL_SECONDS": "an integer from 60 to 3600",
    "IDEMPOTENCY_TTL_SECONDS": "an integer of 3600 or more",
    "VOTE_COUNTDOWN_SECONDS": "an integer of 1 or more",
    "PROPOSAL_LIFETIME_SECONDS": "an integer of 1 or more",
    "SCHEDULER_INTERVAL_SECONDS": "an integer from 1 to 60",
    "ANCHOR": "off, log, or evm with EVM_RPC_URL and EVM_KEY_FILE",
    "EVM_RPC_URL": "an http or https URL, with ANCHOR=evm",
    "EVM_KEY_FILE": "a file of mode 0600, with ANCHOR=evm",
    "DEFAULT_REVOCATION_POLICY": "keep_current_release_future, release_unstarted, release_all or retain_all",
    "EXPIRATION_MAX_YEARS": "an integer of 1 or more",
    "SIGNING_KEY_MAX_AGE_DAYS": "an integer of 1 or more",
    "OUTBOUND_RESOLUTION": "off, did-web or did-web+status",
    "OUTBOUND_ALLOW": "host names and address ranges, separated by commas",
    "SMTP_URL": "smtp://host:port or smtps://host:port, with a user and password if needed",
    "MAIL_FROM": "an e-mail address, with SMTP_URL",
    "OIDC_ISSUER": "an https URL (http for loopback), with OIDC_CLIENT_ID and OIDC_CLIENT_SECRET_FILE",
    "OIDC_CLIENT_ID": "a client id, with OIDC_ISSUER and OIDC_CLIENT_SECRET_FILE",
    "OIDC_CLIENT_SECRET_FILE": "a file of mode 0600, with OIDC_ISSUER and OIDC_CLIENT_ID",
    "METRICS_TOKEN": "16 to 512 printable characters without blanks",
    "LOG_LEVEL": "debug, info, warning or error",
    "LOG_FORMAT": "json or text",
    "OTEL_ENDPOINT": "an http or https URL",
    "TRUSTED_PROXIES": "address ranges, separated by commas",
    "AUDIT_EXPORT_DIR": "a folder",
    "CHECKPOINT_INTERVAL_SECONDS": "an integer from 1 to 3600",
    "PKCS11_MODULE": "the path of a PKCS#11 library, with PKCS11_TOKEN and PKCS11_PIN_FILE",
    "PKCS11_TOKEN": "a token label of 1 to 32 characters, with PKCS11_MODULE and PKCS11_PIN_FILE",
    "PKCS11_PIN_FILE": "a file of mode 0600, with PKCS11_MODULE and PKCS11_TOKEN",
}
SETTING_NAMES: Final = tuple(ACCEPTED)
# Values of these never appear in a message, and a settings file that holds one must be private.
SECRET_NAMES: Final = frozenset({"KEK", "DATABASE_URL", "METRICS_TOKEN", "SMTP_URL", "EVM_RPC_URL"})
_LISTS: Final = frozenset({"OUTBOUND_ALLOW", "TRUSTED_PROXIES"})
_HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z")
_LARGEST: Final = 2**53 - 1


class SettingRefused(Exception):
    """A setting that stops the start.

    Args:
        name: With its prefix, as in the environment.
        reason: What is wrong; it never quotes a secret.
        accepted: The form that would pass.
    """

    def __init__(self, name: str, reason: str, accepted: str) -> None:
        super().__init__(f"{name}: {reason}; accepted: {accepted}")
        self.name = name
        self.reason = reason
        self.accepted = accepted


class SecretText:
    """A secret text: it neither prints nor pickles; `reveal` is the only way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text itself."""
        return self._text

    def __repr__(self) -> str:
        return "SecretText(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


class Database(StrEnum):
    """The databases that can hold the office."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class Anchor(StrEnum):
    """Where digests of credentials are anchored."""

    OFF = "off"
    LOG = "log"
    EVM = "evm"


class RevocationPolicy(StrEnum):
    """What happens to claimed steps when a grant ends."""

    KEEP_CURRENT_RELEASE_FUTURE = "keep_current_release_future"
    RELEASE_UNSTARTED = "release_unstarted"
    RELEASE_ALL = "release_all"
    RETAIN_ALL = "retain_all"


class OutboundResolution(StrEnum):
    """What of others is looked up over the network."""

    OFF = "off"
    DID_WEB = "did-web"
    DID_WEB_AND_STATUS = "did-web+status"


class LogLevel(StrEnum):
    """The least level that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a log line looks."""

    JSON = "json"
    TEXT = "text"


class Locale(StrEnum):
    """Languages of the pages."""

    ENGLISH = "en"
    SPANISH = "es"


@dataclass(frozen=True, slots=True)
class BindAddress:
    """Where the server listens; port 0 picks a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Pkcs11Settings:
    """A hardware key store: its library, the token's label, and the file with the PIN."""

    module: Path
    token: str
    pin_file: Path


@dataclass(frozen=True, slots=True)
class RawSettings:
    """Settings as read: texts by name without prefix, nothing of it believed yet."""

    home: Path
    cwd: Path
    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, checked. Rates of 0 mean no limit; `status_list_capacity` counts entries of one list."""

    home: Path
    bind: BindAddress
    public_url: str
    public_url_is_default: bool
    database: Database
    database_url: SecretText
    kek: SecretText | None
    kek_file: Path | None
    workers: int
    job_concurrency: int
    organization: str
    default_locale: Locale
    open_registration: bool
    improver_self_service: bool
    undo_seconds: int
    rate_issue_per_minute: int
    rate_batch_per_minute: int
    rate_write_per_minute: int
    rate_read_per_minute: int
    rate_public_per_minute: int
    body_max_bytes: int
    batch_body_max_bytes: int
    rows_max_bytes: int
    batch_inline_max: int
    batch_rows_max: int
    status_list_bits: int
    status_list_capacity: int
    status_ttl_seconds: int
    offer_ttl_seconds: int
    access_token_ttl_seconds: int
    idempotency_ttl_seconds: int
    vote_countdown_seconds: int
    proposal_lifetime_seconds: int
    scheduler_interval_seconds: int
    anchor: Anchor
    evm_rpc_url: SecretText | None
    evm_key_file: Path | None
    default_revocation_policy: RevocationPolicy
    expiration_max_years: int
    signing_key_max_age_days: int
    outbound_resolution: OutboundResolution
    outbound_allow_hosts: frozenset[str]
    outbound_allow_networks: tuple[IPNetwork, ...]
    smtp_url: SecretText | None
    mail_from: str | None
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret_file: Path | None
    metrics_token: SecretText | None
    log_level: LogLevel
    log_format: LogFormat
    otel_endpoint: str | None
    trusted_proxies: tuple[IPNetwork, ...]
    audit_export_dir: Path
    checkpoint_interval_seconds: int
    pkcs11: Pkcs11Settings | None

    def with_bind(self, bind: BindAddress) -> Settings:
        """Listen elsewhere; a public URL that was not set follows.

        Raises:
            SettingRefused: The public URL was not set and may not be http there.
        """
        if not self.public_url_is_default:
            return replace(self, bind=bind)
        return replace(self, bind=bind, public_url=_default_public_url(bind))


def load_settings(environ: Mapping[str, str], *, cwd: Path) -> Settings:
    """Read and check every setting, then make the data folder with mode 0700 if it is missing.

    Args:
        environ: Names without our prefix are ignored; unknown ones with it are refused.
        cwd: What relative paths are relative to.

    Raises:
        SettingRefused: The first setting that is unknown or bad; nothing was changed on disk.
    """
    settings = check_settings(read_settings(environ, cwd=cwd))
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _refusal("HOME", f"cannot be made ({error.strerror})") from error
    return settings


def read_settings(environ: Mapping[str, str], *, cwd: Path) -> RawSettings:
    """Collect texts from the environment, then from ``<home>/sealwright.toml``; the environment wins.

    Raises:
        SettingRefused: An unknown name, a value that is no text, number or truth value, or a settings
            file that cannot be read or holds a secret and is readable by others.
    """
    from_environment = {name[len(PREFIX) :]: text for name, text in environ.items() if name.startswith(PREFIX)}
    for name in from_environment:
        _require_known(name, PREFIX + name)
    home_text = from_environment.get("HOME", "./var")
    if not home_text or "\0" in home_text:
        raise _refusal("HOME", "is empty or no path")
    home = cwd / Path(home_text).expanduser()
    values = {**_read_file(home / FILE_NAME), **from_environment}
    for name, text in values.items():
        if not text.strip() and name not in _LISTS:
            raise _refusal(name, "is empty; leave it out instead")
        if any(ord(character) < 32 or ord(character) == 127 for character in text):
            raise _refusal(name, "holds a control character")
    return RawSettings(home, cwd, values)


def _read_file(path: Path) -> dict[str, str]:
    try:
        content = path.read_bytes()
        mode = path.stat().st_mode
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _refusal("HOME", f"{FILE_NAME} cannot be read ({error.strerror})") from error
    try:
        members = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # The parser's own text may quote a value, so only the place where it stopped could be told; we tell none.
        raise SettingRefused(FILE_NAME, "is not a TOML file", "lines such as workers = 2") from error
    values: dict[str, str] = {}
    for lower, value in members.items():
        name = lower.upper()
        if lower != lower.lower() or name == "HOME":
            raise SettingRefused(f"{lower} in {FILE_NAME}", "cannot be set here", "lower-case names, and not home")
        _require_known(name, f"{lower} in {FILE_NAME}")
        if name in SECRET_NAMES and mode & 0o077:
            raise _refusal(name, f"stands in {FILE_NAME}, which is readable by others", "a file of mode 0600")
        values[name] = _text_of(name, value)
    return values


def _text_of(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    if name in _LISTS and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    raise _refusal(name, f"has a value of a wrong kind in {FILE_NAME}")


def _require_known(name: str, shown: str) -> None:
    if name in ACCEPTED:
        return
    # The value is not shown: a misspelled name may well carry a secret.
    close = difflib.get_close_matches(name, SETTING_NAMES, n=1)
    raise SettingRefused(shown, "no such setting", PREFIX + close[0] if close else "the settings of the reference")


def _refusal(name: str, reason: str, accepted: str | None = None) -> SettingRefused:
    return SettingRefused(PREFIX + name, reason, accepted or ACCEPTED[name])


def check_settings(raw: RawSettings) -> Settings:
    """Check every value; nothing is made or changed on disk.

    Raises:
        SettingRefused: The first bad value.
    """
    check = _Checker(raw)
    check.home()
    bind = check.bind()
    database, database_url = check.database()
    bits = check.integer("STATUS_LIST_BITS", 131_072, 131_072, 1_048_576)
    if bits % 8:
        raise _refusal("STATUS_LIST_BITS", "is not a multiple of 8")
    anchor = check.choice("ANCHOR", Anchor.LOG)
    evm = check.all_or_none("EVM_RPC_URL", "EVM_KEY_FILE", wanted=anchor is Anchor.EVM, reason="goes with ANCHOR=evm")
    check.all_or_none("SMTP_URL", "MAIL_FROM")
    oidc = check.all_or_none("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET_FILE")
    kek, kek_file = check.kek(database)
    allow_hosts, allow_networks = check.hosts_and_networks("OUTBOUND_ALLOW")
    return Settings(
        home=raw.home,
        bind=bind,
        public_url=check.public_url(bind),
        public_url_is_default="PUBLIC_URL" not in raw.values,
        database=database,
        database_url=database_url,
        kek=kek,
        kek_file=kek_file,
        workers=check.integer("WORKERS", 1, 1, 64),
        job_concurrency=check.integer("JOB_CONCURRENCY", 2, 1, 64),
        organization=check.text("ORGANIZATION", "Sealwright", 200),
        default_locale=check.choice("DEFAULT_LOCALE", Locale.ENGLISH),
        open_registration=check.truth("OPEN_REGISTRATION"),
        improver_self_service=check.truth("IMPROVER_SELF_SERVICE"),
        undo_seconds=check.integer("UNDO_SECONDS", 10, 0, 60),
        rate_issue_per_minute=check.integer("RATE_ISSUE_PER_MINUTE", 60, 0),
        rate_batch_per_minute=check.integer("RATE_BATCH_PER_MINUTE", 10, 0),
        rate_write_per_minute=check.integer("RATE_WRITE_PER_MINUTE", 300, 0),
        rate_read_per_minute=check.integer("RATE_READ_PER_MINUTE", 1200, 0),
        rate_public_per_minute=check.integer("RATE_PUBLIC_PER_MINUTE", 120, 0),
        body_max_bytes=check.integer("BODY_MAX_BYTES", 1_048_576, 1024),
        batch_body_max_bytes=check.integer("BATCH_BODY_MAX_BYTES", 8_388_608, 1024),
        rows_max_bytes=check.integer("ROWS_MAX_BYTES", 1_073_741_824, 1024),
        batch_inline_max=check.integer("BATCH_INLINE_MAX", 1000, 1),
        batch_rows_max=check.integer("BATCH_ROWS_MAX", 1_000_000, 1),
        status_list_bits=bits,
        status_list_capacity=check.integer("STATUS_LIST_CAPACITY", bits * 7 // 8, 1, bits),
        status_ttl_seconds=check.integer("STATUS_TTL_SECONDS", 300, 0, 86_400),
        offer_ttl_seconds=check.integer("OFFER_TTL_SECONDS", 600, 60, 86_400),
        access_token_ttl_seconds=check.integer("ACCESS_TOKEN_TTL_SECONDS", 300, 60, 3600),
        idempotency_ttl_seconds=check.integer("IDEMPOTENCY_TTL_SECONDS", 604_800, 3600),
        vote_countdown_seconds=check.integer("VOTE_COUNTDOWN_SECONDS", 86_400, 1),
        proposal_lifetime_seconds=check.integer("PROPOSAL_LIFETIME_SECONDS", 1_209_600, 1),
        scheduler_interval_seconds=check.integer("SCHEDULER_INTERVAL_SECONDS", 15, 1, 60),
        anchor=anchor,
        evm_rpc_url=check.secret_url("EVM_RPC_URL", ("http", "https")),
        evm_key_file=check.secret_file("EVM_KEY_FILE") if evm else None,
        default_revocation_policy=check.choice(
            "DEFAULT_REVOCATION_POLICY", RevocationPolicy.KEEP_CURRENT_RELEASE_FUTURE
        ),
        expiration_max_years=check.integer("EXPIRATION_MAX_YEARS", 30, 1, 1000),
        signing_key_max_age_days=check.integer("SIGNING_KEY_MAX_AGE_DAYS", 365, 1, 36_500),
        outbound_resolution=check.choice("OUTBOUND_RESOLUTION", OutboundResolution.OFF),
        outbound_allow_hosts=allow_hosts,
        outbound_allow_networks=allow_networks,
        smtp_url=check.secret_url("SMTP_URL", ("smtp", "smtps")),
        mail_from=check.mail_address("MAIL_FROM"),
        oidc_issuer=check.url("OIDC_ISSUER", loopback_http=True),
        oidc_client_id=check.text("OIDC_CLIENT_ID", "", 255) or None,
        oidc_client_secret_file=check.secret_file("OIDC_CLIENT_SECRET_FILE") if oidc else None,
        metrics_token=check.token("METRICS_TOKEN"),
        log_level=check.choice("LOG_LEVEL", LogLevel.INFO),
        log_format=check.choice("LOG_FORMAT", LogFormat.JSON),
        otel_endpoint=check.url("OTEL_ENDPOINT", loopback_http=False),
        trusted_proxies=check.networks("TRUSTED_PROXIES"),
        audit_export_dir=check.path("AUDIT_EXPORT_DIR") or raw.home / "checkpoints",
        checkpoint_interval_seconds=check.integer("CHECKPOINT_INTERVAL_SECONDS", 60, 1, 3600),
        pkcs11=check.pkcs11(),
    )


def _default_public_url(bind: BindAddress) -> str:
    if not _is_loopback(bind.host):
        raise _refusal("PUBLIC_URL", f"has to be set, because the server listens on {bind.host}, which is not loopback")
    return f"http://{bind}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_host(host: str) -> bool:
    try:
        return str(ipaddress.ip_address(host)) == host
    except ValueError:
        # A last label of digits would be read as an address by some resolvers and as a name by others.
        return _HOST.match(host) is not None and not host.rsplit(".", 1)[-1].isdigit()


class _Checker:
    """Reads values of one raw set by name, in the form each kind of setting has."""

    def __init__(self, raw: RawSettings) -> None:
        self._raw = raw
        self._values = raw.values

    def _bad(self, name: str, reason: str) -> SettingRefused:
        if name in SECRET_NAMES:
            return _refusal(name, reason)
        return _refusal(name, f"{self._values.get(name, '')[:80]!r} {reason}")

    def home(self) -> None:
        """Refuse a data folder that is no folder, or neither writable nor possible to make."""
        folder = self._raw.home
        if folder.exists() and not folder.is_dir():
            raise _refusal("HOME", "is not a folder")
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise _refusal("HOME", "is not writable")

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
            raise _refusal(given[0], reason)
        if (given or wanted) and len(given) < len(names):
            missing = next(name for name in names if name not in given)
            raise _refusal(missing, "is missing")
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
        if not _is_host(host):
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
            return _default_public_url(bind)
        parts = self._split("PUBLIC_URL")
        host = parts.hostname or ""
        if parts.scheme not in {"http", "https"} or not _is_host(host):
            raise self._bad("PUBLIC_URL", "has no http or https scheme, or no host name in normal form")
        shown_host = f"[{host}]" if ":" in host else host
        default_port = 443 if parts.scheme == "https" else 80
        port = "" if parts.port is None or parts.port == default_port else f":{parts.port}"
        if text != f"{parts.scheme}://{shown_host}{port}":
            raise self._bad("PUBLIC_URL", "has a path, slash, query, user, capital letter or default port in it")
        if parts.scheme == "http" and not _is_loopback(host):
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
        if loopback_http and parts.scheme == "http" and not _is_loopback(parts.hostname):
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
            raise _refusal("KEK", "and KEK_FILE are both set")
        if text is None and file is None and database is Database.POSTGRESQL:
            raise _refusal("KEK", "and KEK_FILE are both unset, with PostgreSQL")
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
                if "/" in item or not _is_host(item):
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
            raise _refusal("PKCS11_PIN_FILE", "is missing")
        return Pkcs11Settings(module, self.text("PKCS11_TOKEN", "", 32), pin_file)
