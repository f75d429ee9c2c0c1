"""Tokens whose shape says what they are, in any file: a prefix that one issuer gives, and enough that is random.

Prefixes and lengths are the issuers' own; gitleaks and detect-secrets list most of them. Most tokens have a delimiter
after the prefix: a text is split there, which is fast, and only after an end that is a prefix's a pattern is tried.
Every pattern is bounded: none looks further than one token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

from agent_brain_server.indexing.secrets.joins import split_places, wrapped_places


class Span(NamedTuple):
    """A secret's start and end in a text, and its kind."""

    start: int
    end: int
    kind: str


# Before a prefix that other words end with: no letter or digit, but for that of an escape such as `\n`.
_B = "^"
# Prefixes with their delimiter, each of a fixed width; what follows; what it is.
_DELIMITED: tuple[tuple[str, str, str], ...] = (
    ("gh[opsur]_", r"[A-Za-z0-9_]{30,255}", "GitHub token"),
    ("github_pat_", r"\w{40,255}", "GitHub token"),
    (
        "glpat- gldt- glrt- glcbt- glptt- glft- glimt- gloas- glagent- glsoat- glffct-",
        r"[\w.-]{16,300}",
        "GitLab token",
    ),
    ("xox[abceoprs]- xox[abceoprs]\\.", r"[A-Za-z0-9.-]{10,250}", "Slack token"),
    ("xapp-", r"\d-[A-Za-z0-9-]{10,250}", "Slack token"),
    ("[sr]k_live_ [sr]k_test_ [sr]k_prod_", r"[A-Za-z0-9]{10,250}", "Stripe key"),
    ("whsec_", r"[A-Za-z0-9+/=]{20,128}", "webhook secret"),
    ("sk-ant-", r"[\w-]{20,250}", "Anthropic key"),
    ("sk-proj- sk-svcacct- sk-admin- sk-None-", r"[\w-]{20,250}", "OpenAI key"),
    ("sk-or-v1-", r"[a-f0-9]{40,80}", "OpenRouter key"),
    ("sk-lf- pk-lf-", r"[a-f0-9-]{30,40}", "Langfuse key"),
    (f"{_B}sk-", r"[A-Za-z0-9]{20,64}(?![\w-])", "OpenAI key"),
    (f"{_B}hf_ api_org_", r"[A-Za-z0-9]{30,50}(?!\w)", "Hugging Face token"),
    ("npm_", r"[A-Za-z0-9]{36,50}(?!\w)", "npm token"),
    ("pypi-", r"Ag[\w-]{50,1000}", "PyPI token"),
    ("GOCSPX-", r"[\w-]{20,40}", "Google OAuth secret"),
    (r"ya29\.", r"[\w-]{20,2000}", "Google OAuth token"),
    ("do[opr]_v1_", r"[a-f0-9]{40,80}", "DigitalOcean token"),
    ("shpat_ shpca_ shppa_ shpss_ shpua_ shptka_", r"[a-fA-F0-9]{30,40}", "Shopify token"),
    ("sq0atp- sq0csp-", r"[\w-]{20,60}", "Square token"),
    ("lin_api_ lin_oauth_", r"[A-Za-z0-9]{32,64}", "Linear key"),
    (f"{_B}secret_ {_B}ntn_", r"(?=[A-Za-z]{0,60}\d)[A-Za-z0-9]{40,60}(?!\w)", "Notion token"),
    ("figd_ figo_", r"[\w-]{32,64}", "Figma token"),
    (r"hv[bsr]\.", r"[\w-]{24,300}", "Vault token"),
    (r"dp\.pt\. dp\.st\. dp\.sa\. dp\.ct\. dp\.scim\. dp\.audit\.", r"[\w.-]{30,80}", "Doppler token"),
    ("pul-", r"[a-f0-9]{40}", "Pulumi token"),
    ("sntrys_ sntryu_", r"[\w+/=-]{40,400}", "Sentry token"),
    ("glsa_ glc_", r"[\w+/=]{30,400}", "Grafana token"),
    ("NRAK- NRII- NRJS- NRAL- NRAA- NRRA-", r"[A-Za-z0-9-]{19,40}", "New Relic key"),
    ("PMAK-", r"[a-f0-9]{24}-[a-f0-9]{34}", "Postman key"),
    ("pplx-", r"[A-Za-z0-9]{40,60}", "Perplexity key"),
    ("gsk_", r"[A-Za-z0-9]{40,60}", "Groq key"),
    ("xai-", r"[A-Za-z0-9]{60,90}", "xAI key"),
    (f"{_B}r8_", r"[A-Za-z0-9]{36,40}(?!\w)", "Replicate token"),
    ("rubygems_", r"[a-f0-9]{48}", "RubyGems key"),
    ("CLOJARS_", r"[A-Za-z0-9]{60}", "Clojars token"),
    ("dckr_pat_ dckr_oat_", r"[\w-]{20,64}", "Docker token"),
    ("pscale_tkn_ pscale_oauth_ pscale_pw_", r"[\w=.-]{32,64}", "PlanetScale token"),
    ("fo1_ fm2_ fm1r_ fm1a_", r"[\w+/=-]{40,2000}", "Fly.io token"),
    ("sbp_ sb_secret_", r"[\w-]{20,64}", "Supabase key"),
    ("vercel_ vck_ vcp_", r"(?=[A-Za-z]{0,60}\d)[A-Za-z0-9]{24,64}(?!\w)", "Vercel token"),
    ("nfp_", r"[A-Za-z0-9]{36,50}", "Netlify token"),
    ("rdme_", r"[a-z0-9]{60,80}", "ReadMe key"),
    (f"{_B}re_", r"[A-Za-z0-9]{8}_[A-Za-z0-9]{24}(?!\w)", "Resend key"),
    ("shippo_live_ shippo_test_", r"[a-f0-9]{40}", "Shippo token"),
    ("duffel_live_ duffel_test_", r"[\w=-]{43}", "Duffel token"),
    ("xkeysib- xsmtpsib-", r"[a-f0-9]{60,70}-[A-Za-z0-9]{16}", "Brevo key"),
    ("tfp_", r"[\w=.-]{40,64}", "Typeform token"),
    ("pnu_ pnb_", r"[A-Za-z0-9]{36}", "Prefect key"),
    ("sgp_", r"(?:[a-fA-F0-9]{16}_|local_)?[a-fA-F0-9]{40}", "Sourcegraph token"),
    (r"dt0[cs]0[0-9]\.", r"[A-Z0-9]{24}\.[A-Z0-9]{64}", "Dynatrace token"),
    ("squ_ sqp_ sqa_", r"[a-f0-9]{40}", "Sonar token"),
    ("tskey-", r"[\w-]{20,100}", "Tailscale key"),
    ("lsv2_pt_ lsv2_sk_", r"\w{30,64}", "LangSmith key"),
    ("HRKU-", r"[\w-]{36,70}", "Heroku key"),
    ("dnkey-", r"[\w=-]{60,100}", "Defined Networking key"),
    ("ico-", r"[A-Za-z0-9]{32}(?!\w)", "Infracost key"),
    (f"{_B}API-", r"[A-Z0-9]{26,32}(?!\w)", "Octopus key"),
    ("p8e-", r"[A-Za-z0-9]{32}(?!\w)", "Adobe secret"),
    ("tk-us-", r"[\w-]{48}", "Scalingo token"),
    ("rnd_", r"(?=[A-Za-z]{0,40}\d)[A-Za-z0-9]{28,40}(?!\w)", "Render key"),
    ("A3-", r"[A-Z0-9]{6}-[A-Z0-9]{5,11}-[A-Z0-9-]{11,30}", "1Password key"),
    ("ops_", r"eyJ[\w+/=-]{100,2000}", "1Password token"),
    ("AGE-SECRET-KEY-", r"1[A-Z0-9]{20,100}", "age key"),
    (r"SG\.", r"[\w-]{16,32}\.[\w-]{16,64}", "SendGrid key"),
    (f"{_B}key-", r"[a-f0-9]{32}(?!\w)", "Mailgun key"),
    (r"pat\. sat\.", r"[\w-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}", "Harness key"),
    (r"v1\.0-", r"[a-f0-9]{24}-[a-f0-9]{146}", "Cloudflare key"),
    (f"{_B}sl\\.", r"[\w.-]{100,2000}", "Dropbox token"),
    ("access-sandbox- access-development- access-production-", r"[0-9a-f-]{36}", "Plaid token"),
    ("FLWSECK_TEST- FLWSECK-", r"[A-Za-z0-9]{12,40}(?:-X)?", "Flutterwave key"),
    ("fio-u-", r"[\w=-]{64}", "Frame.io token"),
    (f"{_B}t1\\.", r"[\w-]{20,500}={0,2}\.[\w-]{86}={0,2}", "Yandex token"),
    (r"mws\.", r"[0-9a-f]{8}-[0-9a-f-]{27}", "Amazon MWS token"),
    ("bkua_", r"[a-f0-9]{40}", "Buildkite token"),
    ("CCIPAT_ CCIPRJ_", r"\w{22,80}", "CircleCI token"),
    ("jina_", r"[A-Za-z0-9]{30,80}", "Jina key"),
    (f"{_B}pa-", r"[\w-]{40,50}(?![\w-])", "Voyage key"),
    ("tvly-", r"[\w-]{28,64}", "Tavily key"),
    (f"{_B}fc-", r"[a-f0-9]{32}(?!\w)", "Firecrawl key"),
    ("phx_", r"[A-Za-z0-9]{40,60}", "PostHog key"),
)


