"""An answer that is lost on the way, while its connection lives: also work without a bound on its time ends."""

from __future__ import annotations

import asyncio

import pytest

from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres import alone as alone_module
from agent_brain_server.storage.postgres.alone import single_session
from agent_brain_server.storage.postgres.failures import is_lost
from agent_brain_server.storage.postgres.session import Statements
from agent_brain_server.storage.queries import load_queries
from support.troubled_network import Relay

STATEMENTS = Statements(load_queries("agent_brain_server.storage.postgres"))


class Swallowing(Relay):
    """Passes nothing on any more of the first `muted` connections."""

    muted = 0
    count = 0

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count += 1

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = self.count
        while data := await reader.read(65_536):
            if number > self.muted:
                writer.write(data)


async def test_a_statement_that_has_ended_is_not_waited_for(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone_module, "WATCH_SECONDS", 0.2)
    config = PostgresConfig.from_url(postgres_url)
    with Swallowing(config.port) as proxy:
        through = config.model_copy(update={"port": proxy.port, "ssl_mode": "disable"})

        async def ask() -> None:
            async with asyncio.timeout(60), single_session(through, STATEMENTS, "p") as alone:
                assert await alone.run(lambda session: session.one("find_server_version"))
                proxy.muted = proxy.count
                await alone.run(lambda session: session.one("find_server_version"))

        with pytest.raises(Exception) as caught:  # noqa: PT011  what it is called is the driver's
            await ask()
        assert is_lost(caught.value)
        assert not isinstance(caught.value, TimeoutError)


async def test_a_statement_that_takes_its_time_is_left_alone(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone_module, "WATCH_SECONDS", 0.05)
    async with single_session(PostgresConfig.from_url(postgres_url), STATEMENTS, "p") as alone:
        await alone.run(lambda session: session.execute("SELECT pg_sleep(2)"))
        assert await alone.run(lambda session: session.one("find_server_version"))
