"""`python -m agent_brain_server try`: whether a database and an endpoint answer, before they are written anywhere.

A JSON object on standard input names them, since both may hold a secret; the answer is one on standard output.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from agent_brain_server.errors import AgentBrainError

ENDPOINT_SECONDS = 10.0


def main() -> int:
    """Print the sentences on what does not answer, by `storage` and `embedding`, each empty where all is well.

    `storage_url` and `storage_password` are PostgreSQL's; `base_url`, `model` and `api_key` are the endpoint's, which
    is asked for one embedding. What is not named, or empty, is not tried.
    """
    given = json.load(sys.stdin)
    print(json.dumps(asyncio.run(_try(given))))
    return 0


async def _try(given: dict[str, Any]) -> dict[str, str]:
    storage, embedding = await asyncio.gather(_try_database(given), _try_endpoint(given))
    return {"storage": storage, "embedding": embedding}


async def _try_database(given: dict[str, Any]) -> str:
    if not given.get("storage_url"):
        return ""
    from agent_brain_server.settings.postgres import PostgresConfig
    from agent_brain_server.storage.postgres.driver import connect
    from agent_brain_server.storage.postgres.failures import translated

    try:
        config = PostgresConfig.from_url(given["storage_url"])
        if not config.password.get_secret_value() and given.get("storage_password"):
            config = config.with_password(given["storage_password"])
        with translated(config):
            connection = await asyncio.to_thread(connect, config)
            connection.close()
    except AgentBrainError as error:
        return str(error)
    return ""


async def _try_endpoint(given: dict[str, Any]) -> str:
    if not given.get("base_url"):
        return ""
    from agent_brain_server.embedding.openai_compatible import EndpointConfig, OpenAICompatibleEmbedder

    try:
        embedder = await OpenAICompatibleEmbedder.create(
            EndpointConfig(
                base_url=given["base_url"],
                model=given.get("model", ""),
                api_key=given.get("api_key", ""),
                timeout_seconds=ENDPOINT_SECONDS,
                retries=0,
            )
        )
        await embedder.aclose()
    except AgentBrainError as error:
        return str(error)
    return ""
