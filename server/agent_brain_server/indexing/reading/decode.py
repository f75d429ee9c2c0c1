"""From a file's bytes to text: any bytes give some text, and a note says what had to be assumed."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC = (b"%PDF-", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b", b"\x7fELF", b"SQLite format 3\0")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\b\x1b")) + b"\x7f"
_HEAD = 8_192
_SAMPLE = 65_536


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A text with `\\n` line ends, without NULs and lone surrogates; `note` says what was odd, empty if nothing."""

    text: str
    note: str = ""


def is_binary(head: bytes) -> bool:
    """Return whether the first 8 KiB of a file are no text. UTF-16 and UTF-32 are text with a BOM only."""
    head = head[:_HEAD]
    if head.startswith(_MAGIC):
        return True
    if _bom(head) is not None:
        return False
    nulls = head.count(0)
    if nulls > 2 or nulls * 100 > len(head):
        return True
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls * 10 > len(head)


def decode(data: bytes) -> DecodedText:
    """Return the text of any bytes. Never raise."""
    text, note = _decode(data)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    notes = [note] if note else []
    if nulls := text.count("\0"):
        text = text.replace("\0", "")
        notes.append(f"{nulls} NUL{'s' if nulls > 1 else ''} removed")
    return DecodedText(text, "; ".join(notes))


def _bom(data: bytes) -> tuple[bytes, str] | None:
    return next(((mark, encoding) for mark, encoding in _BOMS if data.startswith(mark)), None)


def _decode(data: bytes) -> tuple[str, str]:
    if (bom := _bom(data)) is not None:
        mark, encoding = bom
        return _decode_as(data[len(mark) :], encoding, "" if encoding == "utf-8" else f"decoded as {encoding}")
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        if _is_nearly_utf8(data, error):
            return data.decode("utf-8", "replace"), "invalid UTF-8 replaced"
    return _guess(data)


def _decode_as(data: bytes, encoding: str, note: str) -> tuple[str, str]:
    try:
        return data.decode(encoding), note
    except UnicodeDecodeError:
        broken = f"invalid {encoding} replaced"
        return data.decode(encoding, "replace"), f"{note}; {broken}" if note else broken


def _is_nearly_utf8(data: bytes, error: UnicodeDecodeError) -> bool:
    """Return whether the bytes are UTF-8 but for a few: much decodes to more than ASCII, little does not decode."""
    sample = data[: max(_SAMPLE, error.end + _SAMPLE // 2)]
    text = sample.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    wide = len(text) - len(text.encode("ascii", "ignore")) - wrong
    return wide > 4 * wrong


def _guess(data: bytes) -> tuple[str, str]:
    """Decode by the likeliest encoding of a sample; of several, and at last, as cp1252. It is not UTF-8, nor marked."""
    from charset_normalizer import from_bytes  # slow to import, seldom needed

    try:
        matches = list(from_bytes(data[:_SAMPLE]))
        if matches:
            best = matches[0]
            ties = [match for match in matches if (match.chaos, match.coherence) == (best.chaos, best.coherence)]
            names = {name for match in ties for name in match.could_be_from_charset}
            encoding = "cp1252" if "cp1252" in names else best.encoding
            text = data.decode(encoding)
            text.encode("utf-8")  # utf-7 and its like can give lone surrogates
            return text, f"decoded as {encoding}"
    except (UnicodeError, LookupError, ValueError):
        pass  # the rest of the file is not as its start
    return data.decode("cp1252", "replace"), "decoded as cp1252"
