"""Settings as read: texts by name from the environment and the settings file, nothing of it believed yet."""

from __future__ import annotations

import difflib
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sealwright.settings.names import ACCEPTED, LIST_NAMES, PREFIX, SECRET_NAMES, SETTING_NAMES, SettingRefused, refusal

FILE_NAME: Final = "sealwright.toml"


@dataclass(frozen=True, slots=True)
class RawSettings:
    """Settings as read: texts by name without prefix, nothing of it believed yet."""

    home: Path
    cwd: Path
    values: Mapping[str, str] = field(repr=False)


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
        raise refusal("HOME", "is empty or no path")
    home = cwd / Path(home_text).expanduser()
    values = {**_read_file(home / FILE_NAME), **from_environment}
    for name, text in values.items():
        if not text.strip() and name not in LIST_NAMES:
            raise refusal(name, "is empty; leave it out instead")
        # Surrogates are bytes of the environment that were no UTF-8; separators would break log lines.
        if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
            raise refusal(name, "holds a control character")
    return RawSettings(home, cwd, values)


def _read_file(path: Path) -> dict[str, str]:
    try:
        content = path.read_bytes()
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        # A data folder that is no folder has its own refusal.
        return {}
    except OSError as error:
        raise refusal("HOME", f"{FILE_NAME} cannot be read ({error.strerror})") from error
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
            raise refusal(name, f"stands in {FILE_NAME}, which is readable by others", "a file of mode 0600")
        values[name] = _text_of(name, value)
    return values


def _text_of(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    if name in LIST_NAMES and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    raise refusal(name, f"has a value of a wrong kind in {FILE_NAME}")


def _require_known(name: str, shown: str) -> None:
    if name in ACCEPTED:
        return
    # The value is not shown: a misspelled name may well carry a secret.
    close = difflib.get_close_matches(name, SETTING_NAMES, n=1)
    raise SettingRefused(shown, "no such setting", PREFIX + close[0] if close else "the settings of the reference")