class _Prefix(NamedTuple):
    """A prefix with its delimiter as it is written, whether a word may not go on before it, and what follows."""

    text: str
    bounded: bool
    rest: re.Pattern[str]
    kind: str


_LAST = 3


def _prefixes() -> Iterator[_Prefix]:
    for prefixes, rest, kind in _DELIMITED:
        pattern = re.compile(rest)
        for prefix in prefixes.split():
            bare = prefix.removeprefix(_B)
            yield from (_Prefix(text, bare != prefix, pattern, kind) for text in _spellings(bare.replace("\\", "")))


def _spellings(prefix: str) -> list[str]:
    """Return all that a prefix with sets of characters can be."""
    found = [""]
    for literal, choices in re.findall(r"([^\[\]]+)|\[([^\[\]]+)\]", prefix):
        options = [literal] if literal else list("0123456789" if choices == "0-9" else choices)
        found = [before + option for before in found for option in options]
    return found


def _by_end() -> dict[str, dict[str, tuple[_Prefix, ...]]]:
    """Return the prefixes by delimiter and by the last characters before it."""
    table: dict[str, dict[str, tuple[_Prefix, ...]]] = {}
    for prefix in _prefixes():
        stem, delimiter = prefix.text[:-1], prefix.text[-1]
        last, ends = stem[stem.rfind(delimiter) + 1 :], table.setdefault(delimiter, {})
        befores = [""] if len(last) >= _LAST or last != stem else ["", *"\"'`=:,;(<>[{/@ \t\n+|&?\\nrtD"]
        for end in {(before + last)[-_LAST:] for before in befores}:
            ends[end] = (*ends.get(end, ()), prefix)
    return table


