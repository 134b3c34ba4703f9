"""Settings: read from two places, checked whole before anything changes, refused with name, reason and form."""

from __future__ import annotations

import base64
import os
import pickle
from ipaddress import ip_network
from pathlib import Path

import pytest

from sealwright.settings import (
    ACCEPTED,
    SECRET_NAMES,
    SETTING_NAMES,
    Anchor,
    BindAddress,
    Database,
    LogFormat,
    LogLevel,
    OutboundResolution,
    RevocationPolicy,
    SecretText,
    SettingRefused,
    Settings,
    load_settings,
)

KEK = base64.b64encode(b"k" * 32).decode()
POSTGRES = "postgresql://office:hunter2-canary@db.example/office"


def load(folder: Path, **values: str) -> Settings:
    return load_settings({f"SEALWRIGHT_{name}": text for name, text in values.items()}, cwd=folder)


def private(path: Path, text: str = "secret", mode: int = 0o600) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def write_toml(folder: Path, text: str, mode: int = 0o600) -> None:
    (folder / "var").mkdir(exist_ok=True)
    private(folder / "var" / "sealwright.toml", text, mode)


def test_defaults_are_the_contract_s(tmp_path: Path) -> None:
    settings = load_settings({"PATH": "/bin", "OTHER_HOME": "x"}, cwd=tmp_path)
    assert settings.home == tmp_path / "var"
    assert settings.bind == BindAddress("127.0.0.1", 8000)
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.database is Database.SQLITE
    assert settings.database_url.reveal() == f"sqlite:///{tmp_path}/var/sealwright.db"
    assert settings.kek is None
    assert settings.kek_file is None
    assert (settings.workers, settings.job_concurrency, settings.undo_seconds) == (1, 2, 10)
    assert (settings.organization, settings.default_locale.value) == ("Sealwright", "en")
    assert not settings.open_registration
    assert not settings.improver_self_service
    rates = (
        settings.rate_issue_per_minute,
        settings.rate_batch_per_minute,
        settings.rate_write_per_minute,
        settings.rate_act_per_minute,
        settings.rate_read_per_minute,
        settings.rate_public_per_minute,
    )
    assert rates == (60, 10, 300, 6000, 1200, 120)
    sizes = (settings.body_max_bytes, settings.batch_body_max_bytes, settings.rows_max_bytes)
    assert sizes == (2**20, 2**23, 2**30)
    assert (settings.batch_inline_max, settings.batch_rows_max) == (1000, 1_000_000)
    assert (settings.status_list_bits, settings.status_list_capacity) == (131_072, 114_688)
    lives = (
        settings.status_ttl_seconds,
        settings.offer_ttl_seconds,
        settings.access_token_ttl_seconds,
        settings.idempotency_ttl_seconds,
    )
    assert lives == (300, 600, 300, 604_800)
    assert (settings.vote_countdown_seconds, settings.proposal_lifetime_seconds) == (86_400, 1_209_600)
    assert settings.scheduler_interval_seconds == 15
    assert settings.anchor is Anchor.LOG
    assert settings.default_revocation_policy is RevocationPolicy.KEEP_CURRENT_RELEASE_FUTURE
    assert (settings.expiration_max_years, settings.signing_key_max_age_days) == (30, 365)
    assert settings.outbound_resolution is OutboundResolution.OFF
    assert settings.outbound_allow_hosts == frozenset()
    assert settings.outbound_allow_networks == ()
    assert (settings.log_level, settings.log_format) == (LogLevel.INFO, LogFormat.JSON)
    assert settings.trusted_proxies == ()
    assert settings.audit_export_dir == tmp_path / "var" / "checkpoints"
    assert settings.checkpoint_interval_seconds == 60
    unset = (settings.smtp_url, settings.mail_from, settings.oidc_issuer, settings.metrics_token, settings.pkcs11)
    assert unset == (None,) * 5


def test_home_is_made_private_and_nothing_else(tmp_path: Path) -> None:
    settings = load(tmp_path, HOME="data/office")
    assert settings.home == tmp_path / "data" / "office"
    assert settings.home.stat().st_mode & 0o777 == 0o700
    assert os.listdir(settings.home) == []


