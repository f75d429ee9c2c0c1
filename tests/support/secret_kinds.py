"""Files that hold secrets, each made here with material that is found nowhere else.

Nothing that looks like a secret is in this file: prefixes are joined with random material when the test runs, so
that scanners of pushed commits have nothing to find. The material is the same in every run.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from support.secret_disguises import DISGUISED
from support.secret_layouts import LAID_OUT
from support.secret_spellings import SPELLED

BASE62 = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits
ORDINARY = "".join(f"# an ordinary line of this file, number {number}\n" for number in range(8))


@dataclass(slots=True)
class Kind:
    """A file with a secret: `material` are the pieces that no one may see. `keeps` must stay findable, if given."""

    path: str
    content: bytes
    material: list[str] = field(default_factory=list)
    keeps: str = ""


class Maker:
    """Makes random material and remembers it."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.made: list[str] = []

    def __call__(self, length: int, alphabet: str = BASE62) -> str:
        made = "".join(self._random.choice(alphabet) for _ in range(length - 2)) + "7" + self._random.choice(alphabet)
        self.made.append(made)
        return made

    def lines(self, count: int = 12, width: int = 64) -> list[str]:
        """The base64 of a key that is none."""
        return ["MII" + self(width - 3), *(self(width) for _ in range(count)), self(22) + "=="]

    def pem(self, kind: str = "PRIVATE", count: int = 12) -> str:
        """A key in armour."""
        return "\n".join((dashes("BEGIN", kind), *self.lines(count), dashes("END", kind))) + "\n"


def dashes(word: str, kind: str) -> str:
    """A line of the armour."""
    return f"-----{word} {kind} KEY-----"


