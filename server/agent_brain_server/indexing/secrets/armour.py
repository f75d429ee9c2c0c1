"""Private keys inside of a text: in armour (PEM, OpenSSH, PGP, SSH2), in base64 of that, as bare base64 or hex of DER,
as JWK, as lines without their armour.

What frames the lines of a key does not matter: comment signs, quotes, commas, `+` of a diff or of a concatenation,
escaped line breaks. Each region between two markers is looked at once, so the time is linear in the text.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Iterator

from agent_brain_server.indexing.secrets.tokens import Span

KIND = "private key"
LEAST_MATERIAL = 24
LONGEST_BODY = 65_536
LEAST_OPENSSH = 60
MOST_LOOKED_AT = 1_000_000

# Where a literal ends and the next one begins.
_JOIN = r"(?:\\?[\"'`]\s{0,40}(?:[+.&\\]\s{0,40})?[bBrRuU]?\\?[\"'`])"
_KINDS = "|".join(f"{_JOIN}?".join(word) for word in ("PRIVATE", "SECRET", "TESTING", "STATIC", "Static"))
_KEY = rf"(?:{_KINDS}){_JOIN}? {_JOIN}?(?:K{_JOIN}?E{_JOIN}?Y|key)"
_BEGIN = re.compile(rf"BEGIN{_JOIN}? (?:[\w .()-]|{_JOIN}){{0,60}}?{_KEY}(?:[\w ]|{_JOIN}){{0,20}}-{{2,5}}")
_END = re.compile(rf"-{{2,5}} ?{_JOIN}?END{_JOIN}? (?:[\w .()-]|{_JOIN}){{0,60}}?{_KEY}")
_ESCAPED_BREAK = r"\\[nrt]|\\u000[aAdD]|&#(?:10|13|x[aAdD]);|%0[aAdD]|<br ?/?>"
_RUN = re.compile(rf"{_ESCAPED_BREAK}|([A-Za-z0-9][A-Za-z0-9+/=_-]*)")
_LONG = re.compile(r"[A-Za-z0-9+/=]{20,}")
_LONG_RUN = re.compile(r"[A-Za-z0-9+/=]+")
_COMMAND = re.compile(r"\s*(?:echo|REM|rem|dnl|printf|var|let|const)\s+")
_WORDS = re.compile(r"[A-Za-z0-9+/=] +[A-Za-z0-9+/=]")
_FOREIGN = re.compile(r"[^\s\w\"'`,;:+=/\\*#.|<>&(){}\[\]%!~^-]|[\w)][(.]\w")
_HEADER = re.compile(r"[^\w]*(?:Proc-Type|DEK-Info|Version|Comment|Subject|MessageID|Hash|Charset)\s?:")

# "-----BEGIN" in base64, in each of its three alignments, and in base64 of that.
# And what an OpenSSH key begins with.
_ENCODED_BEGINS = ("b3BlbnNzaC1rZXktdjEA", "LS0tLS1CRUdJTi", "0tLS0tQkVHSU", "tLS0tLUJFR0lO", "TFMwdExTMUNSVWRKVGl")
_ENCODED = re.compile("|".join(_ENCODED_BEGINS))
# "BEGIN" byte by byte.
_HEX_BEGIN = re.compile(r"42(?:[ :]|, ?0x|\\x)?45(?:[ :]|, ?0x|\\x)?47(?:[ :]|, ?0x|\\x)?49(?:[ :]|, ?0x|\\x)?4[eE]")
_HEX_BYTES = re.compile(r"(?:[0-9a-fA-F]{2}[\s:,\"'+\\]{0,40}(?:0x|x)?){40,30000}")
_HEX_BYTE = re.compile(r"[0-9a-fA-F]{2}")
_HEX_LINE = re.compile(r"[0-9a-fA-F](?:[^\n]*[0-9a-fA-F])?")
_DER = re.compile(
    r"M(?:II[A-Za-z0-9+/]{2}[AQgw]IBA|I[GHIE][A-Za-z0-9+/]AgE[AB]|[A-Za-z0-9+/][4C]CAQ[AE])[A-Za-z0-9+/]{24}"
)
_HEX_DER = re.compile(r"30(?:[0-7].|81..|82....)02010[01]30?[0-9a-fA-F]{40,20000}")
# Where the armour is gone: lines as long as PEM's, and letters with blanks between them.
_BARE_LINES = re.compile(
    r"(?:(?<=\n)|\A)(?:[ \t>]{0,12}[A-Za-z0-9+/]{64}\r?\n){3,800}(?:[ \t>]{0,12}[A-Za-z0-9+/]{1,63}={0,2})?"
)
_PUBLIC = re.compile(r"(?i)certificate|public|signature|signed|BEGIN |ssh-")
_SPACED = re.compile(r"M [IC4FG] (?:[A-Za-z0-9+/=][ \t\r\n]){40,20000}")
_FRAME = rf"(?:{_ESCAPED_BREAK}|[\s\"'`,+\\#*>-]){{1,60}}"
_JOINED = re.compile(
    rf"[A-Za-z0-9+/_-]{{4,}}={{0,2}}(?:{_FRAME}[A-Za-z0-9+/]{{20,}}={{0,2}})*(?:{_FRAME}[A-Za-z0-9+/]{{2,}}={{1,2}})?"
)
_ALONE = re.compile(r"[A-Za-z0-9+/=_-]*")
_JWK = re.compile(r"(?<![\w$])[\"']?(?:d|p|q|dp|dq|qi|k)[\"']?\s{0,4}:\s{0,4}[\"']([A-Za-z0-9_-]{16,4000})[\"']")


def find_keys(text: str) -> Iterator[Span]:
    """Find the material of every private key in `text`, line by line."""
    if "BEGIN" in text:
        yield from _armoured(text)
    if any(begin in text for begin in _ENCODED_BEGINS):
        yield from _encoded(text, _ENCODED, _is_encoded_key)
    yield from _encoded(text, _DER, _is_private_der)
    if "02010" in text:
        yield from (
            Span(*match.span(), KIND) for match in _HEX_DER.finditer(text) if _is_private_der(_of_hex(match[0]))
        )
    yield from _in_hex(text)
    if "kty" in text:
        yield from (Span(match.start(1), match.end(1), KIND) for match in _JWK.finditer(text))


def find_bare_keys(text: str) -> Iterator[Span]:
    """Find what is left of keys without armour. For documents: there, base64 in lines of 64 letters is little else."""
    for match in _BARE_LINES.finditer(text):
        if not _PUBLIC.search(text, max(0, match.start() - 300), match.start()):
            yield from (Span(*place, KIND) for place in _mixed_lines(text, match))
    if "M I" in text or "M C" in text or "M G" in text:
        yield from (Span(*match.span(), KIND) for match in _SPACED.finditer(text))


def _mixed_lines(text: str, lines: re.Match[str]) -> list[tuple[int, int]]:
    found = [match.span() for match in _LONG_RUN.finditer(text, *lines.span())]
    return found if all(_is_mixed(text[first:last]) for first, last in found[:3]) else []


def _of_hex(digits: str) -> bytes:
    return bytes.fromhex(digits[: len(digits) // 2 * 2])


def _in_hex(text: str) -> Iterator[Span]:
    """Find the keys in armour that are written byte by byte, line by line."""
    done = 0
    for begin in _HEX_BEGIN.finditer(text):
        if begin.start() >= done and (match := _HEX_BYTES.match(text, begin.start())):
            done = match.end()
            data = bytes.fromhex("".join(_HEX_BYTE.findall(match[0])))
            if b"PRIVATE KEY" in data or b"SECRET KEY" in data:
                yield from (Span(*line.span(), KIND) for line in _HEX_LINE.finditer(text, *match.span()))


def _armoured(text: str) -> Iterator[Span]:
    begins = list(_BEGIN.finditer(text))
    for number, begin in enumerate(begins):
        limit = begins[number + 1].start() if number + 1 < len(begins) else len(text)
        limit = min(limit, begin.end() + LONGEST_BODY)
        end = _END.search(text, begin.end(), limit)
        yield from _body(text, begin.end(), end.start() if end else limit, closed=end is not None)


def _body(text: str, start: int, stop: int, *, closed: bool) -> Iterator[Span]:
    """Find the key between `start` and `stop`; of one without an end, the lines up to the first that is none."""
    lines: list[tuple[int, str, int]] = []
    while start < stop:
        end = text.find("\n", start, stop)
        end = stop if end < 0 else end
        line = text[start:end]
        material = _material(line)
        if not closed and not material and not _is_frame(line):
            break
        lines.append((start, line, material))
        start = end + 1
    found = sum(material for *_, material in lines)
    if found < LEAST_MATERIAL:
        return
    letters = sum(len(match[1]) for _, line, _ in lines for match in _RUN.finditer(line) if match[1])
    dense = found * 10 >= letters * 6
    for offset, line, material in lines:
        if dense or material:
            yield from _runs(line, offset, 1 if dense or material >= len(line.strip()) // 2 else 16)


def _material(line: str) -> int:
    """Return how many characters of the line may be a key's."""
    bare = line[match.end() :] if (match := _COMMAND.match(line)) else line
    if not _WORDS.search(bare) and not _FOREIGN.search(bare):
        return sum(len(match[1]) for match in _RUN.finditer(bare) if match[1])
    return sum(len(run) for run in _LONG.findall(line) if _is_mixed(run))


