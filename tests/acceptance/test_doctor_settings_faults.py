"""`doctor` names each fault of what setup wrote, and the command that it gives fixes it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent_brain_contract.consent import record_path
from support.cli import CliProject
from support.doctored import Fault, assert_fixed, cases
from support.prepared import copied, prepare

CONFIG, ENV = ".claude/agent-brain/config.yaml", ".env.agent-brain"
Make = Callable[[CliProject], None]


def gone(name: str) -> Make:
    return lambda project: (project.root / name).unlink()


def appended(name: str, text: str) -> Make:
    def make(project: CliProject) -> None:
        with (project.root / name).open("a") as file:
            file.write(text)

    return make


def written(name: str, content: bytes) -> Make:
    def make(project: CliProject) -> None:
        (project.root / name).write_bytes(content)

    return make


def without_token(project: CliProject) -> None:
    path = project.root / ENV
    lines = [line for line in path.read_text().splitlines(keepends=True) if not line.startswith("AGENT_BRAIN_TOKEN")]
    path.write_text("".join(lines))


def other_token(project: CliProject) -> None:
    without_token(project)
    appended(ENV, "AGENT_BRAIN_TOKEN=of-somebody-else\n")(project)


def directory_for(name: str) -> Make:
    def make(project: CliProject) -> None:
        (project.root / name).unlink(missing_ok=True)
        (project.root / name).mkdir()

    return make


def link_for(name: str) -> Make:
    def make(project: CliProject) -> None:
        path = project.root / name
        if path.exists():
            path.rename(path.with_name(f"{path.name}.mine"))
        path.symlink_to(f"{path.name}.mine")

    return make


def mode(name: str, bits: int) -> Make:
    return lambda project: (project.root / name).chmod(bits)


def tracked(name: str) -> Make:
    def make(project: CliProject) -> None:
        (project.root / ".git").rmdir()
        subprocess.run(["git", "init", "--quiet"], cwd=project.root, check=True)
        subprocess.run(["git", "add", "--force", name], cwd=project.root, check=True)

    return make


def damaged_record(project: CliProject) -> None:
    record_path(project.root, project.environment).write_text("{")


def lost_record(project: CliProject) -> None:
    record_path(project.root, project.environment).unlink()


def edited_block(project: CliProject) -> None:
    path = project.root / ".gitignore"
    path.write_text(path.read_text().replace(".env.agent-brain", ".env.agent-brian"))


FAULTS = {
    "no settings": Fault("setup", f"missing: {CONFIG}", gone(CONFIG), fix="agent-brain setup --yes"),
    "no variables": Fault("setup", f"missing: {ENV}", gone(ENV), fix="agent-brain setup --yes"),
    "no token": Fault("setup", "has no AGENT_BRAIN_TOKEN", without_token),
    "another token": Fault("consent", "another token than setup made", other_token),
    "a file that is no YAML": Fault("config", "cannot be read", written(CONFIG, b"port: [")),
    "settings that are not UTF-8": Fault("config", "cannot be read", written(CONFIG, b"log_level: \xff\n")),
    "an unknown setting": Fault("config", "indx in", appended(CONFIG, "indx: {}\n"), fix="begin again"),
    "a bad value": Fault("config", "log_level in", appended(CONFIG, "log_level: loud\n"), fix="begin again"),
    "a bad variable in the file": Fault("config", "log_level in", appended(ENV, "AGENT_BRAIN_LOG_LEVEL=loud\n")),
    "a misspelt variable": Fault(
        "config",
        "index.wacth in environment",
        lambda project: None,
        fix="unset ",
        variables={"AGENT_BRAIN_INDEX_WACTH": "1"},
    ),
    "a variable that hides the file's": Fault(
        "environment",
        "AGENT_BRAIN_PORT overrides",
        lambda project: None,
        "warn",
        "unset AGENT_BRAIN_PORT",
        variables={"AGENT_BRAIN_PORT": "0"},
    ),
    "a directory for the settings": Fault("setup", "is not a file", directory_for(CONFIG), fix="mv "),
    "a pipe's place taken by a directory": Fault("setup", "is not a file", directory_for(ENV), fix="mv "),
    "a link for the settings": Fault("setup", "is a link", link_for(CONFIG), fix="rm "),
    "secrets that others can read": Fault("modes", f"{ENV} (0644)", mode(ENV, 0o644), fix="doctor --fix"),
    "state that others can write": Fault("modes", "(0777)", mode(".claude/agent-brain", 0o777), "warn"),
    "no lines in .gitignore": Fault(
        "gitignore", "does not name", written(".gitignore", b"mine\n"), "warn", "doctor --fix"
    ),
    "an edited line in .gitignore": Fault("gitignore", "does not name", edited_block, "warn"),
    "settings in version control": Fault("setup", f"git tracks {CONFIG}", tracked(CONFIG), fix="rm -q -r -f --cached"),
    "secrets in version control": Fault("setup", f"git tracks {ENV}", tracked(ENV), fix="rm -q -r -f --cached"),
    "an index in version control": Fault(
        "setup", "git tracks", tracked(".claude/agent-brain/index.db"), fix="rm -q -f .claude"
    ),
    "a repository for the state": Fault("setup", "is a repository", lambda p: (p.state / ".git").mkdir(), fix="rm -rf"),
    "a damaged record of consent": Fault("setup", "is damaged", damaged_record, fix="rm -r "),
    "no record of consent": Fault("setup", "there is no record", lost_record),
}
NIGHTLY = (
    "settings that are not UTF-8",
    "a pipe's place taken by a directory",
    "an edited line in .gitignore",
    "secrets in version control",
    "a bad variable in the file",
    "a repository for the state",
)

pytestmark = pytest.mark.timeout(600)  # a busy machine takes many times as long as an idle one


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("template"))


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Iterator[CliProject]:
    with copied(template, tmp_path) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("fault", cases(FAULTS, NIGHTLY))
def test_a_fault_is_named_and_its_fix_ends_it(project: CliProject, fault: str) -> None:
    assert_fixed(project, FAULTS[fault])


def test_a_damaged_record_hides_nothing_else(project: CliProject) -> None:
    damaged_record(project)
    (project.root / ENV).chmod(0o644)
    (project.state / "index.db").write_bytes(b"notes" * 1000)
    said = project.run("doctor").stdout
    for part in ("is damaged", "open to other users", "is not a SQLite database"):
        assert part in said, said
    appended(CONFIG, "log_level: loud\n")(project)
    assert f"log_level in {CONFIG}" in project.run("doctor").stdout
