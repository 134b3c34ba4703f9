"""Decoders of a type are made while modules are imported: made in a call, two threads at once may end the process."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).resolve().parents[2] / "src" / "sealwright"
# Makes a decoder for whoever calls it; the test below sees to it that modules do, and nothing else.
MAKER: Final = "json_of"


def made_late(source: str) -> Iterator[int]:
    """Lines at which a function makes a decoder, or reads with a type that has none yet."""
    if not any(word in source for word in ("Decoder", "msgspec", MAKER)):
        return
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.FunctionDef) and node.name == MAKER:
            continue
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and is_late(call):
                yield call.lineno


def is_late(call: ast.Call) -> bool:
    """Tell whether this call has the library look at a type."""
    name = ast.unparse(call.func)
    is_typed = any(keyword.arg == "type" for keyword in call.keywords)
    return (
        name.endswith("Decoder")
        or name == MAKER
        or name == "msgspec.convert"
        or (name.startswith("msgspec.") and name.endswith(".decode") and is_typed)
    )


def test_decoders_of_types_are_made_at_import() -> None:
    late = {
        f"{path.relative_to(SOURCES)}:{line}"
        for path in SOURCES.rglob("*.py")
        for line in made_late(path.read_text(encoding="utf-8"))
    }
    assert not late


def test_a_decoder_that_is_made_late_is_found() -> None:
    for planted in ("msgspec.json.decode(x, type=int)", "msgspec.json.Decoder(int)", "msgspec.convert(x, int)"):
        assert list(made_late(f"def read(x):\n    return {planted}")) == [2]
    assert not list(made_late("READ = msgspec.json.Decoder(int)\ndef read(x):\n    return READ.decode(x)"))
