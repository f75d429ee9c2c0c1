"""What is never indexed, whatever the ignore files say: keys, credentials and the files that usually hold them.

Names are compared without regard to case. A name is refused on suspicion: a wrongly refused file costs an answer, a
wrongly indexed one puts a secret into every context window that asks.
"""

from __future__ import annotations

import re

DIRECTORIES = frozenset({".aws", ".azure", ".gnupg", ".kube", ".password-store", ".ssh"})
_NAMES = """
    .boto .dockercfg .dockerconfigjson .env .envrc .git-credentials .htpasswd .my.cnf .netrc .npmrc .pgpass .pypirc
    .s3cfg .secrets .secrets.toml .vault-token _netrc application_default_credentials.json client_secret.json
    client_secrets.json credentials credentials.json credentials.toml credentials.yaml credentials.yml gcp-key.json
    kubeconfig secrets.ini secrets.json secrets.properties secrets.toml secrets.yaml secrets.yml serviceaccount.json
    serviceaccountkey.json
"""
NAMES = frozenset(_NAMES.split())
_SUFFIXES = """
    .env .gpg .jks .kdb .kdbx .key .keychain .keystore .kubeconfig .ovpn .p12 .p8 .pem .pfx .pkcs12 .ppk .tfstate
"""
SUFFIXES = frozenset(_SUFFIXES.split())
PREFIXES = (".env.", ".env-", "id_dsa", "id_ecdsa", "id_ed25519", "id_rsa")
PATTERN = re.compile(r"client_secret.*\.json|.*service[-_]account.*\.json|.*\.tfstate\..*|.*\.pem\..*")
_TEMPLATES = """
    .env.dist .env.example .env.sample .env.template dist.env example.env sample.env template.env
"""
TEMPLATES = frozenset(_TEMPLATES.split())

# A marker alone is common in code that handles keys; a marker with the beginning of a key behind it is a key.
_PRIVATE_KEY = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    rb"(?:\s|\\n|\\r|[\"'+|>])*(?:[A-Za-z0-9+/=]{24}|[A-Z][A-Za-z-]+: |\Z)"
)


def is_secret_name(name: str) -> bool:
    """Whether a file of this name may hold secrets."""
    lower = name.lower()
    if lower in TEMPLATES:
        return False
    if lower in NAMES or lower.startswith(PREFIXES):
        return True
    return lower[lower.rfind(".") :] in SUFFIXES or PATTERN.fullmatch(lower) is not None


def is_secret_directory(name: str) -> bool:
    """Whether everything in a directory of this name may be secret."""
    return name.lower() in DIRECTORIES


def holds_private_key(data: bytes) -> bool:
    """Whether `data` shows a private key in PEM, OpenSSH or PGP armour, in a string too."""
    return b"PRIVATE KEY" in data and _PRIVATE_KEY.search(data) is not None