def _is_frame(line: str) -> bool:
    return _HEADER.match(line) is not None or not any(map(str.isalnum, re.sub(_ESCAPED_BREAK, "", line)))


def _is_mixed(run: str) -> bool:
    return not (run.islower() or run.isupper() or run.isdigit()) and any(map(str.isdigit, run))


def _runs(line: str, offset: int, least: int) -> Iterator[Span]:
    for match in _RUN.finditer(line):
        if match[1] and len(match[1]) >= least:
            yield Span(offset + match.start(1), offset + match.end(1), KIND)


def _encoded(text: str, beginning: re.Pattern[str], is_key: Callable[[bytes], bool]) -> Iterator[Span]:
    """Find the base64 that begins so and goes on over framed lines, where what it encodes is a private key.

    Where there is so much of it that looking would take long, all of it counts as keys.
    """
    done, looked_at = 0, 0
    for match in beginning.finditer(text):
        start = match.start()
        if start < done:
            continue
        while start > max(done, match.start() - 64) and text[start - 1].isascii() and text[start - 1].isalnum():
            start -= 1
        joined = _JOINED.match(text, start, start + LONGEST_BODY)
        if joined is None:
            continue
        looked_at += joined.end() - start
        if looked_at > MOST_LOOKED_AT or is_key(
            _decoded("".join(run[1] for run in _RUN.finditer(joined[0]) if run[1]))
        ):
            yield from _runs(joined[0], start, 4)
            done = joined.end()
        else:
            done = start + len(_ALONE.match(joined[0])[0])  # type: ignore[index]  # it matches nothing, too


def _decoded(encoded: str) -> bytes:
    bare = encoded.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
    try:
        return b64decode(bare[: len(bare) - (len(bare) % 4 == 1)] + "=" * (-len(bare) % 4))
    except (Error, ValueError):
        return b""


def _is_encoded_key(data: bytes) -> bool:
    if data.startswith(b"openssh-key-v1\0"):
        return len(data) > LEAST_OPENSSH
    if data.startswith(b"LS0tLS1C"):
        data = _decoded(data.decode("ascii", "replace"))
    return b"PRIVATE KEY" in data or b"SECRET KEY" in data


def _is_private_der(data: bytes) -> bool:
    """Return whether DER says so: version 0 or 1, then the sequence, integer or octets of a private key."""
    if len(data) < 16 or data[0] != 0x30:
        return False
    at = 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)
    head = data[at : at + 4]
    return head[:2] == b"\x02\x01" and head[2] < 2 and head[3] in (0x30, 0x02, 0x04)
