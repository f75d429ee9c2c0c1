"""The services and volumes of the project's Compose file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agent_brain_client.wire import location_id
from agent_brain_client.yaml_file import load_yaml

POSTGRES = "postgres"
PGADMIN = "pgadmin"
PGADMIN_VARIABLE = "PGADMIN_PASSWORD"
WITHOUT_IMAGE = {
    POSTGRES: "name another one: agent-brain setup --yes --postgres-image IMAGE",
    PGADMIN: "do without pgAdmin: agent-brain setup --yes --no-pgadmin",
}
"""What to do where the image of a service cannot be had."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the compose file: its image, and the port of this machine that it is published on."""

    image: str
    port: int | None


@dataclass(frozen=True, slots=True)
class Composition:
    """The compose file as Docker Compose reads it: the project's name, its services and its volumes by name."""

    project: str
    services: dict[str, Service]
    volumes: tuple[str, ...]


def compose_project(root: Path) -> str:
    """Return the name under which Docker Compose keeps the project's container and data: no two projects share one."""
    return f"agent-brain-{location_id(root)}"


def read_tree(tree: dict[str, Any]) -> Composition:
    """Return what the answer of `docker compose config` in JSON says."""
    services = {name: Service(one.get("image", ""), _published(one)) for name, one in tree["services"].items()}
    return Composition(tree["name"], services, tuple(one["name"] for one in tree.get("volumes", {}).values()))


def images_of(content: bytes) -> dict[str, str]:
    """Return the image of each service in a Compose file, without those that only Compose can read, or none."""
    try:
        services = load_yaml(content)["services"].items()
        images = {str(name): one.get("image") for name, one in services}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return {}
    return {name: image for name, image in images.items() if isinstance(image, str) and "$" not in image}


def _published(service: dict[str, Any]) -> int | None:
    ports = [one["published"] for one in service.get("ports") or () if one.get("published")]
    return int(ports[0]) if ports and str(ports[0]).isdecimal() else None