_BY_END = _by_end()
_last = itemgetter(slice(-_LAST, None))
_first = itemgetter(slice(_LAST))

# Without a delimiter, behind an A: the next characters, the shape from there, what it is.
_A_SHAPES = {
    first: (re.compile(shape), kind)
    for first, shape, kind in (
        ("KI", r"(?<![A-Z0-9]A)KIA[A-Z0-9]{16}(?![A-Za-z0-9])", "AWS key id"),
        ("SI", r"(?<![A-Z0-9]A)SIA[A-Z0-9]{16}(?![A-Za-z0-9])", "AWS key id"),
        ("BI", r"(?<![A-Z0-9]A)BIA[A-Z0-9]{16}(?![A-Za-z0-9])", "AWS key id"),
        ("CC", r"(?<![A-Z0-9]A)CCA[A-Z0-9]{16}(?![A-Za-z0-9])", "AWS key id"),
        ("Iza", r"Iza[\w-]{35}", "Google API key"),
        ("KCp", r"KCp[A-Za-z0-9]{50,80}", "Artifactory key"),
        ("BSK", r"BSK[A-Za-z0-9+/]{80,280}={0,2}", "Bedrock key"),
        ("TT3", r"(?<=ATA)TT3[\w=-]{40,250}", "Atlassian token"),
        ("TCT", r"TCTT3[\w=-]{40,250}", "Atlassian token"),
        ("TBB", r"TBB[A-Za-z0-9]{24,40}", "Atlassian token"),
        ("QVN", r"QVN[\w-]{35,38}", "Yandex key"),
    )
}
# The others: the literal that the shape begins with (what is before it is looked at behind it, which is faster), the
# shape, what it is, and how many characters before it are secret too.
_LITERAL_SHAPES = (
    ("cmVmd", r"[A-Za-z0-9]{55,75}", "Artifactory token", 0),
    ("EAA", r"(?<![A-Za-z0-9+/]EAA)[\w-]{57,400}", "Meta or Square token", 0),
    ("GR1348941", r"[\w-]{20}", "GitLab token", 0),
    ("LTAI", r"(?<![A-Za-z0-9]LTAI)[A-Za-z0-9]{12,24}(?![A-Za-z0-9])", "Alibaba key id", 0),
    ("dapi", r"[a-f0-9]{32}(?:-\d)?", "Databricks token", 0),
    ("prv", r"(?<=[xyztv]prv)[A-Za-z0-9]{100,110}", "wallet key", 0),
    ("1//0", r"(?<![\w/]1//0)[\w-]{30,120}", "Google refresh token", 0),
    ("-us", r"(?<=[a-f0-9]{32}-us)\d{1,2}(?!\w)", "Mailchimp key", 32),
    (".eyJ", r"(?<=[\w-]{10}\.eyJ)[\w-]{5,8000}\.[\w-]{10,1500}", "JWT", 0),
    (":AA", r"(?<=\d{8}:AA)[\w-]{32,35}(?![\w-])", "Telegram bot token", 0),
    ("/bot", r"\d{8,10}:[\w-]{30,40}", "Telegram bot token", 0),
    ("Q~", r"(?<=[\w~.]{3}\dQ~)[\w~.-]{31,34}", "Azure client secret", 4),
    ("sha256~", r"[\w-]{43}(?![\w-])", "OpenShift token", 0),
    (".atlasv1.", r"(?<=[A-Za-z0-9]{14}\.atlasv1\.)[\w=-]{60,70}", "Terraform Cloud token", 14),
    ("hooks.slack.com/", r"(?:services|workflows|triggers)/[\w+/-]{20,120}", "webhook URL", 0),
    ("/api/webhooks/", r"\d{15,20}/[\w-]{40,100}", "webhook URL", 0),
    ("webhook.office.com/", r"webhookb2/[\w@/-]{60,300}", "webhook URL", 0),
    ("sig=", r"(?<=[?&;]sig=)[A-Za-z0-9%+/_-]{30,120}=?", "signed URL", 0),
)
# What several of them have in common is looked for once.
_GATES = ("~", "hook")


