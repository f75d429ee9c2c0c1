"""Opens connections to a server and says nothing on them, as a process of its own: PORT COUNT UID [again].

Prints `open` once COUNT are made. With `again`, each one that the server closes is made again, to the end.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from contextlib import suppress


def connected(port: int) -> socket.socket:
    made = socket.socket()
    made.settimeout(10)
    with suppress(OSError):
        made.connect(("127.0.0.1", port))
    made.setblocking(False)
    return made


def keep_up(port: int, held: dict[int, socket.socket]) -> None:
    poll = select.poll()
    for number in held:
        poll.register(number, select.POLLIN | select.POLLHUP)
    while True:
        for number, _ in poll.poll(1000):
            poll.unregister(number)
            held.pop(number).close()
            made = connected(port)
            held[made.fileno()] = made
            poll.register(made.fileno(), select.POLLIN | select.POLLHUP)


def main() -> None:
    port, count, user = map(int, sys.argv[1:4])
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if os.getuid() == 0:
        os.setuid(user)
    made = [connected(port) for _ in range(count)]
    print("open", flush=True)
    if sys.argv[4:] == ["again"]:
        keep_up(port, {one.fileno(): one for one in made})
    time.sleep(600)


if __name__ == "__main__":
    main()
