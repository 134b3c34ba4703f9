"""Every setting of the office: read from the environment and the settings file, checked whole, then believed.

What was read (`RawSettings`, texts by name) and what was checked (`Settings`) are two types. Nothing is
made or changed on disk before the last check has passed. Only `bootstrap` and `cli` import this room.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sealwright.settings.forms import Checker
from sealwright.settings.names import ACCEPTED, PREFIX, SECRET_NAMES, SETTING_NAMES, SettingRefused, refusal
from sealwright.settings.reading import FILE_NAME, RawSettings, read_settings
from sealwright.settings.values import (
    Anchor,
    BindAddress,
    Database,
    IPNetwork,
    Locale,
    LogFormat,
    LogLevel,
    OutboundResolution,
    Pkcs11Settings,
    RevocationPolicy,
    SecretText,
    Settings,
)

__all__ = [
    "ACCEPTED",
    "FILE_NAME",
    "PREFIX",
    "SECRET_NAMES",
    "SETTING_NAMES",
    "Anchor",
    "BindAddress",
    "Database",
    "IPNetwork",
    "Locale",
    "LogFormat",
    "LogLevel",
    "OutboundResolution",
    "Pkcs11Settings",
    "RawSettings",
    "RevocationPolicy",
    "SecretText",
    "SettingRefused",
    "Settings",
    "check_settings",
    "load_settings",
    "read_settings",
]


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
        raise refusal("HOME", f"cannot be made ({error.strerror})") from error
    return settings


def check_settings(raw: RawSettings) -> Settings:
    """Check every value; nothing is made or changed on disk.

    Raises:
        SettingRefused: The first bad value.
    """
    check = Checker(raw)
    check.home()
    bind = check.bind()
    database, database_url = check.database()
    bits = check.integer("STATUS_LIST_BITS", 131_072, 131_072, 1_048_576)
    if bits % 8:
        raise refusal("STATUS_LIST_BITS", "is not a multiple of 8")
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
        rate_act_per_minute=check.integer("RATE_ACT_PER_MINUTE", 6000, 0),
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
        agent_key=check.token("AGENT_KEY"),
        log_level=check.choice("LOG_LEVEL", LogLevel.INFO),
        log_format=check.choice("LOG_FORMAT", LogFormat.JSON),
        otel_endpoint=check.url("OTEL_ENDPOINT", loopback_http=False),
        trusted_proxies=check.networks("TRUSTED_PROXIES"),
        audit_export_dir=check.path("AUDIT_EXPORT_DIR") or raw.home / "checkpoints",
        checkpoint_interval_seconds=check.integer("CHECKPOINT_INTERVAL_SECONDS", 60, 1, 3600),
        pkcs11=check.pkcs11(),
    )
