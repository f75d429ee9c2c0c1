"""Files and directories that are left out for their names: the common stores of keys, passwords and tokens.

Names are compared without regard to case, and a copy (`.env.bak`, `credentials.json~`) is judged as its original. A
name is refused on suspicion: a wrongly refused file costs an answer, a wrongly indexed one puts a secret into every
context window that asks. A file that holds secrets among other things is not named here: these are masked in it.
"""

from __future__ import annotations

import re
from functools import cache

_DIRECTORIES = """
    .aws .azure .bitcoin .chef .electrum .ethereum .gnupg .kaggle .kube .local-secrets .oci .password-store .putty .ssh
    .sops .wireguard keyrings legacy_credentials private-keys-v1.d
"""
DIRECTORIES = frozenset(_DIRECTORIES.split())
# Directories of such names hold other things elsewhere.
_PARENT_OF_DIRECTORY = {
    "1password": (".config",),
    "doctl": (".config",),
    "gcloud": (".config",),
    "gh": (".config",),
    "glab-cli": (".config",),
    "hub": (".config",),
    "huggingface": (".cache",),
    "op": (".config",),
    "rclone": (".config",),
    "stripe": (".config",),
    "runtime": ("jupyter", ".jupyter"),
    "keystore": ("ethereum", ".foundry", "geth"),
    "keystores": (".foundry",),
}
_NAMES = """
    .1password .dev.vars
    .envrc .authinfo .azureauth .boto .cifs .cifscredentials .databrickscfg .dbshell .dockercfg
    .dockerconfigjson
    .fetchmailrc .ftpconfig .ftppass .gist .gist-vim .git-credentials .github-token .github_token .githubtoken
    .histfile
    .history .htpasswd .lesshst .mbsyncrc .msmtprc .my.cnf .mylogin.cnf .netrc .npmrc .offlineimaprc .passwd-s3fs
    .pgpass
    .pypirc .rediscli_history .s3cfg .secret .secrets .secrets.toml .sentryclirc .sh_history .smbcredentials
    .terraformrc
    .vault-token .viminfo .zhistory _netrc access_tokens.db accesstokens.json adc.json
    application_default_credentials.json auth.json authinfo azureprofile.json client_secret.json client_secrets.json
    consolehost_history.txt credentials.db credentials-config.json credentials.tfrc.json creds.txt credstore dotenv
    env.txt fish_history
    gcp-key.json google-services.json googleservice-info.plist gshadow key3.db key4.db
    kaggle.json local.settings.json login.keychain-db logins.json logins.txt mylogin.cnf netrc ngrok.yml
    oauth_creds.json
    passwd.txt passwords.csv passwords.json passwords.txt passwords.yaml passwords.yml password.txt pgpass pgpass.conf
    rclone.conf recentservers.xml rootkey.csv secret.json secret.toml secret.txt secret.yaml secret.yml secrets.cfg
    secrets.conf secrets.env secrets.ini secrets.json secrets.properties secrets.toml secrets.txt secrets.xml
    secrets.yaml secrets.yml serviceaccount.json serviceaccountkey.json settings-security.xml settings.local.json
    sftp-config.json sftp.json shadow sitemanager.xml stored_tokens terraform.rc wallet.dat webservers.xml
"""
NAMES = frozenset(_NAMES.split())
_SUFFIXES = """
    .1pif .1pux .agekey .agilekeychain .bks .env .gpg .jceks .jks .kdb .kdbx .key .keychain .keychain-db .keyring
    .keystore .keytab .kubeconfig .kwallet .opvault .ovpn .p12 .p8 .pem .pfx .pkcs12 .pkpass .ppk .priv .psafe3
    .publishsettings .rdp .secret .secrets .tfstate .tfvars .token .truststore .walletx
"""
SUFFIXES = frozenset(_SUFFIXES.split())
# Names that other programs give to other things: they are stores in these directories.
_PARENT_OF_FILE = {
    "accounts.json": ("raycast", ".ngrok2"),
    "config": (".kube", ".oci", ".op", ".snowsql", "op"),
    "config.json": (".docker", ".jupyter", ".netlify", "com.vercel.cli", "configstore", "netlify", "op"),
    "config.toml": (".stripe", "stripe"),
    "config.yaml": (".config/doctl", "doctl"),
    "config.yml": (".fly", "fly", "glab-cli", ".ngrok2"),
    "connections.toml": (".snowflake", "snowflake"),
    "cookies": ("chrome", "chromium", "default"),
    "datasources.local.xml": (".idea",),
    "hex.config": (".hex",),
    "hosts.yaml": ("gh",),
    "hosts.yml": ("gh",),
    "hub": (".config",),
    "id.json": ("solana",),
    "login data": ("default",),
    "master.key": ("config",),
    "settings.xml": (".m2",),
    "token": (".huggingface", "huggingface", ".vault", ".fly"),
    "tokens.json": (".config", ".gemini"),
    "user-config.json": (".gitpod",),
}
_HISTORY = r"\.\w[\w.-]*?_?history(?:[-.]\d+|\.sqlite)?"
# Names of modules and documents about dotenv files, which are masked like all others.
_NO_DOTENV = (
    r"(?!(?:.*\.)?(?:[cm]?[jt]sx?|adoc|c|cc|cpp|cs|dart|exs?|go|h|hpp|html?|java|kt|lua|md|php|pyi?|rb|rs|rst|scala|svelte"
    r"|swift|vue)$)"
)
_DOTENV = (
    r"\.env(?:[^a-z0-9].*)?|env[._-](?:ci|dev|development|docker|live|local|private|prod|production|qa|secrets?|stag(?:e|ing)"
    rf"|test(?:ing)?|uat)(?:\.local)?|.+\.env\.{_NO_DOTENV}[a-z]+|\.?dotenv(?:[._-]{_NO_DOTENV}.*)?"
    r"|\.env(?:ironment)?|\.envrc\..*"
)
_CREDENTIALS = r"(?:.*[._ -])?credentials?(?:\.(?:cfg|conf|csv|db|ini|json|properties|toml|txt|xml|ya?ml))?"
_KEYS = (
    r"(?:.*[._-])?(?:id|ssh_host|identity)_(?:dsa|ecdsa|ed25519|rsa)(?:_sk)?(?:_key)?"
    r"(?:[._-](?!py|go|rs|js|ts|c$|h$|rb).*)?"
    r"|(?:.*[._-])?(?:deploy|private|signing|ssh)[._-]?key|(?!.*pub)(?:.*[._-])?(?:key|priv(?:ate)?|sec(?:ret)?)\.asc"
)
_CLOUD = (
    r"client_secret.*\.json|.*service[-_]?account.*\.json|.*firebase-adminsdk.*\.json|gha-creds-.*\.json"
    r"|.*_?accesskeys?\.csv|.*\.tfstate\..*|.*\.tfvars\..*|msal_token_cache.*|kernel-.*\.json|utc--.*"
    r"|.*kubeconfig.*(?:\.(?:ya?ml|json|conf|cfg|txt))|\.?kubeconfig[^.]*|.*\.pem\..*"
)
_SAFES = (
    r"(?:bitwarden|lastpass|1password|dashlane|keepass|keeper|chrome|firefox)[ _-]?(?:export|passwords|logins|vault).*"
    r"|.*[ _-](?:bitwarden|lastpass|1password)[ _-]?export.*"
    r"|\.?(?:ansible[._-]?)?vault[._-]?pass(?:word|wd)?(?:[._-]?file)?(?:\.txt)?"
    r"|(?:.*[._ -])?(?:passwords?|passwd|passphrases?|secrets?|api[_-]?keys?)\.txt"
    r"|wg\d*\.conf|wireguard.*\.conf|\.secrets?\..*|.*[._-]secrets\.(?:json|toml|ya?ml|ini)"
)


