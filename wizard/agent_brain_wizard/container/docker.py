"""What Docker on this machine says. The one module that uses its SDK, which is loaded where it is needed."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from agent_brain_client.errors import USAGE, ClientError
from agent_brain_client.output import size
from agent_brain_wizard.container.compose_version import answer_of_compose, ask_compose

DockerState = Literal["ready", "absent", "no-daemon", "no-permission", "no-compose"]
Progress = Callable[[str], None]

PROBE_SECONDS = 2.0
ENGINE_SECONDS = 1.4  # of those of the probe, so that the answer of Compose can still be read
ANSWER_SECONDS = 30.0
SILENT_PULL_SECONDS = 120.0
REGISTRY_SECONDS = 15.0
PROGRESS_SECONDS = 2.0
_OLDEST_API = "1.24"  # for the one question that is asked without a version
_PROJECT = "com.docker.compose.project"
_SERVICE = "com.docker.compose.service"
_VOLUME = "com.docker.compose.volume"
# An engine that cannot ask a registry, such as Podman's, says no more.
_NOT_ASKED = ("", "not found", "page not found")
_RELEVANT = ("FATAL", "PANIC", "ERROR", "Error", "error")


class DatabaseError(ClientError):
    """Docker, or the project's database in it, is not as it must be."""


class NoDatabaseError(DatabaseError):
    """The project's settings have no container."""

    exit_code = USAGE


@dataclass(frozen=True, slots=True)
class DockerFacts:
    """The state of Docker on this machine. `detail` is a sentence on it, with a fix where they cannot.

    `version` is the engine's and `compose` that of Docker Compose, each empty where it is not known.
    """

    state: DockerState
    version: str
    detail: str
    compose: str = ""


@dataclass(frozen=True, slots=True)
class Publisher:
    """A running container that publishes a port, and its Compose project (empty: none)."""

    container: str
    project: str


@dataclass(frozen=True, slots=True)
class Container:
    """A container as the engine has it. `health` is empty where it has no check; `last_line` is of its log."""

    id: str
    name: str
    image: str
    status: str
    health: str
    restarts: int
    started_at: str
    last_line: str


def probe_docker() -> DockerFacts:
    """Return whether Docker and Compose can be used here, within 2 s."""
    if shutil.which("docker") is None:
        return DockerFacts("absent", "", "Docker is not installed. Install it: https://docs.docker.com/get-docker/")
    deadline = time.monotonic() + PROBE_SECONDS
    asked = ask_compose()
    try:
        with _engine(ENGINE_SECONDS) as client:
            version = str(client.version()["Version"])
    except _UnreachableError as error:
        answer_of_compose(asked, 0)
        return DockerFacts(error.state, "", str(error))
    compose = answer_of_compose(asked, deadline - time.monotonic())
    if compose is None:
        return DockerFacts("no-compose", version, f"Docker {version} has no Compose: install docker-compose-plugin.")
    return DockerFacts("ready", version, f"Docker {version} is running.", compose)


def require_docker() -> DockerFacts:
    """Return the facts of a Docker that can be used. Raise DatabaseError where it cannot."""
    facts = probe_docker()
    if facts.state != "ready":
        raise DatabaseError(facts.detail)
    return facts


def published_ports() -> dict[int, Publisher] | None:
    """Return the ports of this machine that running containers publish; None where Docker does not answer."""
    if shutil.which("docker") is None:
        return None
    try:
        with _engine(ENGINE_SECONDS) as client:
            found = client.api.containers()
    except DatabaseError:
        return None
    return {
        int(port["PublicPort"]): Publisher(_name(one["Names"][0]), one["Labels"].get(_PROJECT, ""))
        for one in found
        for port in one.get("Ports") or ()
        if port.get("PublicPort")
    }


def publishes(project: str, port: int) -> bool | None:
    """Return whether a running container of the Compose project publishes `port`; None where Docker does not answer."""
    published = published_ports()
    if published is None:
        return None
    return port in published and published[port].project == project


def find_container(project: str, service: str) -> Container | None:
    """Return the container of a Compose project's service, running or not; None if there is none."""
    wanted = {"label": [f"{_PROJECT}={project}", f"{_SERVICE}={service}"]}
    with _engine(ANSWER_SECONDS) as client:
        found = client.api.containers(all=True, filters=wanted)
        if not found:
            return None
        facts = client.api.inspect_container(found[0]["Id"])
        health = _health(client, facts)
        log = client.api.logs(found[0]["Id"], tail=20).decode("utf-8", "replace")
    state = facts["State"]
    return Container(
        id=facts["Id"],
        name=_name(facts["Name"]),
        image=facts["Config"]["Image"],
        status=state["Status"],
        health=health,
        restarts=facts["RestartCount"],
        started_at=state["StartedAt"],
        last_line=_relevant_line(log),
    )


def find_volumes(project: str) -> dict[str, str] | None:
    """Return the names of a Compose project's volumes, by those of the Compose file; None where Docker does not say."""
    if shutil.which("docker") is None:
        return None
    try:
        with _engine(ENGINE_SECONDS) as client:
            found = client.api.volumes(filters={"label": f"{_PROJECT}={project}"})["Volumes"] or ()
    except DatabaseError:
        return None
    labels = {one["Name"]: one.get("Labels") or {} for one in found}
    return {one[_VOLUME]: name for name, one in labels.items() if one.get(_PROJECT) == project and _VOLUME in one}


