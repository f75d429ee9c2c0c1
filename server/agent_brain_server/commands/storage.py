"""`python -m agent_brain_server storage …`: move an index, compare two, prepare and spread a database, grant a role.

Where from and where to come through the environment, since a URL may hold a password and others can read arguments.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from agent_brain_contract.errors import cause
from agent_brain_contract.escaping import line, one_line
from agent_brain_contract.paths import SERVER_LOCK
from agent_brain_server.commands import access
from agent_brain_server.domain.content import FloatArray
from agent_brain_server.embedding.factory import create_embedder
from agent_brain_server.errors import AgentBrainError, AlreadyServedError, SettingsError
from agent_brain_server.services.copying import copy
from agent_brain_server.services.copying.copy import Progress
from agent_brain_server.services.copying.verify import Verdict, verify
from agent_brain_server.settings.consent import load_settings
from agent_brain_server.settings.model import Settings
from agent_brain_server.settings.postgres import PostgresConfig, is_postgres_url
from agent_brain_server.settings.sources import ProjectFiles, database_variable
from agent_brain_server.storage.factory import create_endpoint, distribute_tables
from agent_brain_server.storage.transfer import CopyEndpoint, Entry, TableDigest

FROM_VARIABLE, TO_VARIABLE, OTHER_VARIABLE = "AGENT_BRAIN_COPY_FROM", "AGENT_BRAIN_COPY_TO", "AGENT_BRAIN_COPY_URL"
CURRENT = "current"
GRANTED = """agent-brain: This URL reads and writes the project {project_id} only. It is not shown again, and earlier
ones do not work any more. To use it: agent-brain setup --yes --answers -  (storage: postgres, storage_url: the URL)"""
FAILED, REFUSED, INTERRUPTED = 1, 2, 130
MOST_DIFFERENCES = 5


def main(arguments: Sequence[str]) -> int:
    """Return the exit status: 0 for success, 1 for a failure or difference, 2 for wrong settings, 130 after Ctrl-C."""
    options = _parse(arguments)
    try:
        settings = load_settings(options.project)
        if options.action == "distribute":
            return _distribute(settings, options)
        if options.action in ("prepare", "grant", "provision"):
            return _give_access(settings, options)
        places = _places(settings, os.environ)
        source, target = (_endpoint(url, settings) for url in places)
        copy.refuse_same(source, target)
        if options.action == "verify":
            return _verify(settings, source, target, options)
        with _no_server_running(settings, places[1], options.dry_run):
            return _copy(source, target, options)
    except AgentBrainError as error:
        print(f"agent-brain: {one_line(str(error))}", file=sys.stderr)
        return REFUSED if isinstance(error, SettingsError) else FAILED
    except KeyboardInterrupt:
        if options.action == "copy":
            print("\nInterrupted. To continue, run the same command with --resume.", file=sys.stderr)
        return INTERRUPTED


def _endpoint(url: str, settings: Settings) -> CopyEndpoint:
    root, postgres = settings.project_root, settings.storage.postgres
    return create_endpoint(url, root, project_id=settings.project_id, postgres=postgres)


def _distribute(settings: Settings, options: argparse.Namespace) -> int:
    new = asyncio.run(distribute_tables(settings.storage.location, postgres=settings.storage.postgres))
    _answer(
        options,
        "The tables are distributed by project." if new else "The tables are already distributed.",
        [],
        {"new": new},
    )
    return 0


def _give_access(settings: Settings, options: argparse.Namespace) -> int:
    if options.action == "prepare":
        heading, answer = access.prepare(settings, os.environ)
    elif options.action == "provision":
        heading, answer = access.provision(settings)
    else:
        act = access.revoke if options.revoke else access.grant
        heading, answer = act(settings, os.environ, options.project_id)
    _answer(options, heading, [], answer)
    if "url" in answer and not options.json:
        print(GRANTED.format(**answer), file=sys.stderr)
    return 0


def _copy(source: CopyEndpoint, target: CopyEndpoint, options: argparse.Namespace) -> int:
    entry: Entry = "resume" if options.resume else "start-over" if options.start_over else "new"
    names = {"from": source.describe(), "to": target.describe()}
    if options.dry_run:
        with _progress() as progress:
            digests = asyncio.run(copy.rehearse(source, target, entry, progress))
        lines = [f"  {name:<17} {table.rows:>12,} rows {table.bytes:>16,} bytes" for name, table in digests.items()]
        heading = f"Would copy {names['from']} to {names['to']}. Nothing was written."
        _answer(options, heading, lines, {**names, "dry_run": True, "tables": _described(digests)})
        return 0
    with _progress() as progress:
        copied = asyncio.run(copy.copy(source, target, entry, progress))
    lines = [f"  {name:<17} {rows:>12,} rows" for name, rows in copied.rows.items()]
    resumed = f" ({copied.resumed:,} rows were there already)" if copied.resumed else ""
    heading = f"Copied {names['from']} to {names['to']}{resumed}."
    _answer(options, heading, lines, {**names, "dry_run": False, "rows": copied.rows, "resumed": copied.resumed})
    return 0


def _verify(settings: Settings, source: CopyEndpoint, target: CopyEndpoint, options: argparse.Namespace) -> int:
    texts = None if options.queries is None else _questions(options.queries)
    with _progress() as progress:
        verdict = asyncio.run(_verified(settings, source, target, texts, progress))
    lines = [line for name, pair in _pairs(verdict).items() for line in _compared(name, *pair)]
    lines.append(f"  asked {verdict.texts} questions by their words, {verdict.vectors} by vector")
    heading = (
        f"{source.describe()} and {target.describe()} {'differ' if verdict.differences else 'hold the same index'}."
    )
    answer = {
        "from": source.describe(),
        "to": target.describe(),
        "equal": not verdict.differences,
        "tables": {
            name: {"from": _described({name: one})[name], "to": _described({name: other})[name]}
            for name, (one, other) in _pairs(verdict).items()
        },
        "questions": {"bm25": verdict.texts, "vector": verdict.vectors},
        "differences": list(verdict.differences),
    }
    _answer(options, heading, lines, answer)
    for sentence in verdict.differences[:MOST_DIFFERENCES]:
        print(f"agent-brain: {one_line(sentence)}", file=sys.stderr)
    return FAILED if verdict.differences else 0


async def _verified(
    settings: Settings, source: CopyEndpoint, target: CopyEndpoint, texts: Sequence[str] | None, progress: Progress
) -> Verdict:
    if texts is None:
        return await verify(source, target, progress)
    async with source.reading() as snapshot:
        model = snapshot.project.model
    embedder = await create_embedder(settings.embedding, _at_once)
    try:
        if embedder.model != model:
            print("agent-brain: the index was embedded by another model; asking by words only.", file=sys.stderr)
            return await verify(source, target, progress, texts)

        async def embed(asked: Sequence[str]) -> Sequence[FloatArray]:
            return list(await embedder.embed(asked))

        return await verify(source, target, progress, texts, embed)
    finally:
        if (aclose := getattr(embedder, "aclose", None)) is not None:
            await aclose()


async def _at_once(function: Callable[[Sequence[str]], FloatArray], texts: Sequence[str]) -> FloatArray:
    return function(texts)


def _pairs(verdict: Verdict) -> dict[str, tuple[TableDigest, TableDigest]]:
    return {name: (table, verdict.tables.target[name]) for name, table in verdict.tables.source.items()}


def _compared(name: str, one: TableDigest, other: TableDigest) -> list[str]:
    """Return one line; where the two differ, one for each."""
    lines = [f"  {name:<17} {one.rows:>12,} rows  {one.hexdigest}"]
    return lines if one == other else [*lines, f"  {'differs: --to has':<17} {other.rows:>12,} rows  {other.hexdigest}"]


def _described(digests: Mapping[str, TableDigest]) -> dict[str, dict[str, object]]:
    return {
        name: {"rows": table.rows, "bytes": table.bytes, "digest": table.hexdigest} for name, table in digests.items()
    }


def _answer(options: argparse.Namespace, heading: str, lines: Sequence[str], answer: Mapping[str, object]) -> None:
    print(json.dumps(answer, indent=2) if options.json else "\n".join(map(line, [heading, *lines])))


def _questions(path: Path) -> list[str]:
    try:
        found = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The questions in {path} cannot be read: {cause(error)}.") from error
    return [line for line in found if line]


def _places(settings: Settings, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return both URLs. One that is left out is the settings' own, or where the other is that, the variable's."""
    source, target = environment.get(FROM_VARIABLE, ""), environment.get(TO_VARIABLE, "")
    if not source:
        source = OTHER_VARIABLE if target == CURRENT else CURRENT
    if not target:
        target = OTHER_VARIABLE if source == CURRENT else CURRENT
    return _place(settings, source, environment), _place(settings, target, environment)