GOOD: list[tuple[str, str]] = [
    ("BIND", "127.0.0.1:0"),
    ("BIND", "[::1]:8000"),
    ("BIND", "localhost:65535"),
    ("PUBLIC_URL", "https://office.example"),
    ("PUBLIC_URL", "https://office.example:8443"),
    ("PUBLIC_URL", "http://localhost:9000"),
    ("PUBLIC_URL", "http://[::1]:9000"),
    ("DATABASE_URL", "sqlite:////tmp/x.db"),
    ("DATABASE_URL", "sqlite:///x.db"),
    ("KEK", KEK),
    ("WORKERS", "64"),
    ("OPEN_REGISTRATION", "true"),
    ("RATE_ISSUE_PER_MINUTE", "0"),
    ("RATE_ACT_PER_MINUTE", "0"),
    ("STATUS_LIST_BITS", "1048576"),
    ("STATUS_LIST_CAPACITY", "131072"),
    ("STATUS_TTL_SECONDS", "0"),
    ("OUTBOUND_ALLOW", ""),
    ("OUTBOUND_RESOLUTION", "did-web+status"),
    ("LOG_LEVEL", "warning"),
]


@pytest.mark.parametrize(("name", "text"), GOOD, ids=lambda value: value or "empty")
def test_accepted_values(tmp_path: Path, name: str, text: str) -> None:
    settings = load(tmp_path, **{name: text})
    assert _as_text(settings, name) == text.replace("sqlite:///x.db", f"sqlite:///{tmp_path / 'x.db'}")


def _as_text(settings: Settings, name: str) -> str:
    """A setting as somebody would write it down."""
    if name == "BIND":
        host = f"[{settings.bind.host}]" if ":" in settings.bind.host else settings.bind.host
        return f"{host}:{settings.bind.port}"
    if name == "OUTBOUND_ALLOW":
        return ",".join([*settings.outbound_allow_hosts, *map(str, settings.outbound_allow_networks)])
    value = getattr(settings, name.lower())
    return str(value.reveal() if hasattr(value, "reveal") else value).replace("True", "true")