def _health(client: Any, facts: dict[str, Any]) -> str:
    """Return the container's health.

    While it is starting, its check is run here: Docker itself lets seconds pass before.
    """
    from docker.errors import APIError  # type: ignore[import-untyped]

    state, test = facts["State"], (facts["Config"].get("Healthcheck") or {}).get("Test") or []
    health = str((state.get("Health") or {}).get("Status", ""))
    if (health, state["Status"], *test[:1]) != ("starting", "running", "CMD"):
        return health
    try:
        check = client.api.exec_create(facts["Id"], test[1:])["Id"]
        client.api.exec_start(check)
        return "healthy" if client.api.exec_inspect(check)["ExitCode"] == 0 else health
    except APIError:  # it has just ended
        return health


def has_image(name: str) -> bool:
    """Return whether the image is on this machine."""
    from docker.errors import NotFound

    with _engine(ANSWER_SECONDS) as client:
        try:
            client.api.inspect_image(name)
        except NotFound:
            return False
    return True


def find_image_fault(name: str) -> str:
    """Return why the image cannot be had, in a clause. It is empty for one that is on this machine or in its registry,
    and where the engine cannot ask. Nothing is fetched. Raise DatabaseError where Docker does not answer.
    """
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    if has_image(name):
        return ""
    with _engine(REGISTRY_SECONDS) as client:
        try:
            client.api.inspect_distribution(name)
        except APIError as error:
            reason = _reason(error)
            return "" if error.status_code in (405, 501) or reason.lower() in _NOT_ASKED else reason
        except RequestException:
            return f"its registry has not answered in {REGISTRY_SECONDS:.0f} s"
        except DockerException:  # no credentials, or an engine from before 2017
            return ""
    return ""


def pull_image(name: str, progress: Progress, instead: str) -> None:
    """Fetch the image. Raise DatabaseError with the reason where it cannot be had, and what to do `instead`."""
    from docker.errors import APIError
    from docker.utils import parse_repository_tag  # type: ignore[import-untyped]

    repository, tag = parse_repository_tag(name)
    progress(f"Fetching {name}")
    with _engine(SILENT_PULL_SECONDS) as client:
        try:
            failure = _follow(
                name, client.api.pull(repository, tag=tag or "latest", stream=True, decode=True), progress
            )
        except APIError as error:
            failure = _reason(error)
    if failure:
        raise DatabaseError(missing_image(name, failure, instead))


def _follow(name: str, events: Iterator[dict[str, Any]], progress: Progress) -> str:
    """Report the progress of a pull; return why it failed, empty where it did not."""
    layers: dict[str, tuple[int, int]] = {}
    reported, failure = time.monotonic(), ""
    for event in events:  # to the end, after a failure too: the connection is free then
        failure = str(event.get("error", failure))
        _count(layers, event)
        if layers and time.monotonic() - reported >= PROGRESS_SECONDS:
            reported = time.monotonic()
            done, total = (sum(amounts) for amounts in zip(*layers.values(), strict=True))
            progress(f"Fetching {name}: {size(done)} of {size(total)}")
    return failure


def _count(layers: dict[str, tuple[int, int]], event: dict[str, Any]) -> None:
    detail = event.get("progressDetail") or {}
    if event.get("status") == "Downloading" and detail.get("total"):
        layers[event["id"]] = detail["current"], detail["total"]
    elif event.get("status") in ("Download complete", "Pull complete") and event.get("id") in layers:
        total = layers[event["id"]][1]
        layers[event["id"]] = total, total


def missing_image(name: str, reason: str, instead: str) -> str:
    """Return the sentence on an image that cannot be had, and what to do `instead`."""
    return (
        f"the image {name} cannot be fetched ({reason.strip().rstrip('.')}). Check the network, load it"
        f" (docker load), or {instead}"
    )


class _UnreachableError(DatabaseError):
    """The engine cannot be asked."""

    def __init__(self, state: DockerState, sentence: str) -> None:
        super().__init__(sentence)
        self.state = state


@contextmanager
def _engine(seconds: float) -> Iterator[Any]:
    """Yield a client of the engine that the `docker` command uses; raise what goes wrong as DatabaseError."""
    import docker  # type: ignore[import-untyped]
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    try:
        _knock(seconds)
        with closing(docker.from_env(timeout=seconds, version=_OLDEST_API)) as client:
            version = client.api.version(api_version=False)["ApiVersion"]
        with closing(docker.from_env(timeout=seconds, version=version)) as client:
            yield client
    except APIError as error:
        raise DatabaseError(f"Docker reports an error: {_reason(error)}. See: docker info") from error
    except (DockerException, RequestException, OSError, ValueError) as error:
        raise _unreachable(error) from error


def _knock(seconds: float) -> None:
    """Raise OSError where nothing listens at the engine's socket: the SDK leaves a socket open then."""
    from docker.context import ContextAPI  # type: ignore[import-untyped]

    host = os.environ.get("DOCKER_HOST") or ContextAPI.kwargs_from_context().get("base_url", "")
    path = host.partition("unix://")[2]
    if path:
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(seconds)
            knocking.connect(path)


def _reason(error: Any) -> str:
    return str(error.explanation or error).strip().rstrip(".")


def _unreachable(error: BaseException) -> _UnreachableError:
    if any(isinstance(one, PermissionError) for one in _chain(error)):
        return _UnreachableError(
            "no-permission",
            "You have no permission to use Docker: run sudo usermod -aG docker $USER, then log out and in again.",
        )
    return _UnreachableError(
        "no-daemon", "Docker is installed but does not answer: start Docker Desktop, or run sudo systemctl start docker"
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and everything that it was made of."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        near = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting += [other for other in near if isinstance(other, BaseException)]


def _name(name: str) -> str:
    return name.removeprefix("/")


def _relevant_line(log: str) -> str:
    """Return the last line of `log` that names a failure, else its last one."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    relevant = [line for line in lines if any(word in line for word in _RELEVANT)]
    return (relevant or lines or [""])[-1]