@cache
def _pattern() -> re.Pattern[str]:
    """Return one pattern of all names by their form; it takes long to compile."""
    return re.compile(f"{_HISTORY}|{_DOTENV}|{_CREDENTIALS}|{_KEYS}|{_CLOUD}|{_SAFES}", re.DOTALL)


# One of these is in every name that `_pattern` takes.
_HINTS = re.compile(
    "env|histor|credential|_[der][cds]|client_s|account|firebase|gha-creds|accesskey|tfstate|tfvars|msal|kernel|utc--"
    "|kubeconfig|pem|export|pass|logins|vault|wg|wireguard|secret|api.?key|key$|asc$"
)
_TEMPLATE = re.compile(
    r"(?:.*[._-])?(?:defaults?|dist|example|examples|sample|samples|template|templates|tmpl|tpl)(?:[._-].*)?"
)
_COPY_ENDS = ("~", ")", "bak", "old", "orig", "save", "backup", "copy", "tmp", "swp", "swo", "#", *"0123456789")
_COPY = re.compile(
    r"(?:~|#|\.(?:bak|old|orig|saved?|backup|copy|tmp|sw[op]|\d{1,8})|[ _-]copy(?: ?\d{1,3})?| ?\(\d{1,3}\))$"
)


def original_name(name: str) -> str:
    """Return the name in small letters, of a copy that of its original."""
    lower = name.lower()
    if not lower.endswith(_COPY_ENDS):
        return lower
    original = _COPY.sub("", lower).removeprefix("#")
    return original if original.startswith(".") is lower.startswith(".") else lower


def is_secret_name(name: str) -> bool:
    """Return whether a file of this name may hold secrets and nothing else that is worth an answer."""
    lower = original_name(name)
    if lower.startswith(".") and name.lower().endswith((".swp", ".swo")) and lower != name.lower():
        return is_secret_name(lower) or is_secret_name(lower[1:])
    if lower in NAMES:
        return True
    if lower[lower.rfind(".") :] in SUFFIXES or (_HINTS.search(lower) and _pattern().fullmatch(lower)):
        return not _TEMPLATE.fullmatch(lower)
    return len(name) > SHORTEST_TOKEN and _shows_token(name)


SHORTEST_TOKEN = 19


def is_secret_path(path: str, name: str) -> bool:
    """Return whether the file called `name` at `path` may hold secrets, by its name or its directory's."""
    if is_secret_name(name):
        return True
    parents = _PARENT_OF_FILE.get(original_name(name))
    return parents is not None and _parent(path, name) in parents


def is_secret_directory(name: str, path: str = "") -> bool:
    """Return whether everything in a directory of this name may be secret."""
    lower = name.lower()
    if lower in DIRECTORIES:
        return True
    parents = _PARENT_OF_DIRECTORY.get(lower)
    if parents is not None and _parent(path, name) in parents:
        return True
    return len(name) > SHORTEST_TOKEN and _shows_token(name)


def _shows_token(name: str) -> bool:
    from agent_brain_server.indexing.secrets.tokens import shows_token  # its patterns take long to compile

    return shows_token(name)


def _parent(path: str, name: str) -> str:
    above = path[: -len(name)].rstrip("/")
    return above[above.rfind("/") + 1 :].lower()