BAD: list[tuple[str, str]] = [
    ("HOME", ""),
    ("HOME", "office?"),
    ("BIND", "127.0.0.1"),
    ("BIND", "127.0.0.1:65536"),
    ("BIND", ":8000"),
    ("BIND", "::1:8000"),
    ("BIND", "[127.0.0.1]:80"),
    ("BIND", "LOCALHOST:80"),
    ("BIND", "127.1:80"),
    ("BIND", "0.0.0.0:8000"),  # without a public URL there would be no true base
    ("PUBLIC_URL", "https://office.example/"),
    ("PUBLIC_URL", "https://office.example/path"),
    ("PUBLIC_URL", "https://office.example?x"),
    ("PUBLIC_URL", "https://office.example#x"),
    ("PUBLIC_URL", "https://user@office.example"),
    ("PUBLIC_URL", "https://Office.example"),
    ("PUBLIC_URL", "https://office.example:443"),
    ("PUBLIC_URL", "https://office.example:99999"),
    ("PUBLIC_URL", "http://office.example"),
    ("PUBLIC_URL", "http://10.0.0.1"),
    ("PUBLIC_URL", "ftp://office.example"),
    ("PUBLIC_URL", "https://óffice.example"),
    ("PUBLIC_URL", "https://"),
    ("PUBLIC_URL", "https://127.1"),
    ("DATABASE_URL", "mysql://x/y"),
    ("DATABASE_URL", "postgres://x/y"),
    ("DATABASE_URL", "postgresql+psycopg://x/y"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", "sqlite:///x.db?mode=ro"),
    ("DATABASE_URL", "postgresql://host"),
    ("DATABASE_URL", POSTGRES),  # neither KEK nor KEK_FILE
    ("KEK", "AAAA"),
    ("KEK", KEK[:-1]),
    ("KEK", KEK + "\n"),
    ("WORKERS", "0"),
    ("WORKERS", "65"),
    ("WORKERS", "two"),
    ("WORKERS", "1.0"),
    ("WORKERS", "+1"),
    ("WORKERS", "１"),
    ("WORKERS", " 1"),
    ("JOB_CONCURRENCY", "0"),
    ("ORGANIZATION", "a" * 201),
    ("ORGANIZATION", "a\x1b[31m"),
    ("ORGANIZATION", "a\u2028b"),
    ("ORGANIZATION", "a\udcff"),
    ("DEFAULT_LOCALE", "de"),
    ("OPEN_REGISTRATION", "True"),
    ("OPEN_REGISTRATION", "1"),
    ("IMPROVER_SELF_SERVICE", "yes"),
    ("UNDO_SECONDS", "61"),
    ("RATE_ISSUE_PER_MINUTE", "-1"),
    ("RATE_BATCH_PER_MINUTE", "9" * 16),
    ("RATE_WRITE_PER_MINUTE", "x"),
    ("RATE_ACT_PER_MINUTE", "-1"),
    ("RATE_READ_PER_MINUTE", "x"),
    ("RATE_PUBLIC_PER_MINUTE", "x"),
    ("BODY_MAX_BYTES", "1023"),
    ("BATCH_BODY_MAX_BYTES", "1023"),
    ("ROWS_MAX_BYTES", "1023"),
    ("BATCH_INLINE_MAX", "0"),
    ("BATCH_ROWS_MAX", "0"),
    ("STATUS_LIST_BITS", "131071"),
    ("STATUS_LIST_BITS", "131073"),
    ("STATUS_LIST_BITS", "1048584"),
    ("STATUS_LIST_CAPACITY", "0"),
    ("STATUS_LIST_CAPACITY", "131073"),
    ("STATUS_TTL_SECONDS", "86401"),
    ("OFFER_TTL_SECONDS", "59"),
    ("ACCESS_TOKEN_TTL_SECONDS", "3601"),
    ("IDEMPOTENCY_TTL_SECONDS", "3599"),
    ("VOTE_COUNTDOWN_SECONDS", "0"),
    ("PROPOSAL_LIFETIME_SECONDS", "0"),
    ("SCHEDULER_INTERVAL_SECONDS", "61"),
    ("ANCHOR", "evm"),
    ("ANCHOR", "LOG"),
    ("EVM_RPC_URL", "https://rpc.example/key-canary"),
    ("EVM_KEY_FILE", "/nowhere"),
    ("DEFAULT_REVOCATION_POLICY", "keep"),
    ("EXPIRATION_MAX_YEARS", "0"),
    ("SIGNING_KEY_MAX_AGE_DAYS", "0"),
    ("OUTBOUND_RESOLUTION", "on"),
    ("OUTBOUND_ALLOW", "10.0.0.1/8"),
    ("OUTBOUND_ALLOW", "http://host"),
    ("OUTBOUND_ALLOW", "*.example"),
    ("SMTP_URL", "smtp://mail.example"),
    ("MAIL_FROM", "office@example.org"),
    ("OIDC_ISSUER", "https://id.example"),
    ("OIDC_CLIENT_ID", "x"),
    ("OIDC_CLIENT_SECRET_FILE", "/nowhere"),
    ("METRICS_TOKEN", "short-canary"),
    ("METRICS_TOKEN", ""),
    ("AGENT_KEY", "short-canary"),
    ("LOG_LEVEL", "trace"),
    ("LOG_FORMAT", "xml"),
    ("OTEL_ENDPOINT", "collector:4317"),
    ("TRUSTED_PROXIES", "proxy.example"),
    ("TRUSTED_PROXIES", "10.0.0.1/8"),
    ("AUDIT_EXPORT_DIR", ""),
    ("CHECKPOINT_INTERVAL_SECONDS", "3601"),
    ("PKCS11_MODULE", "/usr/lib/p11.so"),
    ("PKCS11_TOKEN", "office"),
    ("PKCS11_PIN_FILE", "/nowhere"),
    ("KEK_FILE", "/"),
]


@pytest.mark.parametrize(("name", "text"), BAD, ids=lambda value: ascii(value)[:40] or "empty")
def test_refused_values_leave_the_disk_alone(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(SettingRefused) as caught:
        load(tmp_path, **{name: text})
    assert caught.value.name.startswith("SEALWRIGHT_")
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_each_setting_has_a_refused_value_here() -> None:
    """Group settings are refused alone; KEK_FILE and the rest have their own tests below."""
    assert {name for name, _ in BAD} == set(SETTING_NAMES)
    assert set(ACCEPTED) >= SECRET_NAMES


def test_unknown_name_is_refused_with_the_nearest_and_without_its_value(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused) as caught:
        load(tmp_path, WORKER="canary")
    assert caught.value.name == "SEALWRIGHT_WORKER"
    assert caught.value.accepted == "SEALWRIGHT_WORKERS"
    assert "canary" not in str(caught.value)


def test_file_values_are_read_and_the_environment_wins(tmp_path: Path) -> None:
    write_toml(
        tmp_path,
        'workers = 4\norganization = "Town"\nopen_registration = true\nlog_format = "text"\n'
        'outbound_allow = ["hooks.example", "10.0.0.0/8"]\n',
    )
    settings = load(tmp_path, ORGANIZATION="City")
    assert (settings.workers, settings.organization, settings.open_registration) == (4, "City", True)
    assert settings.log_format is LogFormat.TEXT
    assert settings.outbound_allow_hosts == {"hooks.example"}
    assert settings.outbound_allow_networks == (ip_network("10.0.0.0/8"),)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense = 1",
        "WORKERS = 1",
        'home = "x"',
        "workers = 1.5",
        "workers = [1]",
        "workers = 0",
        "workers = ",
        "[workers]\nx = 1",
        "workers = 1\nworkers = 1",
        "outbound_allow = [1]",
        'organization = ""',
    ],
)
def test_bad_settings_file_is_refused(tmp_path: Path, text: str) -> None:
    write_toml(tmp_path, text)
    with pytest.raises(SettingRefused):
        load(tmp_path)


