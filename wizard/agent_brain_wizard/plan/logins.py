"""Who logs in to the database of setup's container: the server as the project's role, `agent-brain db` as superuser.

An earlier setup let the server log in as the superuser, whose one password was POSTGRES_PASSWORD. Where such a
configuration was edited by hand it stays as it is, and both variables hold that password.
"""

from __future__ import annotations

from agent_brain_contract.container import DATABASE, SERVER_VARIABLE, SUPERUSER, SUPERUSER_VARIABLE, project_role
from agent_brain_wizard.facts.probe import COMPOSE, CONFIG, Facts


def wanted_login(facts: Facts, project_id: str) -> str:
    """Return the user that setup writes into config.yaml: the project's role."""
    kept = facts.was_edited(COMPOSE) and has_one_password(facts)
    return SUPERUSER if kept else project_role(DATABASE, project_id)


def present_login(facts: Facts) -> str:
    """Return the user that config.yaml names for the container's database."""
    database = facts.config_storage.get("postgres")
    return str(database.get("user", SUPERUSER)) if isinstance(database, dict) else SUPERUSER


def has_one_password(facts: Facts) -> bool:
    """Return whether the Compose file that is there knows no password of the superuser's own."""
    found = facts.files.get(COMPOSE)
    return found is not None and SUPERUSER_VARIABLE.encode() not in found.content


def choose_passwords(facts: Facts, new: tuple[str, str], has_role: bool) -> dict[str, str]:
    """Return the passwords of the server's login and of the superuser by their variables.

    What is there stays, else it is one of the two that are `new`. With `has_role` the two differ.
    """
    server, superuser = (facts.variables.get(name, "") for name in (SERVER_VARIABLE, SUPERUSER_VARIABLE))
    if not superuser:
        superuser = server if server and has_one_password(facts) else new[1]
    if not has_role:
        server = server or superuser
    elif server in ("", superuser):
        server = new[0]
    return {SERVER_VARIABLE: server, SUPERUSER_VARIABLE: superuser}


def upgrade_steps(facts: Facts, project_id: str) -> str:
    """Return what gives the server a login of its own; empty where it has one."""
    role = project_role(DATABASE, project_id)
    if present_login(facts) != SUPERUSER:
        return ""
    edits = []
    if facts.was_edited(COMPOSE) and has_one_password(facts):
        edits.append(f"write ${{{SUPERUSER_VARIABLE}}} as the value of POSTGRES_PASSWORD in {COMPOSE}")
    if facts.was_edited(CONFIG):
        edits.append(f"set storage.postgres.user to {role} in {CONFIG}")
    return ", then ".join([*edits, "agent-brain setup --yes"])
