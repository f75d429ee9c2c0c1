"""Files that are secrets as a whole under any name: by the first bytes, or by what their text shows."""

from __future__ import annotations

import re

from agent_brain_server.indexing.secrets.names import original_name

_MAGIC = (
    (b"\xfe\xed\xfe\xed", "Java keystore"),
    (b"\xce\xce\xce\xce", "Java keystore"),
    (b"\x03\xd9\xa2\x9a", "KeePass database"),
    (b"age-encryption.org/v1", "age file"),
    (b"Salted__", "OpenSSL encrypted file"),
)
_SINGLE = re.compile(r"\s*\S{6,4096}\s*")
_NAMED = re.compile(
    r"(?i)(?:.*[^a-z])?(?:pass(?:word|wd|phrase)?s?|pwd|secrets?|tokens?|credentials?|api[_-]?keys?|keys?)(?:[^a-z].*)?"
)
_BARE_SUFFIXES = frozenset({"", "txt", "token", "secret", "pass", "password", "pwd", "pw", "key", "cfg", "conf"})
_STRICT = re.compile(
    r"(?i)wp-config.*\.php|(?:local_?)?settings(?:[._-]\w+)?\.(?:py|php|xml|json|ya?ml|ini)|appsettings.*\.json|nuget\.config"
    r"|\.?yarnrc(?:\.yml)?|\.?pip\.(?:conf|ini)|\.?mcp(?:[._-].*)?\.json|claude_desktop_config\.json|\.claude\.json|database\.ya?ml|profiles\.yml"
    r"|application(?:[._-]\w+)?\.(?:properties|ya?ml)|bootstrap\.ya?ml|gradle\.properties|local\.properties|tomcat-users\.xml"
    r"|\.?condarc|\.?odbc\.ini|web(?:\.\w+)?\.config|app\.config|connections?trings?\.config|persistence\.xml|context\.xml"
    r"|hibernate.*\.xml|parameters\.ya?ml|config\.inc\.php|localsettings\.php|configuration\.php|config\.local\..*|\.?mongorc\.js"
    r"|redis\.conf|my\.cnf|\.?bowerrc|\.?curlrc|\.?wgetrc|\.?muttrc|\.flaskenv|secret_token\.rb|secrets\.rb|.*\.env\..*|.*env.*\.example"
    r"|docker-compose.*\.ya?ml|compose.*\.ya?ml|tokens?\.txt|(?:passwords?|credentials?|logins?|accounts?)\.(?:md|rst)"
)


def secret_bytes(data: bytes) -> str:
    """Return what kind of secret the first bytes of a file say that it is, empty for none."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:1] == b"\x30":
        return _der(data)
    return ""


def _der(data: bytes) -> str:
    """Return whether it is DER of a private key or of a PKCS #12 store: a sequence of the file's length, then a
    version."""
    if len(data) < 24 or (not data[1] & 0x80 and data[1] + 2 != len(data)):
        return ""
    at = 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)
    if data[at : at + 2] != b"\x02\x01":
        return (
            "encrypted private key"
            if data[at + 2 : at + 6] == b"\x06\x09\x2a\x86" and b"\x01\x05\x0d" in data[:40]
            else ""
        )
    version, then = data[at + 2], data[at + 3]
    if version == 3 and then == 0x30:
        return "PKCS #12 store"
    return "private key" if version < 2 and then in (0x30, 0x02, 0x04) else ""


def secret_text(name: str, text: str) -> str:
    """Return what kind of secret the whole of a text is, empty for none."""
    if (
        len(text) <= 4200
        and _SINGLE.fullmatch(text)
        and _is_named(name)
        and not text.strip().startswith(("http", "/", "./"))
    ):
        return "a single value under a secret's name"
    head = text[:4096]
    if "PuTTY-User-Key-File-" in head and re.search(r"^Private-Lines: \d+\r?\n[A-Za-z0-9+/=]{16,}", text, re.MULTILINE):
        return "PuTTY private key"
    if "(private-key" in head or "(protected-private-key" in head or "(shadowed-private-key" in head:
        return (
            "GnuPG private key"
            if re.search(r"\(\d*:?(?:protected-|shadowed-)?private-key\b", head) and "(define" not in head
            else ""
        )
    return _structured(text, head)


def _structured(text: str, head: str) -> str:
    if '"terraform_version"' in head and '"lineage"' in head and '"serial"' in head:
        return "Terraform state"
    if "client-key-data" in text and (
        "kind: Config" in text or '"kind": "Config"' in text or "client-certificate-data" in text
    ):
        return "kubeconfig"
    if '"service_account"' in text and re.search(r'"private_key"\s*:\s*"-----BEGIN', text):
        return "service account key"
    if '"auths"' in head and re.search(r'"auth"\s*:\s*"[A-Za-z0-9+/=]{8,}"', text):
        return "registry credentials"
    if head.startswith(("# created: ", "AGE-SECRET-KEY-")) and "AGE-SECRET-KEY-1" in text:
        return "age key"
    return ""


def _is_named(name: str) -> bool:
    stem, _, suffix = name.lower().rpartition(".")
    if not stem:
        stem, suffix = suffix, ""
    return suffix in _BARE_SUFFIXES and _NAMED.fullmatch(stem) is not None


def is_strict(name: str) -> bool:
    """Return whether a file of this name is known for holding credentials among other things."""
    return _STRICT.fullmatch(original_name(name)) is not None
