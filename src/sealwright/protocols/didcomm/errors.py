"""What can be wrong with a message: one refusal, whose sentence never quotes what was sent."""

from __future__ import annotations


class MessageRefused(Exception):
    """An envelope or a message that is not acceptable."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
