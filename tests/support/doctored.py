"""A fault of a project, and what `doctor` must make of it: it names it, and its fix, run to the letter, ends it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.cli import COMMAND, CliProject

MOST_ROUNDS = 4
BEGIN_AGAIN = ", or begin again: "
# What the machine is like, not the project.
OF_THE_MACHINE = frozenset({"disk", "docker", "plugin"})

Finding = dict[str, str]


@dataclass(frozen=True)
class Fault:
    """`make` prepares it in a project; `said` is in the sentence of the finding `id`.

    `make` may return what keeps the fault up until all is in order. `variables` are in the environment.
    """

    id: str
    said: str
    make: Callable[[CliProject], AbstractContextManager[Any] | None]
    state: str = "fail"
    fix: str = ""
    prefix: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)


def cases(faults: Mapping[str, Fault], nightly: Collection[str]) -> list[Any]:
    """The names, of which the `nightly` ones are like others and run at night alone."""
    assert set(nightly) <= faults.keys()
    return [pytest.param(name, marks=pytest.mark.nightly) if name in nightly else name for name in faults]


def doctor(project: CliProject, fault: Fault) -> tuple[int, dict[str, Finding]]:
    """The exit status and what is not in order, by its id; a fault of the environment is not in it any more."""
    done = project.run("doctor", "--json", prefix=fault.prefix, **fault.variables)
    assert done.stdout, done.stderr
    return done.returncode, not_in_order(done.stdout)


def not_in_order(report: str) -> dict[str, Finding]:
    listed: list[Finding] = json.loads(report)["findings"]
    return {one["id"]: one for one in listed if one["state"] != "ok" and one["id"] not in OF_THE_MACHINE}


def assert_fixed(project: CliProject, fault: Fault) -> None:
    """Prepare the fault, ask doctor, run its fix, and ask again until nothing is left; then search."""
    with fault.make(project) or nullcontext():
        status, found = doctor(project, fault)
        assert fault.id in found, found
        finding = found[fault.id]
        assert (finding["state"], fault.said in finding["detail"]) == (fault.state, True), finding
        assert status == (1 if any(one["state"] == "fail" for one in found.values()) else 0)
        assert fault.fix in finding["fix"], finding
        left = follow(project, fault, finding["fix"])
        assert fault.id not in left or left[fault.id]["detail"] != finding["detail"], left
        for _ in range(MOST_ROUNDS):
            if not left:
                break
            left = follow(project, fault, next(iter(left.values()))["fix"])
        assert not left, left
        assert "part7.py" in project.ok("search", "part_7")


def follow(project: CliProject, fault: Fault, fix: str) -> dict[str, Finding]:
    """Run a fix in a shell as it is written, then doctor, in the same shell where the fix changes its environment.

    Return what is not in order after it.
    """
    command = fix.rpartition(BEGIN_AGAIN)[2]
    if command.endswith("agent-brain setup"):  # which asks where there is a terminal
        command += " --yes"
    again = "agent-brain doctor --json" if "unset " in command else ":"
    path = f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", f"{{ {command}; }} >&2 || exit 9\n{again}"],
        cwd=project.root,
        env={**project.environment, **fault.variables, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode in (0, 1), f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return not_in_order(done.stdout or project.run("doctor", "--json", **fault.variables).stdout)
