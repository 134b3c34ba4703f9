"""Settings once checked: typed, with units in their names, and secrets that do not show."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, NoReturn, TypeAlias

from sealwright.settings.names import refusal

IPNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z")


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
    rate_act_per_minute: int
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
    agent_key: SecretText | None
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
        return replace(self, bind=bind, public_url=default_public_url(bind))


def default_public_url(bind: BindAddress) -> str:
    if not is_loopback(bind.host):
        raise refusal("PUBLIC_URL", f"has to be set, because the server listens on {bind.host}, which is not loopback")
    return f"http://{bind}"


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_host(host: str) -> bool:
    try:
        return str(ipaddress.ip_address(host)) == host
    except ValueError:
        # A last label of digits would be read as an address by some resolvers and as a name by others.
        return _HOST.match(host) is not None and not host.rsplit(".", 1)[-1].isdigit()
