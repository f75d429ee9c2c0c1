"""Two servers over one directory, SQLite and memory, put through what users do: both answer as a plain model says."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from agent_brain_server.settings.consent import load_settings
from agent_brain_server.settings.model import Settings, StorageSettings
from support.brain import FINISHED, Brain, configure, write_files

T = TypeVar("T")
Key = tuple[str, int, str, str]
WORDS = ("retry", "parse", "header", "socket", "cursor", "ledger")
DIRECTORIES = (".", "a", "a/deep", "b")
NAMES = ("f1.py", "f2.py", "n3.md", "t4.txt")
PATHS = st.tuples(st.sampled_from(DIRECTORIES), st.sampled_from(NAMES)).map(lambda pair: f"{pair[0]}/{pair[1]}")
BACKENDS = ("sqlite:///.claude/agent-brain/index.db", "memory://")


class TwinBrain(Brain):
    """A server over `root` whose settings are elsewhere, so that two can share a directory."""

    def __init__(self, root: Path, storage_url: str) -> None:
        super().__init__(root)
        self._storage = StorageSettings(url=storage_url)

    def settings(self) -> Settings:
        """The project's, but for the store."""
        return load_settings(self.root).model_copy(update={"storage": self._storage})


class Model:
    """What must be found: the texts on disk, the folders, and the texts and folders as they were indexed."""

    def __init__(self) -> None:
        self.disk: dict[str, str] = {}
        self.folders = {"."}
        self.indexed: dict[str, tuple[str, str]] = {}

    def owner(self, path: str) -> str:
        """The innermost folder of a path, empty if there is none."""
        holding = [folder for folder in self.folders if within(path, folder)]
        return max(holding, key=lambda folder: 0 if folder == "." else len(folder), default="")

    def index(self, *asked: str, force: bool = False) -> None:
        """Take over the disk, as far as it was asked for. What was indexed of a folder without any file stays."""
        kept = set() if force else {path for path, (_, folder) in self.indexed.items() if not self.has_file(folder)}
        for path in {*self.indexed, *self.disk} - kept:
            if asked and not any(within(path, one) for one in asked):
                continue
            self.indexed.pop(path, None)
            if path in self.disk and self.owner(path):
                self.indexed[path] = (self.disk[path], self.owner(path))

    def has_file(self, folder: str) -> bool:
        """Whether any file is beneath the folder."""
        return any(within(path, folder) for path in self.disk)

    def remove_folder(self, folder: str) -> None:
        """Forget what was indexed of it, but for what another folder around it holds."""
        self.folders.discard(folder)
        held = {path: (text, self.owner(path) if of == folder else of) for path, (text, of) in self.indexed.items()}
        self.indexed = {path: (text, of) for path, (text, of) in held.items() if of}

    def first_of(self, path: str) -> str:
        """One path for all files of the same text: an answer shows a text once, at any of them."""
        return min(other for other, (text, _) in self.indexed.items() if text == self.indexed[path][0])

    def holding(self, word: str) -> set[str]:
        """The files with this word, one for each text; an empty word is in all."""
        return {self.first_of(path) for path, (text, _) in self.indexed.items() if word in text}

    def stale(self, paths: set[str]) -> set[str]:
        """Those whose text on disk is another."""
        return {path for path in paths if self.disk.get(path) != self.indexed[path][0]}


def within(path: str, folder: str) -> bool:
    return folder == "." or path == folder or path.startswith(f"{folder}/")


def plain(path: str) -> str:
    return path.removeprefix("./")


