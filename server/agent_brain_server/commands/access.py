"""`python -m agent_brain_server storage prepare|grant|provision`: what the owner of the tables does for projects."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from agent_brain_contract.container import SUPERUSER, SUPERUSER_VARIABLE, project_role
from agent_brain_server.errors import SettingsError
from agent_brain_server.settings.model import Settings, find_sources
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.settings.sources import ProjectFiles, database_variable, source_of
from agent_brain_server.storage.factory import grant_project, prepare_tables, require_postgres, revoke_project

OWNER_VARIABLE = "AGENT_BRAIN_OWNER_URL"
HOST = "127.0.0.1"
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
    heading = f"The role of {named} has no rights any more." if revoked else f"{named} has no role."
    return heading, {"project_id": named, "revoked": revoked}


def provision(settings: Settings) -> Answer:
    """Prepare the database in setup's container as its superuser, and the role that the settings log in as.

    Nothing is done where they use another database, or log in as somebody else.
    """
    login = settings.storage.postgres
    password = ProjectFiles(settings.project_root).variables().get(SUPERUSER_VARIABLE)
    if login is None or not password or not _is_container(settings, login):
        return "The settings do not log in to setup's container as the project's role.", {"provisioned": False}
    superuser = login.model_copy(update={"user": SUPERUSER}).with_password(password).url()
    require_postgres(superuser)
    secret = login.password.get_secret_value()
    asyncio.run(grant_project(superuser, settings.project_id, secret, postgres=login))
    return "The database is ready for the server.", {"provisioned": True}


def _is_container(settings: Settings, login: PostgresConfig) -> bool:
    """Return whether `login` is the project's role in a database that is named by its parts alone, as setup does."""
    files = ProjectFiles(settings.project_root)
    by_url = source_of(find_sources(files), "storage.url") or database_variable("DATABASE_URL", files)[1]
    role = project_role(login.database, settings.project_id)
    return not by_url and login.host == HOST and login.user == role


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