def test_settings_file_with_a_secret_has_to_be_private(tmp_path: Path) -> None:
    write_toml(tmp_path, f'kek = "{KEK}"', 0o644)
    with pytest.raises(SettingRefused, match="readable by others"):
        load(tmp_path)
    write_toml(tmp_path, f'kek = "{KEK}"', 0o600)
    settings = load(tmp_path)
    assert settings.kek is not None
    assert settings.kek.reveal() == KEK


def test_broken_settings_file_is_not_quoted(tmp_path: Path) -> None:
    write_toml(tmp_path, 'kek = "canary')
    with pytest.raises(SettingRefused) as caught:
        load(tmp_path)
    assert "canary" not in str(caught.value)


def test_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("x")
    with pytest.raises(SettingRefused, match="not a folder"):
        load(tmp_path)


def test_home_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    # Even the superuser makes no folder in /proc.
    with pytest.raises(SettingRefused) as caught:
        load(tmp_path, HOME="/proc/sealwright-home")
    assert caught.value.name == "SEALWRIGHT_HOME"


def test_kek_and_kek_file_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="both set"):
        load(tmp_path, KEK=KEK, KEK_FILE=private(tmp_path / "k", KEK))


def test_kek_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="readable by others"):
        load(tmp_path, KEK_FILE=private(tmp_path / "k", KEK, 0o640))


def test_absent_kek_file_passes_because_the_office_starts_sealed(tmp_path: Path) -> None:
    settings = load(tmp_path, DATABASE_URL=POSTGRES, KEK_FILE="kek")
    assert settings.kek_file == tmp_path / "kek"
    assert settings.database is Database.POSTGRESQL
    assert settings.database_url.reveal() == POSTGRES


def test_postgresql_over_a_socket_is_accepted(tmp_path: Path) -> None:
    address = "postgresql:///office?host=/run/postgresql"
    settings = load(tmp_path, DATABASE_URL=address, KEK=KEK)
    assert (settings.database, settings.database_url.reveal()) == (Database.POSTGRESQL, address)


def test_evm_anchor_needs_both_others_and_takes_them(tmp_path: Path) -> None:
    key = private(tmp_path / "evm")
    with pytest.raises(SettingRefused, match="EVM_KEY_FILE"):
        load(tmp_path, ANCHOR="evm", EVM_RPC_URL="https://rpc.example")
    settings = load(tmp_path, ANCHOR="evm", EVM_RPC_URL="https://rpc.example", EVM_KEY_FILE=key)
    assert settings.anchor is Anchor.EVM
    assert settings.evm_key_file == Path(key)


def test_mail_and_sign_in_groups_are_taken_whole(tmp_path: Path) -> None:
    secret = private(tmp_path / "oidc")
    settings = load(
        tmp_path,
        SMTP_URL="smtps://u:hunter2-canary@mail.example:465",
        MAIL_FROM="office@example.org",
        OIDC_ISSUER="https://id.example",
        OIDC_CLIENT_ID="office",
        OIDC_CLIENT_SECRET_FILE=secret,
    )
    assert settings.mail_from == "office@example.org"
    assert settings.oidc_client_secret_file == Path(secret)


def test_pkcs11_group_is_taken_whole(tmp_path: Path) -> None:
    (tmp_path / "p11.so").write_text("")
    settings = load(
        tmp_path, PKCS11_MODULE="p11.so", PKCS11_TOKEN="office", PKCS11_PIN_FILE=private(tmp_path / "pin", "1234")
    )
    assert settings.pkcs11 is not None
    assert settings.pkcs11.module == tmp_path / "p11.so"
    assert settings.pkcs11.token == "office"


def test_secrets_neither_print_nor_pickle(tmp_path: Path) -> None:
    settings = load(
        tmp_path, DATABASE_URL=POSTGRES, KEK=KEK, METRICS_TOKEN="canary-canary-canary", AGENT_KEY="canary-canary-key"
    )
    shown = repr(settings)
    assert "canary" not in shown
    assert KEK not in shown
    assert KEK not in str(SecretText(KEK))
    with pytest.raises(TypeError):
        pickle.dumps(SecretText(KEK))


def test_other_bind_moves_only_a_public_url_that_was_not_set(tmp_path: Path) -> None:
    moved = load(tmp_path).with_bind(BindAddress("::1", 9))
    assert moved.public_url == "http://[::1]:9"
    fixed = load(tmp_path, PUBLIC_URL="https://office.example").with_bind(BindAddress("0.0.0.0", 9))
    assert fixed.public_url == "https://office.example"
    with pytest.raises(SettingRefused):
        load(tmp_path).with_bind(BindAddress("0.0.0.0", 9))