def _shapes_by_gate() -> dict[str, list[tuple[re.Pattern[str], str, int]]]:
    """Return the shapes by what must be in a text for any of them."""
    table: dict[str, list[tuple[re.Pattern[str], str, int]]] = {}
    for literal, shape, kind, before in _LITERAL_SHAPES:
        gate = next((gate for gate in _GATES if gate in literal), literal)
        table.setdefault(gate, []).append((re.compile(re.escape(literal) + shape), kind, before))
    return table


_SHAPES_BY_GATE = _shapes_by_gate()
_TWILIO = re.compile(r"SK(?<![A-Za-z0-9]SK)[0-9a-f]{32}(?![A-Za-z0-9])")
_DISCORD = re.compile(r"[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,38}(?![\w-])")
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_HEX_OR_WORDS = re.compile(r"[a-f0-9]+|[A-F0-9]+|[A-Za-z/]+")


def find_tokens(text: str, lowered: str = "") -> Iterator[Span]:
    """Find every token in `text`, in no order; `lowered` is the same in small letters, where it is there already."""
    for delimiter, prefixes in _BY_END.items():
        parts = text.split(delimiter)
        if not prefixes.keys().isdisjoint(map(_last, parts)):
            for end in prefixes.keys() & set(map(_last, parts)):
                for prefix in prefixes[end]:
                    yield from _after_prefix(text, prefix)
    parts = text.split("A")
    if not _A_SHAPES.keys().isdisjoint(map(_first, parts)):
        yield from _after_a(text, parts)
    yield from _shaped(text)
    lowered = lowered or text.lower()
    if "twilio" in lowered:
        yield from (Span(match.start(), match.end(), "Twilio key") for match in _TWILIO.finditer(text))
    if "discord" in lowered:
        yield from (Span(match.start(), match.end(), "Discord bot token") for match in _DISCORD.finditer(text))


