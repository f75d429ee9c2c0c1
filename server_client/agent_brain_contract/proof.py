"""How a server shows that it has the project's token before a client sends it.

`server.json` may be anybody's, and so may a program on a port that our server has left. The client sends a random
challenge; only who has the token can answer it. The port is part of the answer, so that no other program can pass the
challenge on to the server and its answer back.
"""

from __future__ import annotations

import os
from hashlib import blake2b

CHALLENGE_BYTES = 16
CHALLENGE_FORM = r"[0-9a-f]{32}"


def new_challenge() -> str:
    """Return 32 random hexadecimal digits."""
    return os.urandom(CHALLENGE_BYTES).hex()


def prove(token: str, challenge: str, port: int) -> str:
    """Return the answer of the server with `token` that listens on `port`: keyed BLAKE2b, in 64 hexadecimal digits."""
    key = blake2b(token.encode("utf-8", "surrogatepass"), person=b"agent-brain").digest()
    return blake2b(f"{challenge} {port}".encode(), key=key, digest_size=32, person=b"agent-brain").hexdigest()