def _place(settings: Settings, name: str, environment: Mapping[str, str]) -> str:
    if name == CURRENT:
        return settings.storage.location
    url = environment.get(OTHER_VARIABLE, "") if name == OTHER_VARIABLE else name
    if not url:
        raise SettingsError(f"Name the other place: with --from, --to or the variable {OTHER_VARIABLE}.")
    if not is_postgres_url(url):
        return url
    config = PostgresConfig.from_url(url, settings.storage.postgres, name="The storage URL")
    password = database_variable("POSTGRES_PASSWORD", ProjectFiles(settings.project_root))[0]
    if not config.password.get_secret_value() and password:
        config = config.with_password(password)
    return config.url()


@contextmanager
def _no_server_running(settings: Settings, target: str, dry_run: bool) -> Iterator[None]:
    """Keep servers of this project from running while a SQLite file, which has one writer, is the target."""
    path = settings.project_root / SERVER_LOCK
    if is_postgres_url(target) or (dry_run and not path.exists()):
        yield
        return
    lock = FileLock(path, timeout=0, mode=0o600)
    try:
        settings.state_directory.mkdir(0o700, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise AlreadyServedError(
            "A server or another copy of this project is running, and only one process can write the "
            "target file. Run first: "
            "agent-brain stop"
        ) from error
    except OSError as error:
        raise SettingsError(f"{settings.state_directory} cannot be written: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show a bar where a person watches."""
    if not sys.stderr.isatty():
        yield Progress()
        return
    from tqdm import tqdm

    with tqdm(total=0, unit=" rows", file=sys.stderr, leave=False, dynamic_ncols=True) as bar:

        def begin(rows: int) -> None:
            bar.total = (bar.total or 0) + rows
            bar.refresh()

        def advance(table: str, rows: int) -> None:
            bar.set_description_str(table, refresh=False)
            bar.update(rows)

        yield Progress(begin, advance)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="agent_brain_server storage", description=__doc__)
    parser.add_argument("action", choices=("copy", "verify", "distribute", "prepare", "grant", "provision"))
    parser.add_argument("--project", type=Path, required=True, help="the project's root")
    parser.add_argument("--dry-run", action="store_true", help="copy: check and count, write nothing")
    parser.add_argument("--resume", action="store_true", help="copy: continue an interrupted copy")
    parser.add_argument("--start-over", action="store_true", help="copy: discard an interrupted copy and start again")
    parser.add_argument("--queries", type=Path, metavar="FILE", help="verify: ask these, one a line")
    parser.add_argument("--revoke", action="store_true", help="grant: withdraw the rights of the role instead")
    parser.add_argument("--project-id", metavar="ID", help="grant: another project of the database than this one")
    parser.add_argument("--json", action="store_true", help="answer as JSON")
    options = parser.parse_args(arguments)
    if options.resume and options.start_over:
        parser.error("--resume and --start-over exclude each other")
    if options.action != "verify" and options.queries:
        parser.error("--queries is for verify")
    if options.action != "copy" and (options.dry_run or options.resume or options.start_over):
        parser.error("--dry-run, --resume and --start-over are for copy")
    if options.action != "grant" and (options.revoke or options.project_id is not None):
        parser.error("--revoke and --project-id are for grant")
    return options
