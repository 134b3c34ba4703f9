"""One table from errors to exit codes, and what is printed of an error."""

from __future__ import annotations

import inspect

import pytest

from sealwright.adapters.kek import KekRefused
from sealwright.cli import errors, misuse
from sealwright.cli.output import Output
from sealwright.domain import errors as domain
from sealwright.settings import SettingRefused
from sealwright.storage.errors import StoreRefused
from sealwright.vc import errors as vc
from sealwright.vc.errors import Fault
from sealwright.web.problems import INTERNAL, problem_for

_EXIT_CODE_OF_STATUS = {
    400: 6,
    401: 3,
    403: 3,
    404: 4,
    409: 5,
    410: 4,
    412: 5,
    413: 6,
    415: 6,
    422: 6,
    429: 7,
    500: 1,
    503: 1,
}


def _classes(module: object, root: type[Exception]) -> list[type[Exception]]:
    return [one for _, one in inspect.getmembers(module, inspect.isclass) if issubclass(one, root)]


def _make(kind: type[Exception]) -> Exception:
    if kind is domain.RateLimitExceeded:
        return domain.RateLimitExceeded("too fast", retry_after_seconds=3)
    return kind("refused")


@pytest.mark.parametrize(
    "kind",
    [*_classes(domain, domain.DomainError), *_classes(vc, vc.VcError)],
    ids=lambda kind: kind.__name__,
)
def test_exit_code_and_http_status_tell_the_same_story(kind: type[Exception]) -> None:
    error = _make(kind)
    problem = problem_for(error)
    if problem is INTERNAL:
        return
    if kind is vc.DIDUnresolvable:
        # HTTP says "not found" of what could not be looked up; a script must not take that for an answer.
        assert errors.exit_code_for(error) == misuse.FAILURE
        return
    assert errors.exit_code_for(error) == _EXIT_CODE_OF_STATUS[problem.status]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (misuse.Misused("x"), 2),
        (misuse.UnreadableFile("x"), 2),
        (SettingRefused("SEALWRIGHT_BIND", "bad", "good"), 2),
        (StoreRefused("too old"), 2),
        (KekRefused("readable by others"), 2),
        (KeyError("x"), 1),
        (RuntimeError("x"), 1),
    ],
)
def test_exit_code_of_what_http_never_sees(error: Exception, code: int) -> None:
    assert errors.exit_code_for(error) == code


def test_every_exit_code_is_documented() -> None:
    assert set(errors.EXIT_CODES.values()) <= set(range(9))


def test_problem_carries_faults_and_extra_members(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    faults = [Fault("/degree/type", "required", "is missing")]
    error = vc.ClaimsDoNotMatchSchema("1 claim does not match.", faults=faults)
    assert errors.report(error, Output(json=True), "sealwright issue", document_at="/claims") == 6
    problem = json.loads(capsys.readouterr().err)
    assert problem["code"] == "SCHEMA_VALIDATION_FAILED"
    assert problem["status"] == 422
    assert problem["instance"] == "sealwright issue"
    assert problem["errors"] == [{"pointer": "/claims/degree/type", "code": "required", "detail": "is missing"}]
    assert errors.report(domain.VersionConflict("moved on", extra={"current": 3}), Output(json=True), "x") == 5
    assert json.loads(capsys.readouterr().err)["current"] == 3


def test_plain_error_is_one_line_with_its_places(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [Fault("/degree", "required", "is missing"), Fault("", "type", "is wrong")]
    errors.report(vc.ClaimsDoNotMatchSchema("2 faults.", faults=faults), Output(), "x", document_at="/claims")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert (
        printed.err == "sealwright: SCHEMA_VALIDATION_FAILED: 2 faults. (/claims/degree is missing; /claims is wrong)\n"
    )


def test_control_characters_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    errors.report(misuse.Misused("a\x1b[31m\nb\u202e"), Output(), "x")
    printed = capsys.readouterr().err
    assert printed == "sealwright: USAGE: a\\x1b[31m\\nb\\u202e\n"


@pytest.mark.parametrize("as_json", [True, False])
def test_unexpected_error_shows_its_kind_and_place_but_not_its_text(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyError) as caught:
        raise KeyError("swp_secret")
    assert errors.report(caught.value, Output(json=as_json), "x") == 1
    printed = capsys.readouterr().err
    assert "swp_secret" not in printed
    assert "KeyError" in printed
    assert "INTERNAL" in printed
