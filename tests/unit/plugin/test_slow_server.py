"""A server that is slow is not asked the same a second time; one that has gone is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "plugin" / "scripts"
# The plugin's scripts are not a package: they run in a process of their own, as the client runs them.
CODE = """
import socket, sys, threading
sys.path.insert(0, sys.argv[1])
import connection
from pathlib import Path

listener = socket.create_server(("127.0.0.1", 0))
asked = []

def answer():
    while True:
        peer, _ = listener.accept()
        asked.append(peer.recv(65536))
        if sys.argv[2] == "gone":
            peer.close()

threading.Thread(target=answer, daemon=True).start()
server = connection.Server(f"http://127.0.0.1:{listener.getsockname()[1]}", "token")
connection.ANSWER_SECONDS = 0.5
connection.Server.ask.__defaults__ = (None, 0.5)
connection.connect = lambda root: server
try:
    connection.ask(Path("."), "POST", "/query", {})
except connection.PluginError as error:
    print(len(asked), error)
"""


@pytest.mark.parametrize(
    ("kind", "times", "said"), [("slow", 1, "did not answer within 0.5 s"), ("gone", 2, "does not answer")]
)
def test_a_question_is_sent_again_only_to_a_server_that_is_gone(kind: str, times: int, said: str) -> None:
    command = [sys.executable, "-I", "-c", CODE, str(SCRIPTS), kind]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    number, _, sentence = done.stdout.partition(" ")
    assert (done.stderr, int(number)) == ("", times)
    assert said in sentence