def _tokens() -> dict[str, Callable[[Maker], str]]:
    """What a token of each issuer looks like."""
    return {
        "aws_id": lambda m: "AK" + "IA" + m(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
        "aws_session": lambda m: "AS" + "IA" + m(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
        "github_classic": lambda m: "gh" + "p_" + m(36),
        "github_oauth": lambda m: "gh" + "o_" + m(36),
        "github_app": lambda m: "gh" + "u_" + m(36),
        "github_server": lambda m: "gh" + "s_" + m(36),
        "github_refresh": lambda m: "gh" + "r_" + m(36),
        "github_fine": lambda m: "github" + "_pat_" + m(22) + "_" + m(59),
        "gitlab": lambda m: "gl" + "pat-" + m(20),
        "gitlab_deploy": lambda m: "gl" + "dt-" + m(20),
        "gitlab_runner": lambda m: "gl" + "rt-" + m(20),
        "gitlab_job": lambda m: "gl" + "cbt-1a_" + m(20),
        "slack_bot": lambda m: "xo" + "xb-" + m(12, string.digits) + "-" + m(24),
        "slack_user": lambda m: "xo" + "xp-" + m(12, string.digits) + "-" + m(30),
        "slack_app": lambda m: "xa" + "pp-1-" + m(11, UPPER) + "-" + m(40, HEX),
        "slack_hook": lambda m: (
            "https://hooks.sl" + "ack.com/services/T" + m(8, UPPER) + "/B" + m(8, UPPER) + "/" + m(24)
        ),
        "stripe": lambda m: "sk_" + "live_" + m(24),
        "stripe_restricted": lambda m: "rk_" + "live_" + m(24),
        "stripe_test": lambda m: "sk_" + "test_" + m(24),
        "stripe_hook": lambda m: "wh" + "sec_" + m(32),
        "openai": lambda m: "sk" + "-" + m(48),
        "openai_project": lambda m: "sk" + "-proj-" + m(64),
        "anthropic": lambda m: "sk" + "-ant-api03-" + m(93),
        "openrouter": lambda m: "sk" + "-or-v1-" + m(64, HEX),
        "hugging_face": lambda m: "h" + "f_" + m(34, string.ascii_letters),
        "npm": lambda m: "np" + "m_" + m(36),
        "pypi": lambda m: "py" + "pi-AgEIcHlwaS5vcmc" + m(80),
        "google": lambda m: "AI" + "za" + m(35),
        "google_oauth": lambda m: "GOC" + "SPX-" + m(28),
        "google_access": lambda m: "ya" + "29." + m(60),
        "azure_client": lambda m: m(3) + "8" + "Q~" + m(34),
        "sendgrid": lambda m: "S" + "G." + m(22) + "." + m(43),
        "twilio": lambda m: "twilio = 'S" + "K" + m(32, HEX) + "'",
        "mailgun": lambda m: "key" + "-" + m(32, HEX),
        "mailchimp": lambda m: m(32, HEX) + "-us" + "12",
        "telegram": lambda m: "12345678" + ":A" + "A" + m(33),
        "discord": lambda m: "discord = 'M" + m(23) + "." + m(6) + "." + m(27) + "'",
        "discord_hook": lambda m: "https://discord.com/api/web" + "hooks/" + m(18, string.digits) + "/" + m(68),
        "digitalocean": lambda m: "do" + "p_v1_" + m(64, HEX),
        "shopify": lambda m: "sh" + "pat_" + m(32, HEX),
        "square": lambda m: "sq" + "0atp-" + m(22),
        "databricks": lambda m: "da" + "pi" + m(32, HEX),
        "linear": lambda m: "lin" + "_api_" + m(40),
        "notion": lambda m: "nt" + "n_" + m(46),
        "figma": lambda m: "fi" + "gd_" + m(40),
        "vault": lambda m: "hv" + "s." + m(95),
        "doppler": lambda m: "dp." + "pt." + m(43),
        "pulumi": lambda m: "pu" + "l-" + m(40, HEX),
        "atlassian": lambda m: "AT" + "ATT3" + m(60),
        "dropbox": lambda m: "s" + "l." + m(135),
        "new_relic": lambda m: "NR" + "AK-" + m(27, UPPER),
        "grafana": lambda m: "gl" + "sa_" + m(32) + "_" + m(8, HEX),
        "postman": lambda m: "PM" + "AK-" + m(24, HEX) + "-" + m(34, HEX),
        "rubygems": lambda m: "ruby" + "gems_" + m(48, HEX),
        "docker": lambda m: "dckr" + "_pat_" + m(27),
        "fly": lambda m: "fm" + "2_" + m(120),
        "supabase": lambda m: "sb" + "p_" + m(40, HEX),
        "planetscale": lambda m: "pscale" + "_tkn_" + m(43),
        "terraform_cloud": lambda m: m(14) + ".atlas" + "v1." + m(67),
        "sentry": lambda m: "sn" + "tryu_" + m(64, HEX),
        "tailscale": lambda m: "ts" + "key-auth-" + m(17) + "-" + m(30),
        "perplexity": lambda m: "pp" + "lx-" + m(48),
        "groq": lambda m: "gs" + "k_" + m(52),
        "heroku": lambda m: "HR" + "KU-AA" + m(58),
        "age": lambda m: "AGE-SEC" + "RET-KEY-1" + m(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
        "jwt": lambda m: "eyJhbGciOiJIUzI1NiJ9" + ".eyJ" + m(40) + "." + m(43),
        "facebook": lambda m: "EA" + "AC" + m(120),
        "alibaba": lambda m: "LT" + "AI" + m(20),
        "artifactory": lambda m: "AK" + "Cp" + m(69),
        "signed_url": lambda m: "https://x.blob.core.windows.net/c?sv=2020&si" + "g=" + m(44),
        "teams_hook": lambda m: "https://x.web" + "hook.office.com/webhookb2/" + m(40) + "/IncomingWebhook/" + m(32),
        "telegram_url": lambda m: "https://api.telegram.org/b" + "ot12345678:" + m(35),
        "prefect": lambda m: "pn" + "u_" + m(36),
        "infracost": lambda m: "ic" + "o-" + m(32),
        "langsmith": lambda m: "lsv2" + "_pt_" + m(32, HEX) + "_" + m(10, HEX),
    }


def _token_files(number: Iterator[int]) -> Iterator[Kind]:
    for name, make in _tokens().items():
        m = Maker(next(number))
        token = make(m)
        yield Kind(
            f"tokens/{name}.py",
            f'{ORDINARY}def keeps_{name}():\n    return "{token}"\n'.encode(),
            m.made,
            f"keeps_{name}",
        )


def _assigned() -> dict[str, Callable[[Maker], str]]:
    """Values that their names give away, by file name."""
    return {
        "settings_a.py": lambda m: f'DB_PASSWORD = "{m(14)}"\n',
        "settings_b.py": lambda m: f'SECRET_KEY = "{m(50)}"\n',
        "client.ts": lambda m: f'const apiKey: string = "{m(32)}";\n',
        "client.go": lambda m: f'var clientSecret = "{m(32)}"\n',
        "Client.java": lambda m: f'ds.setPassword("{m(14)}");\n',
        "deploy.sh": lambda m: f"export DEPLOY_TOKEN={m(40)}\n",
        "Dockerfile": lambda m: f"ENV API_KEY={m(32)}\n",
        "compose.yaml": lambda m: f"environment:\n  POSTGRES_PASSWORD: {m(14)}\n",
        "app.properties": lambda m: f"spring.datasource.password={m(14)}\n",
        "app.ini": lambda m: f"[db]\npassword = {m(14)}\n",
        "app.toml": lambda m: f'auth_token = "{m(32)}"\n',
        "app.json": lambda m: f'{{"client_secret": "{m(32)}", "name": "ordinary name of an app"}}\n',
        "aws.tf": lambda m: f'secret_key = "{m(40)}"\n',
        "url.py": lambda m: f'URL = "postgresql://joe:{m(14)}@db.example/x"\n',
        "header.js": lambda m: f'fetch(u, {{headers: {{Authorization: "Bearer {m(40)}"}}}})\n',
        "basic.md": lambda m: f"Authorization: Basic {_basic(m)}\n",
        "curl.md": lambda m: f"curl -u joe:{m(14)} https://example.com\n",
        "netrc.txt": lambda m: f"machine example.com login joe password {m(14)}\n",
        "connection.cs": lambda m: f'var c = "Server=x;Password={m(14)};Database=y";\n',
        "storage.cs": lambda m: 'var c = "DefaultEndpointsProtocol=https;Account' + f'Key={m(86)}==;";\n',
        "pip.conf": lambda m: f"[global]\nindex-url = https://joe:{m(14)}@pypi.example/simple\n",
        ".yarnrc.yml": lambda m: f'npmRegistries:\n  "//x":\n    npmAuthToken: {m(36)}\n',
        "settings.xml": lambda m: f"<server><id>x</id><username>joe</username><password>{m(14)}</password></server>\n",
        "NuGet.config": lambda m: f'<add key="ClearTextPassword" value="{m(14)}" />\n',
        "appsettings.Production.json": lambda m: (
            f'{{"Jwt": {{"SigningKey": "{m(14)}"}}, "Logging": "ordinary settings here"}}\n'
        ),
        "wp-config.php": lambda m: f"<?php\ndefine('DB_PASSWORD', '{m(14)}');\ndefine('AUTH_KEY', '{m(30)}');\n",
        "local_settings.py": lambda m: f"DATABASES = {{'default': {{'PASSWORD': '{m(9)}', 'NAME': 'ordinary'}}}}\n",
        ".mcp.json": lambda m: json.dumps(
            {"mcpServers": {"x": {"env": {"X_API_KEY": m(32)}, "args": ["--token", m(24)]}}}
        ),
        "wg.txt": lambda m: f"[Interface]\nPrivateKey = {m(43)}=\n",
        "query.sql": lambda m: f"CREATE USER joe IDENTIFIED BY '{m(14)}';\n",
        "hash.conf": lambda m: f"joe:$6$abcdefgh${m(60)}\n",
        "secret.k8s.yaml": lambda m: (
            f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: ordinary-name-of-it\ndata:\n  x: {m(24)}\n"
        ),
        "jwk.json": lambda m: f'{{"kty": "EC", "crv": "P-256", "comment": "an ordinary key", "d": "{m(43)}"}}\n',
        "aws_pair.txt": lambda m: "AK" + "IA" + m(16, UPPER) + "," + m(38) + "+/\n",
        "escaped.json": lambda m: f'{{"body": "{{\\"password\\": \\"{m(14)}\\"}}", "name": "ordinary name"}}\n',
        "block.yaml": lambda m: f"password: |\n  {m(14)}\nother: ordinary value of it\n",
        "redis.sh": lambda m: f"redis-cli --password {m(14)} ping\n",
    }


def _basic(m: Maker) -> str:
    encoded = base64.b64encode(f"joe:{m(14)}".encode()).decode()
    m.made[:] = [encoded.rstrip("=")]
    return encoded


def _files(folder: str, makes: Mapping[str, Callable[[Maker], str]], number: Iterator[int]) -> Iterator[Kind]:
    for index, (name, make) in enumerate(makes.items()):
        m = Maker(next(number))
        content = make(m)
        yield Kind(f"{folder}/{index}/{name}", content.encode(), m.made)


def _framed() -> dict[str, Callable[[Maker], str | bytes]]:
    """A private key in any frame."""
    return {
        "plain.txt": lambda m: m.pem(),
        "rsa.txt": lambda m: m.pem("RSA PRIVATE"),
        "openssh.txt": lambda m: m.pem("OPENSSH PRIVATE"),
        "ec.txt": lambda m: m.pem("EC PRIVATE", 2),
        "encrypted.txt": lambda m: m.pem("ENCRYPTED PRIVATE"),
        "pgp.txt": lambda m: m.pem("PGP PRIVATE").replace("KEY-----", "KEY BLOCK-----"),
        "utf16.txt": lambda m: m.pem().encode("utf-16"),
        "utf16be.txt": lambda m: b"\xfe\xff" + m.pem().encode("utf-16-be"),
        "utf16_bare.txt": lambda m: m.pem().encode("utf-16-le"),
        "utf32.txt": lambda m: m.pem().encode("utf-32"),
        "hash.py": lambda m: _each(m.pem(), "# {}"),
        "slashes.js": lambda m: _each(m.pem(), "// {}"),
        "stars.c": lambda m: "/*\n" + _each(m.pem(), " * {}") + " */\n",
        "sql.sql": lambda m: _each(m.pem(), "-- {}"),
        "list.json": lambda m: json.dumps(m.pem().splitlines(), indent=1),
        "string.json": lambda m: json.dumps({"key": m.pem(), "name": "an ordinary name"}),
        "twice.json": lambda m: json.dumps(json.dumps({"key": m.pem(), "name": "an ordinary name"})),
        "template.ts": lambda m: f"const key = `{m.pem()}`;\n",
        "joined.js": lambda m: "const key = " + " +\n".join(f'"{line}\\n"' for line in m.pem().splitlines()),
        "joined.cs": lambda m: _each(m.pem(), 'key += "{}\\n";'),
        "triple.py": lambda m: f'KEY = """{m.pem()}"""\n',
        "implicit.py": lambda m: "KEY = (\n" + _each(m.pem(), '    "{}\\n"') + ")\n",
        "plus.diff": lambda m: _each(m.pem(), "+{}"),
        "minus.diff": lambda m: _each(m.pem(), "-{}"),
        "block.yaml": lambda m: "key: |\n" + _each(m.pem(), "    {}"),
        "entity.xml": lambda m: "<key>" + m.pem().replace("\n", "&#10;") + "</key>\n",
        "percent.txt": lambda m: "key=" + m.pem().replace("\n", "%0A") + "\n",
        "one_line.txt": lambda m: "KEY=" + m.pem().replace("\n", " ") + "\n",
        "crlf.txt": lambda m: m.pem().replace("\n", "\r\n"),
        "quoted.md": lambda m: _each(m.pem(), "> {}"),
        "echo.sh": lambda m: _each(m.pem(), 'echo "{}" >> key'),
        "base64.yaml": lambda m: "ordinary: a value\ncert: " + _encoded(m, m.pem()) + "\n",
        "base64_lines.txt": lambda m: _wrapped(m, m.pem()),
        "cut.txt": lambda m: m.pem().partition("-----END")[0],
        "headers.txt": lambda m: m.pem("RSA PRIVATE").replace(
            "\nMII", "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES,00\n\nMII", 1
        ),
        "ssh2.txt": lambda m: m.pem("SSH2 ENCRYPTED PRIVATE").replace("-----", "---- ").replace("KEY---- ", "KEY ----"),
        "openvpn.txt": lambda m: m.pem("OpenVPN Static").replace("KEY-----", "key V1-----"),
        "notebook.ipynb": lambda m: json.dumps(
            {"cells": [{"cell_type": "code", "source": [line + "\n" for line in m.pem().splitlines()]}], "metadata": {}}
        ),
        "der.txt": lambda m: "ordinary words first\nkey = " + _der(m) + "\n",
        "putty.txt": lambda m: (
            f"PuTTY-User-Key-File-3: ssh-ed25519\nComment: x\nPrivate-Lines: 1\n{m(48)}\nPrivate-MAC: {m(64, HEX)}\n"
        ),
        "unicode.json": lambda m: json.dumps({"key": m.pem()}).replace("\\n", "\\u000a"),
    }


def _each(text: str, frame: str) -> str:
    return "".join(frame.format(line) + "\n" for line in text.splitlines())


def _encoded(m: Maker, text: str) -> str:
    encoded = base64.b64encode(text.encode()).decode()
    m.made[:] = [encoded[start : start + 40] for start in range(100, len(encoded) - 40, 40)]
    return encoded


def _wrapped(m: Maker, text: str) -> str:
    wrapped = base64.encodebytes(text.encode()).decode()
    m.made[:] = wrapped.splitlines()[3:-1]
    return wrapped


def _der(m: Maker) -> str:
    body = bytes(random.Random(m(8)).randbytes(200))
    encoded = base64.b64encode(b"\x30\x82\x00\xd0\x02\x01\x00\x30" + body).decode()
    m.made[:] = [encoded[20:60], encoded[60:200]]
    return encoded


def _framed_files(number: Iterator[int]) -> Iterator[Kind]:
    for name, make in _framed().items():
        m = Maker(next(number))
        content = make(m)
        whole = content if isinstance(content, bytes) else content.encode()
        yield Kind(f"framed/{name}", whole, m.made)


STORES = """
    .env .env.local .env_prod .ENV.Production prod.env env.production .env.bak .envrc terraform.tfvars x.auto.tfvars
    x.tfvars.json .docker/config.json .config/gcloud/credentials.db .config/gcloud/legacy_credentials/a/adc.json
    .config/gh/hosts.yml .config/hub .config/rclone/rclone.conf rclone.conf .m2/settings-security.xml .m2/settings.xml
    .pypirc .npmrc .pgpass pgpass.conf .mylogin.cnf .my.cnf .netrc _netrc .authinfo kubeconfig admin.kubeconfig
    .kube/config .vault-token wg0.conf .bash_history .zsh_history .psql_history .mysql_history .python_history
    .node_repl_history .rediscli_history .sqlite_history .irb_history .Rhistory ConsoleHost_history.txt
    google-services.json GoogleService-Info.plist .claude/settings.local.json .cargo/credentials.toml .gem/credentials
    auth.json .hex/hex.config .terraformrc credentials.tfrc.json .s3cfg .boto .aws/credentials .aws/config
    .azure/accessTokens.json .config/doctl/config.yaml .fly/config.yml .config/stripe/config.toml ngrok.yml .sentryclirc
    config/master.key kaggle.json .cache/huggingface/token sitemanager.xml vault.kdbx wallet.dat secrets.json
    .ssh/id_rsa .gnupg/x .htpasswd terraform.tfstate release.keystore store.jks cert.p12 key.ppk key.pem id_ed25519
    credentials.csv aws-credentials.json my-service-account.json client_secret_1.json .git-credentials .dockercfg
    local.settings.json .databrickscfg .snowsql/config .msmtprc bitwarden_export_1.json vault_pass.txt db_password.txt
    .secrets.yaml app.token x.publishsettings keyrings/a.keyring .config/glab-cli/config.yml .dbshell .viminfo
    azure/msal_token_cache.json creds.txt env.txt logins.txt .dev.vars rsa.priv key.asc deploy_key
    .docker/config.json.bak fish_history .kaggle/kaggle.json shadow .smbcredentials sftp-config.json
""".split()


def _store_files(number: Iterator[int]) -> Iterator[Kind]:
    for index, name in enumerate(STORES):
        m = Maker(next(number))
        yield Kind(f"stores/{index}/{name}", f"{m(16)}\nfirst {m(20)}\nvalue: {m(24)}\n".encode(), m.made)


def secret_kinds() -> list[Kind]:
    """Every kind, each in a file of its own."""
    number = iter(range(1, 10_000))
    return [
        *_token_files(number),
        *_files("assigned", _assigned(), number),
        *_files("spelled", SPELLED, number),
        *_files("disguised", DISGUISED, number),
        *_framed_files(number),
        *_store_files(number),
        *_files("laid_out", LAID_OUT, number),
    ]


SHOWN = 10
"""So many characters of a secret in a row must not be seen."""


def shown(texts: Iterable[str]) -> list[str]:
    """The stretches of any kind's material that are in one of the texts."""
    stretches = {
        piece[start : start + SHOWN]
        for kind in secret_kinds()
        for piece in kind.material
        for start in range(max(1, len(piece) - SHOWN + 1))
    }
    return sorted({text[at : at + SHOWN] for text in texts for at in range(len(text))} & stretches)
