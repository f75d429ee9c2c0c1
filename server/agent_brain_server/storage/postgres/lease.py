"""The right to write a project, as a row that names its holder.

A holder is known by its machine, its process and a number of its own, so that a process started after another was
killed need not wait until that one's lease ends. Taken from one that lives after all, its writes are refused, not mixed
in.
"""

from __future__ import annotations

import os
import secrets
from functools import cache
from hashlib import blake2b
from pathlib import Path
from platform import node

from psutil import pid_exists

from agent_brain_server.storage.postgres.session import Session


def new_writer() -> str:
    """Return a new name under which this process holds the lease."""
    return f"{_machine()}:{os.getpid()}:{secrets.token_hex(8)}"


def acquire(session: Session, writer: str, seconds: float) -> bool:
    """Hold the lease as `writer` from now; False while another living process has it."""
    if session.run("acquire_writing", writer=writer, seconds=seconds).rowcount:
        return True
    holder = session.first("find_writer")
    if holder is None or not _is_dead(holder[0]):
        return False
    return bool(session.run("take_writing", writer=writer, seconds=seconds, dead=holder[0]).rowcount)


def renew(session: Session, writer: str, seconds: float) -> bool:
    """Prolong the lease; return False if `writer` does not hold it any more."""
    return bool(session.run("renew_writing", writer=writer, seconds=seconds).rowcount)


def release(session: Session, writer: str) -> None:
    """Release the lease, if `writer` holds it."""
    session.run("release_writing", writer=writer)


def _is_dead(writer: str) -> bool:
    """Return whether the holder was a process of this machine that is no more."""
    machine, _, rest = writer.partition(":")
    process = rest.partition(":")[0]
    return machine == _machine() and process.isdecimal() and not pid_exists(int(process))


@cache
def _machine() -> str:
    """Return where a process id means this process: since this start of the machine, in this container."""
    found = [node()]
    for path, read in (("/proc/sys/kernel/random/boot_id", Path.read_text), ("/proc/self/ns/pid", Path.readlink)):
        try:
            found.append(str(read(Path(path))))
        except OSError:  # not Linux: the name has to do
            continue
    return blake2b("\n".join(found).encode(), digest_size=8).hexdigest()
