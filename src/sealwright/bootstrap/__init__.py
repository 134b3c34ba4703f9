"""The one place where things are built and joined."""

from sealwright.bootstrap.joining import build

__all__ = ["build"]
