"""Sealwright: an office that takes requests, decides, signs, delivers, verifies and revokes credentials."""

from typing import Final

__version__: Final = "0.1.0"
