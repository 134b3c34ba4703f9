"""Keeping a setting for every later start: one line of the settings file, all others left alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sealwright.settings import check_settings
from sealwright.settings.names import ACCEPTED, PREFIX, refusal
from sealwright.settings.reading import FILE_NAME, RawSettings


def keep_setting(home: Path, name: str, text: str) -> None:
    """Write a setting that passed its check into ``<home>/sealwright.toml``; the file is replaced whole, mode 0600.

    Args:
        text: Without quotes, backslashes and control characters, as checked settings of texts are.

    Raises:
        SettingRefused: The file cannot be written.
        ValueError: The name is not known, or the text is not plain.
    """
    if name not in ACCEPTED or any(letter in '"\\' or not letter.isprintable() for letter in text):
        raise ValueError("only a known setting with a plain text is kept")
    path = home / FILE_NAME
    lower = name.lower()
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        kept = [line for line in lines if line.partition("=")[0].strip() != lower]
        # In front, because after a table's head the line would belong to that table.
        content = "\n".join([f'{lower} = "{text}"', *kept]) + "\n"
        descriptor, temporary = tempfile.mkstemp(dir=home, prefix=f".{FILE_NAME}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content.encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise refusal(name, f"cannot be kept in {FILE_NAME} ({error.strerror})") from error


def keep_public_url(home: Path, url: str, environ: Mapping[str, str]) -> None:
    """Keep the base of every link for the next start, judged like every setting.

    Raises:
        SettingRefused: The URL is not taken, the environment would win over the file, or it cannot be written.
    """
    if environ.get(f"{PREFIX}PUBLIC_URL") not in (None, url):
        raise refusal("PUBLIC_URL", "is set in the environment, which would win")
    check_settings(RawSettings(home, home, {"PUBLIC_URL": url}))
    keep_setting(home, "PUBLIC_URL", url)
