"""The process around the server."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from agent_brain_server.errors import AgentBrainError
from agent_brain_server.process.serve import _listening, _sole_server, main
from agent_brain_server.settings.consent import load_settings
from support.brain import configure


def test_answers_are_not_held_back_by_the_socket(tmp_path: Path) -> None:
    configure(tmp_path)
    with _listening(load_settings(tmp_path)) as listener:
        # What asyncio asks before it sets TCP_NODELAY.
        assert listener.proto == socket.IPPROTO_TCP


def test_what_goes_wrong_while_serving_is_not_taken_for_the_lock(tmp_path: Path) -> None:
    configure(tmp_path)
    with pytest.raises(FileNotFoundError), _sole_server(load_settings(tmp_path)):
        raise FileNotFoundError("a table")


def test_a_second_server_is_refused(tmp_path: Path) -> None:
    configure(tmp_path)
    settings = load_settings(tmp_path)
    with _sole_server(settings), pytest.raises(AgentBrainError, match="Another server"), _sole_server(settings):
        pass


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--once"], "--once is for --worker"),
        (["--worker", "--port", "auto"], "--port and --reindex are for a server"),
        (["--worker", "--reindex"], "--port and --reindex are for a server"),
    ],
)
def test_flags_of_the_other_kind_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], sentence: str
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--project", str(tmp_path), *flags])
    assert end.value.code == 2
    assert sentence in capsys.readouterr().err
