"""`python -m agent_brain_server storage prepare|grant`: what the owner of the tables does for the projects in them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from agent_brain_server.errors import SettingsError
from agent_brain_server.postgres_config import PostgresConfig
from agent_brain_server.settings import Settings
from agent_brain_server.storage.factory import grant_project, prepare_tables, require_postgres, revoke_project

OWNER_VARIABLE = "AGENT_BRAIN_OWNER_URL"
_PROJECT = re.compile(r"[A-Za-z0-9_-]{1,64}")
Answer = tuple[str, Mapping[str, object]]


def prepare(settings: Settings, environment: Mapping[str, str]) -> Answer:
    """Make the tables or lead them to this version."""
    asyncio.run(prepare_tables(_owner_url(settings, environment), postgres=settings.storage.postgres))
    return "The tables are ready for this version.", {"prepared": True}


def grant(settings: Settings, environment: Mapping[str, str], project: str | None) -> Answer:
    """Make the project's role, or change its password; the answer is its URL, which is shown this once."""
    url, named = _owner_url(settings, environment), _named(settings, project)
    config = asyncio.run(grant_project(url, named, postgres=settings.storage.postgres))
    return config.url(), {"project_id": named, "role": config.user, "url": config.url()}


def revoke(settings: Settings, environment: Mapping[str, str], project: str | None) -> Answer:
    """Take the project's role its rights."""
    url, named = _owner_url(settings, environment), _named(settings, project)
    revoked = asyncio.run(revoke_project(url, named, postgres=settings.storage.postgres))
    heading = f"The role of {named} can do nothing any more." if revoked else f"{named} has no role."
    return heading, {"project_id": named, "revoked": revoked}


def _owner_url(settings: Settings, environment: Mapping[str, str]) -> str:
    url = environment.get(OWNER_VARIABLE) or settings.storage.location
    require_postgres(url)
    return PostgresConfig.from_url(url, settings.storage.postgres, name=OWNER_VARIABLE).url()


def _named(settings: Settings, project: str | None) -> str:
    if project is None:
        return settings.project_id
    if not _PROJECT.fullmatch(project):
        raise SettingsError("A project id has 1 to 64 letters, digits, - and _. See: agent-brain status")
    return project
