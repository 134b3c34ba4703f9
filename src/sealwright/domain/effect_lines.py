"""The English sentence of an act's effects, for the API and the terminal; pages write their own."""

from __future__ import annotations

from datetime import datetime

from sealwright.domain.effects import Effects

NO_CHANGE = Effects(changed=False, summary="Changes nothing.")


def grant_line(credential_type: str, *, expires_at: datetime | None, issues: bool, roles_opened: int) -> str:
    """Say what granting does."""
    until = f" until {expires_at:%Y-%m-%d}" if expires_at is not None else ""
    parts = [f"Grants {credential_type}{until}"]
    if issues:
        parts.append("issues a credential")
    if roles_opened:
        parts.append(f"opens {_count(roles_opened, 'workflow role')}")
    return f"{_joined(parts)}."


def revoke_line(credential_type: str, *, credentials: int, kept: int, released: int, series: int = 0) -> str:
    """Say what revoking does; `series` counts the claims on series that end."""
    parts = []
    if credentials:
        parts.append(f"{_count(credentials, 'credential')} {'is' if credentials == 1 else 'are'} revoked")
    if kept:
        parts.append(f"{_count(kept, 'step')} {'stays' if kept == 1 else 'stay'}")
    if released:
        parts.append(f"{_count(released, 'future step')} {'is' if released == 1 else 'are'} released")
    if series:
        parts.append(f"{_count(series, 'series claim')} {'ends' if series == 1 else 'end'}")
    return f"Revokes {credential_type}; {', '.join(parts)}." if parts else f"Revokes {credential_type}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
