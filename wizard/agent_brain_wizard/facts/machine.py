"""What on this machine bears on the answers: Docker, and the programs that serve embeddings."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from agent_brain_wizard.answers.questions import PRESETS

CONNECT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Machine:
    """The facts of this machine: `docker` is a sentence on Docker, `docker_ready` whether a container can be started.

    `found` names the embedding presets whose program answers here.
    """

    docker_ready: bool
    docker: str
    found: tuple[str, ...]


class MachineProbe:
    """A probe that runs while the person reads the first lines; `answer` waits for what is not known yet."""

    def __init__(self) -> None:
        self._found: list[Machine] = []
        # A daemon: who leaves at the first question does not wait for Docker.
        self._thread = threading.Thread(target=self._look, name="probe", daemon=True)
        self._thread.start()

    def _look(self) -> None:
        self._found.append(probe_machine())

    def answer(self) -> Machine:
        """Return the facts, at the latest when Docker's time limit is up."""
        self._thread.join()
        return self._found[0] if self._found else Machine(False, "Docker could not be checked.", ())


def probe_machine() -> Machine:
    """Ask Docker and knock at the known ports. Raises nothing: what does not answer is not there."""
    from agent_brain_wizard.container.docker import probe_docker

    facts = probe_docker()
    found = tuple(name for name, (url, _) in PRESETS.items() if _answers(url))
    return Machine(facts.state == "ready", facts.detail, found)


def _answers(url: str) -> bool:
    """Return whether somebody listens at a `url` on this machine; one elsewhere is not asked."""
    address = urlsplit(url)
    if address.hostname != "127.0.0.1" or address.port is None:
        return False
    try:
        with socket.create_connection((address.hostname, address.port), CONNECT_SECONDS):
            return True
    except OSError:
        return False
