"""The numbers of analytics as named tables: the twin of every plot, and what is exported as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sealwright.domain.figures import Rate
from sealwright.services.analytics import TIME_BOUNDS_HOURS, Overview
from sealwright.services.csv_text import Cell, write_csv


@dataclass(frozen=True, slots=True)
class FigureTable:
    """One table: column names as they stand in CSV, and rows of plain values."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def csv(self) -> Iterator[bytes]:
        """The table as CSV, line by line."""
        return write_csv(self.columns, self.rows)


def tables_of(overview: Overview) -> dict[str, FigureTable]:
    """Every table of an overview by name: ``types`` ``periods`` ``times`` ``reasons`` ``survival`` ``expiries``."""
    tables = (_types(overview), _periods(overview), _times(overview), _reasons(overview), _survival(overview))
    return {table.name: table for table in (*tables, _expiries(overview))}


def _types(overview: Overview) -> FigureTable:
    columns = (
        *("credential_type", "label", "requested", "approved", "rejected", "granted", "revoked"),
        *("approval_rate", "approval_rate_low", "approval_rate_high", "median_seconds", "p90_seconds"),
        *("target_seconds", "within_target", "within_target_low", "within_target_high"),
        *("revocation_rate", "revocation_rate_low", "revocation_rate_high"),
        *("revoked_within_90_days", "revoked_within_90_days_low", "revoked_within_90_days_high"),
        *("holders", "steps_completed", "pending", "oldest_at"),
    )
    rows = tuple(
        (
            *(one.credential_type, one.label, one.requested, one.approved, one.rejected, one.granted, one.revoked),
            *_spelled(one.approval_rate),
            *(one.median_seconds, one.p90_seconds, one.target_seconds),
            *_spelled(one.within_target),
            *_spelled(one.revocation_rate),
            *_spelled(one.early_losses),
            *(one.holders, one.steps_completed, one.pending, one.oldest_at),
        )
        for one in overview.types
    )
    return FigureTable("types", columns, rows)


def _periods(overview: Overview) -> FigureTable:
    columns = ("credential_type", "start", "requested", "approved", "rejected", "granted", "revoked")
    rows = tuple(
        (one.credential_type, one.start, one.requested, one.approved, one.rejected, one.granted, one.revoked)
        for one in overview.periods
    )
    return FigureTable("periods", columns, rows)


def _times(overview: Overview) -> FigureTable:
    starts = (0, *TIME_BOUNDS_HOURS)
    rows = tuple(
        (one.credential_type, start, end, count)
        for one in overview.types
        for start, end, count in zip(starts, (*TIME_BOUNDS_HOURS, None), one.times, strict=True)
    )
    return FigureTable("times", ("credential_type", "from_hours", "to_hours", "decisions"), rows)


def _reasons(overview: Overview) -> FigureTable:
    rows = tuple((one.credential_type, reason, count) for one in overview.types for reason, count in one.reasons)
    return FigureTable("reasons", ("credential_type", "reason", "rejections"), rows)


def _survival(overview: Overview) -> FigureTable:
    rows = tuple(
        (one.credential_type, point.days, point.share, point.low, point.high, point.at_risk)
        for one in overview.types
        for point in one.survival
    )
    return FigureTable("survival", ("credential_type", "days", "share", "low", "high", "at_risk"), rows)


def _expiries(overview: Overview) -> FigureTable:
    rows = tuple(
        (one.credential_type, week + 1, count) for one in overview.types for week, count in enumerate(one.expiring)
    )
    return FigureTable("expiries", ("credential_type", "week_ahead", "grants"), rows)


def _spelled(rate: Rate | None) -> tuple[Cell, Cell, Cell]:
    return (None, None, None) if rate is None else (rate.share, rate.low, rate.high)
