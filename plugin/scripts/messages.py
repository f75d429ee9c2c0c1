"""JSON-RPC messages, one a line: read within bounds, checked before they are used, written as strict JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Union

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603
LONGEST_LINE = 4_000_000
LONGEST_NUMBER = 300  # digits: every reader of JSON takes such a number for a finite one
_PIECE = 65_536

Identity = Union[str, int, float]  # noqa: UP007  Python 3.9 runs this


class ProtocolError(Exception):
    """A message that cannot be served: a JSON-RPC `code`, a sentence, and the request's `identity` if it has one."""

    def __init__(self, code: int, sentence: str, identity: Identity | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.identity = identity


@dataclass(frozen=True)
class Message:
    """A request, or a notification where `identity` is None. `parameters` are as they were given."""

    method: str
    parameters: Any
    identity: Identity | None

    def object_parameters(self) -> dict[str, Any]:
        """Return the parameters. Raise ProtocolError if they are not an object."""
        if not isinstance(self.parameters, dict):
            raise ProtocolError(INVALID_PARAMS, "`params` must be an object.", self.identity)
        return self.parameters


def read_lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Yield each line that is not blank; None for one that is longer than LONGEST_LINE, which is not kept."""
    while True:
        line = stream.readline(LONGEST_LINE + 1)
        if not line:
            return
        if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            _skip_line(stream)
            yield None
        elif line.strip():
            yield line


def _skip_line(stream: BinaryIO) -> None:
    while True:
        piece = stream.readline(_PIECE)
        if not piece or piece.endswith(b"\n"):
            return


def parse(line: bytes | None) -> Message | None:
    """Return the message that `line` holds; None for an answer, since nothing is ever asked. Raise ProtocolError."""
    value = _decoded(line)
    if not isinstance(value, dict):
        raise ProtocolError(INVALID_REQUEST, "A message must be one JSON object.")
    method, given = value.get("method"), value.get("id")
    if "method" not in value and ("result" in value or "error" in value):
        return None
    if "id" not in value and isinstance(method, str):
        return Message(method, value.get("params", {}), None)
    identity = given if _is_identity(given) else None
    if not isinstance(method, str) or value.get("jsonrpc") != "2.0":
        raise ProtocolError(INVALID_REQUEST, 'A request needs "jsonrpc": "2.0" and a method.', identity)
    if identity is None:
        raise ProtocolError(INVALID_REQUEST, "The id of a request must be a text or a finite number.")
    return Message(method, value.get("params", {}), identity)


def _decoded(line: bytes | None) -> Any:
    if line is None:
        raise ProtocolError(PARSE_ERROR, f"The line is longer than {LONGEST_LINE:,} bytes.")
    try:
        return json.loads(
            line.decode("utf-8-sig"), parse_int=_whole, parse_float=_fraction, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        raise ProtocolError(PARSE_ERROR, "The line is not JSON in UTF-8.") from error


def _whole(digits: str) -> float:
    """Return the number; one too long to be meant is infinite, so that it is refused and its message keeps its id."""
    return int(digits) if len(digits) <= LONGEST_NUMBER else math.inf


def _fraction(digits: str) -> float:
    return float(digits) if len(digits) <= LONGEST_NUMBER else math.inf


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _is_identity(value: object) -> bool:
    """Return whether `value` can be written back: a text without half a surrogate, or a finite number."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8") == value
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def encode(identity: Identity | None, outcome: Mapping[str, Any]) -> bytes:
    """Return the line of an answer, in ASCII."""
    return json.dumps({"jsonrpc": "2.0", "id": identity, **outcome}, allow_nan=False).encode("ascii") + b"\n"