def _shaped(text: str) -> Iterator[Span]:
    for gate, shapes in _SHAPES_BY_GATE.items():
        if gate in text:
            for shape, kind, before in shapes:
                yield from (Span(match.start() - before, match.end(), kind) for match in shape.finditer(text))


def _after_prefix(text: str, prefix: _Prefix) -> Iterator[Span]:
    start = text.find(prefix.text)
    while start >= 0:
        end = start + len(prefix.text)
        if not (prefix.bounded and _goes_on(text, start)):
            if match := prefix.rest.match(text, end):
                yield Span(end, match.end(), prefix.kind)
            for first, last in split_places(text, end, prefix.rest) or wrapped_places(text, end, prefix.text):
                yield Span(first, last, prefix.kind)
                end = last
        start = text.find(prefix.text, end)


def _goes_on(text: str, start: int) -> bool:
    """Return whether a word goes on before `start`: a letter or digit, of no escape, or of a percent code."""
    before = text[max(start - 3, 0) : start]
    if not before[-1:].isalnum():
        return False
    return not (before[-2:-1] == "\\" and before[-1] in "nrt") and not before.startswith("%")


def _after_a(text: str, parts: list[str]) -> Iterator[Span]:
    start = 0
    for part in parts:
        if (known := _A_SHAPES.get(part[:_LAST])) and (match := known[0].match(text, start)):
            yield Span(start - 1, match.end(), known[1])
            if known[1] == "AWS key id":
                yield from _aws_secrets(text, match)
        start += len(part) + 1


def _aws_secrets(text: str, key_id: re.Match[str]) -> Iterator[Span]:
    """Find what looks like the secret of an AWS key near its id."""
    first = max(0, key_id.start() - 400)
    for match in _AWS_SECRET.finditer(text, first, key_id.end() + 400):
        if not _HEX_OR_WORDS.fullmatch(match[0]):
            yield Span(match.start(), match.end(), "AWS secret key")


def shows_token(text: str) -> bool:
    """Return whether there is a token in `text`."""
    return next(find_tokens(text), None) is not None
