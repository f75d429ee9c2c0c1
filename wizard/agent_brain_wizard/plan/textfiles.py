"""Edits to files that are not the wizard's alone: lines are added or replaced, everything else stays byte for byte."""

from __future__ import annotations

import re


def line_end(content: bytes) -> bytes:
    """Return the line end that `content` uses, by its first line."""
    first = content.find(b"\n")
    return b"\r\n" if first > 0 and content[first - 1 : first] == b"\r" else b"\n"


def find_block(content: bytes, block: bytes) -> bytes | None:
    """Return the block in `content` from the first to the last line of `block`, both included; None if absent."""
    lines = block.splitlines()
    pattern = rb"(?m)^" + re.escape(lines[0]) + rb"\r?$[\s\S]*?^" + re.escape(lines[-1]) + rb"(?=\r?$)"
    match = re.search(pattern, content)
    return match[0] if match else None


def same_lines(one: bytes, other: bytes) -> bool:
    """Return whether both have the same lines; line ends do not count."""
    return one.splitlines() == other.splitlines()


def with_block(content: bytes, block: bytes) -> bytes:
    """Return `content` with `block` in it, once: in the place of an older one, else at the end after an empty line.

    Line ends follow `content`, and so does whether the last line has one.
    """
    end = line_end(content)
    body = end.join(block.splitlines())
    old = find_block(content, block)
    if old is not None:
        return content if same_lines(old, block) else content.replace(old, body, 1)
    if not content:
        return body + end
    if content.endswith(b"\n"):
        return content + end + body + end
    return content + end + end + body


def without_block(content: bytes, block: bytes) -> bytes:
    """Return `content` without the block that begins and ends as `block` does: the exact inverse of `with_block`.

    What was written around the block since then stays; without a block the value is `content`.
    """
    old = find_block(content, block)
    if old is None:
        return content
    before, _, after = content.partition(old)
    end = line_end(old)
    if not after:
        return before.removesuffix(end + end)
    # The empty line before the block goes with it, and so does the block's own line end.
    shorter = before.removesuffix(end)
    return (shorter if shorter.endswith(b"\n") else before) + after.removeprefix(end)


def with_value(content: bytes, name: str, value: str) -> bytes:
    """Return `content` (lines `NAME=value`) with `name` set: in its last assignment, else on a new last line."""
    line = f"{name}={value}".encode()
    found = list(_assignment(name).finditer(content))
    if found:
        start, stop = found[-1].span()
        return content[:start] + line + content[stop:]
    end = line_end(content)
    separator = b"" if not content or content.endswith(b"\n") else end
    return content + separator + line + end


def without_value(content: bytes, name: str) -> bytes:
    """Return `content` (lines `NAME=value`) without the lines that assign `name`."""
    return re.sub(_assignment(name).pattern + rb"(?:\r?\n|\Z)", b"", content)


def _assignment(name: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?m)^[ \t]*(?:export[ \t]+)?" + name.encode() + rb"[ \t]*=[^\r\n]*")
