"""JSON Canonicalization Scheme, fast where two encoders are known to agree.

`rfc8785` needs about 50 µs for a credential, the plain encoder 1.3 µs with the same bytes, but only inside a gate:
member names in ASCII, integers within ±(2^53 − 1), fractions whose shortest form has no exponent.

Spec: RFC 8785, JSON Canonicalization Scheme (JCS).
"""

from __future__ import annotations

from typing import Final

import msgspec
import rfc8785

from sealwright.vc.encoding.strict_json import MAX_SAFE_INTEGER
from sealwright.vc.errors import InvalidUnicode, MalformedDocument, NestingTooDeep, NumberOutOfRange

_encode: Final = msgspec.json.Encoder(order="deterministic").encode


def canonicalize_json(value: object) -> bytes:
    """Serialize a JSON value by RFC 8785.

    Args:
        value: Built of dict, list, str, int, float, bool and None only.

    Raises:
        NumberOutOfRange: An integer beyond ±(2^53 − 1), NaN or an infinity.
        InvalidUnicode: A string or name holds a lone surrogate.
        MalformedDocument: A value that JSON cannot hold.
        NestingTooDeep: Deeper than the interpreter can follow.

    Spec: RFC 8785, "Detailed Operation".
    """
    try:
        return _encode(value) if _is_inside_gate(value) else bytes(rfc8785.dumps(value))  # type: ignore[arg-type]
    except UnicodeEncodeError as error:
        raise InvalidUnicode("A string holds a lone surrogate.") from error
    except (rfc8785.IntegerDomainError, rfc8785.FloatDomainError) as error:
        raise NumberOutOfRange("A number lies outside ±(2^53 − 1) or is not finite.") from error
    except rfc8785.CanonicalizationError as error:
        raise MalformedDocument("A value is not JSON, or not Unicode text.") from error
    except RecursionError as error:
        raise NestingTooDeep("The value nests too deep.") from error


def _is_inside_gate(root: object) -> bool:
    """Whether both encoders give the same bytes: the subset that the tests compare exhaustively."""
    stack = [root]
    pop = stack.pop
    while stack:
        value = pop()
        kind = type(value)
        if kind is str or kind is bool or value is None:
            continue
        if kind is dict:
            for name in value:  # type: ignore[attr-defined]
                if type(name) is not str or not name.isascii():
                    return False
            stack.extend(value.values())  # type: ignore[attr-defined]
        elif kind is list:
            stack.extend(value)  # type: ignore[arg-type]
        elif kind is int:
            if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:  # type: ignore[operator]
                return False
        elif kind is float:
            # 4.0 prints as 4, 1e16 as 10000000000000000: there the plain encoder differs.
            if value.is_integer() or not 1e-5 <= abs(value) < 1e16:  # type: ignore[attr-defined, arg-type]
                return False
        else:
            return False
    return True
