"""Crash reports tell classes and places, never what a message quotes."""

from __future__ import annotations

import sqlite3

import pytest
import structlog.testing

from sealwright.storage.errors import refusal_for
from sealwright.web.logs import log_crash, log_refusal

CANARY = "canary-3c9e1a"


def test_crash_is_told_by_class_and_place() -> None:
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise RuntimeError(f"with {CANARY}") from error
    except RuntimeError as error:
        with structlog.testing.capture_logs() as logged:
            log_crash(error, request_id="r1", route="/x/{id}")
    assert CANARY not in str(logged)
    assert [link["error"] for link in logged[0]["chain"]] == ["builtins.RuntimeError", "builtins.KeyError"]
    assert "test_crash_is_told_by_class_and_place" in str(logged[0]["chain"])
    assert logged[0]["request_id"] == "r1"


def test_endless_chain_is_cut() -> None:
    error: BaseException = ValueError("0")
    for number in range(50):
        outer = ValueError(str(number))
        outer.__cause__ = error
        error = outer
    with structlog.testing.capture_logs() as logged:
        log_crash(error, request_id="r", route="/")
    assert len(logged[0]["chain"]) == 10


@pytest.mark.parametrize("code", ["UNAVAILABLE", "SEALED"])
def test_refusal_of_the_office_is_told_by_code(code: str) -> None:
    with structlog.testing.capture_logs() as logged:
        log_refusal(RuntimeError(CANARY), code, request_id="r", route="/x")
    assert (logged[0]["code"], logged[0]["log_level"]) == (code, "warning")
    assert CANARY not in str(logged)
    assert "cause" not in logged[0]


def test_refusal_of_the_store_is_told_with_the_class_of_its_cause() -> None:
    full = sqlite3.OperationalError(f"database or disk is full: {CANARY}")
    full.sqlite_errorname = "SQLITE_FULL"
    with structlog.testing.capture_logs() as logged:
        log_refusal(refusal_for(full), "UNAVAILABLE", request_id="r", route="/x")
    assert logged[0]["cause"] == "OperationalError SQLITE_FULL"
    assert CANARY not in str(logged)