class Servers(RuleBasedStateMachine):
    """The rules: what a user does. Projects are made beneath `base`."""

    base: Path

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.root = Path(tempfile.mkdtemp(dir=self.base))
        configure(self.root)
        self.brains = [TwinBrain(self.root, url) for url in BACKENDS]
        self.model = Model()
        self.texts = 0
        for brain in self.brains:
            self.run(brain.__aenter__())
            # An index that has had no job yet starts with the folders of the settings, again and again.
            self.run(brain.index())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    def teardown(self) -> None:
        for brain in self.brains:
            self.run(brain.__aexit__())
        self.loop.close()
        shutil.rmtree(self.root)

    def write(self, path: str, text: str) -> None:
        write_files(self.root, {path: text})
        self.model.disk[plain(path)] = text

    def new_text(self, path: str, words: list[str]) -> str:
        """A text with these words that no other file has, whichever way it is cut."""
        self.texts += 1
        lines = [f"{word} = unique{self.texts}x" for word in words]
        if path.endswith(".py"):
            lines += [f"def call_{word}():  # unique{self.texts}x\n    return unique{self.texts}x" for word in words]
        return "\n".join(lines) + "\n"

    @rule(path=PATHS, words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True))
    def save(self, path: str, words: list[str]) -> None:
        self.write(path, self.new_text(path, words))

    @precondition(lambda self: self.model.disk)
    @rule(data=st.data(), target_path=PATHS)
    def copy(self, data: st.DataObject, target_path: str) -> None:
        source = data.draw(st.sampled_from(sorted(self.model.disk)))
        if Path(source).suffix == Path(target_path).suffix:
            self.write(target_path, self.model.disk[source])

    @precondition(lambda self: self.model.disk)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(self.model.disk)))
        (self.root / path).unlink()
        del self.model.disk[path]

    @precondition(lambda self: self.model.disk)
    @rule(data=st.data(), target_path=PATHS)
    def rename(self, data: st.DataObject, target_path: str) -> None:
        source = data.draw(st.sampled_from(sorted(self.model.disk)))
        if Path(source).suffix == Path(target_path).suffix:
            (self.root / target_path).parent.mkdir(exist_ok=True, parents=True)
            (self.root / source).rename(self.root / target_path)
            self.model.disk[plain(target_path)] = self.model.disk.pop(source)

    @rule(folder=st.sampled_from(DIRECTORIES))
    def add_folder(self, folder: str) -> None:
        (self.root / folder).mkdir(parents=True, exist_ok=True)
        for brain in self.brains:
            added = self.run(brain.call("POST", "/index/folders", 201, json={"path": folder}))
            self.run(brain.wait(added["job"]["id"]))
        self.model.folders.add(folder)
        self.model.index(folder)

    @precondition(lambda self: self.model.folders)
    @rule(data=st.data())
    def remove_folder(self, data: st.DataObject) -> None:
        folder = data.draw(st.sampled_from(sorted(self.model.folders)))
        removed = [self.run(brain.call("DELETE", "/index/folders", params={"path": folder})) for brain in self.brains]
        assert removed[0] == removed[1]
        before = len(self.model.indexed)
        self.model.remove_folder(folder)
        assert removed[0]["files"] == before - len(self.model.indexed)

    @rule(force=st.booleans())
    def index(self, force: bool) -> None:
        for brain in self.brains:
            if self.model.folders:
                self.run(brain.index(force=force))
                self.run(self.finished(brain))
            else:
                self.run(brain.call("POST", "/index", 422, json={}))
        if self.model.folders:
            self.model.index(force=force)

    @precondition(lambda self: self.model.folders)
    @rule(path=PATHS)
    def index_one(self, path: str) -> None:
        path = plain(path)
        if self.model.owner(path):
            if path not in self.model.disk and path not in self.model.indexed:
                for brain in self.brains:
                    self.run(brain.call("POST", "/index", 422, json={"paths": [path]}))
                return
            for brain in self.brains:
                self.run(brain.index(path))
            self.model.index(path)

    @rule()
    def reset(self) -> None:
        removed = [self.run(brain.call("DELETE", "/index")) for brain in self.brains]
        assert removed[0] == removed[1]
        assert removed[0]["files"] == len(self.model.indexed)
        self.model.indexed.clear()

    @rule()
    def restart(self) -> None:
        """SQLite keeps its index; memory starts empty, so it is given the folders, and both index."""
        for brain in self.brains:
            self.run(brain.restart())
        memory = self.brains[1]
        if "." not in self.model.folders:
            self.run(memory.call("DELETE", "/index/folders", params={"path": "."}))
        for folder in sorted(self.model.folders - {"."}):
            added = self.run(memory.call("POST", "/index/folders", 201, json={"path": folder}))
            self.run(memory.wait(added["job"]["id"]))
        self.check_all_of(self.brains[0])
        self.index(force=False)

    def check_all_of(self, brain: Brain) -> None:
        """What is there is all that was indexed, and no more."""
        found = self.run(brain.search("retry", mode="vector", top_k=200))
        assert {self.model.first_of(result["path"]) for result in found} == self.model.holding("")

    @rule(word=st.sampled_from(WORDS), mode=st.sampled_from(("bm25", "vector", "hybrid")))
    def query(self, word: str, mode: str) -> None:
        answers = [self.run(brain.search(word, mode=mode, top_k=200)) for brain in self.brains]
        keys = [set(self.keys(answer)) for answer in answers]
        assert keys[0] == keys[1]
        assert {key[0] for key in keys[0]} == self.model.holding(word if mode == "bm25" else "")
        stale = {result["path"] for answer in answers for result in answer if result["stale"]}
        assert stale == self.model.stale({result["path"] for answer in answers for result in answer})
        if stale:
            self.refresh(*stale)

    def keys(self, answer: list[Any]) -> Iterator[Key]:
        for result in answer:
            text, _ = self.model.indexed[result["path"]]
            assert result["text"].strip() in text
            yield self.model.first_of(result["path"]), result["start_line"], result["symbol"], result["text"]

    def refresh(self, *paths: str) -> None:
        """A search that met changed files has them indexed again: here, before anything else happens."""
        for brain in self.brains:
            self.run(brain.index(*paths))
            self.run(self.finished(brain))
        self.model.index(*paths)

    async def finished(self, brain: Brain) -> None:
        """Until no job waits or runs."""
        while any(job["state"] not in FINISHED for job in (await brain.call("GET", "/index/jobs"))["jobs"]):
            await asyncio.sleep(0.002)

    @invariant()
    def counts_agree(self) -> None:
        counts = [self.run(brain.call("GET", "/health/status"))["index"] for brain in self.brains]
        assert counts[0]["files"] == len(self.model.indexed)
        for name in ("files", "chunks", "vectors", "languages"):
            assert counts[0][name] == counts[1][name], name


@pytest.mark.slow
def test_both_servers_and_the_model_agree(tmp_path: Path) -> None:
    Servers.base = tmp_path
    bounds = settings(
        max_examples=5,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Servers, settings=bounds)
