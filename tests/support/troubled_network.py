"""A TCP proxy that cuts, delays and garbles what goes through it, at random but the same for the same seed.

Without TLS nothing in PostgreSQL's protocol guards what is in a message, and the driver passes over one of a type that
it does not know: a bit that is flipped there would be stored or shown by any client. So only the lengths of messages
are garbled there, to what none can be. With TLS every byte is guarded, and any may be garbled: see `TlsEnd`.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import threading
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from subprocess import run
from typing import Any, Literal, Self

Trouble = Literal["cut", "delay", "length", "byte", "half"]
MOST_DELAY_SECONDS = 2.0
TLS_REQUEST = bytes([0, 0, 0, 8, 4, 210, 22, 47])


class Relay:
    """Passes connections on to a port of this machine, in a thread of its own."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self._target = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        ends = [writer]
        try:
            await self._greet(reader, writer)
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            ends.append(far_writer)
            await first_of(self._pump(reader, far_writer), self._pump(far_reader, writer))
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            for end in ends:
                end.transport.abort()
            self._tasks.discard(task)

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Before anything is passed on."""

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One way, until an end is closed."""
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except OSError:
            return


async def first_of(*ways: Coroutine[Any, Any, None]) -> None:
    """Until one ends; the others are ended."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class TlsEnd(Relay):
    """What a PostgreSQL without OpenSSL lacks: it takes TLS from clients and speaks in the clear to the server."""

    def __init__(self, port: int, folder: Path) -> None:
        super().__init__(port)
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        subject = ["-subj", "/CN=localhost", "-days", "2", "-nodes", "-newkey", "rsa:2048"]
        run(["openssl", "req", "-x509", *subject, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate, key)

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(len(TLS_REQUEST)) != TLS_REQUEST:
            raise EOFError
        writer.write(b"S")
        await writer.start_tls(self._context)


class TroubledProxy(Relay):
    """`trouble` is how often a piece of data meets some, 0 at first."""

    def __init__(self, port: int, seed: int, *, guarded: bool) -> None:
        super().__init__(port)
        self.trouble = 0.0
        self.done: Counter[Trouble] = Counter()
        self._random = random.Random(seed)
        self._kinds: tuple[Trouble, ...] = ("cut", "half", "delay", "byte" if guarded else "length")

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One way, until an end is closed."""
        frames = Frames()
        try:
            while data := await reader.read(65_536):
                piece = bytearray(data)
                starts = frames.starts(data)
                if self._random.random() < self.trouble and not await self._make_trouble(piece, starts):
                    writer.write(piece[: self._random.randrange(len(piece))] if len(piece) > 1 else b"")
                    await writer.drain()
                    return
                writer.write(piece)
                await writer.drain()
        except OSError:
            return

    async def _make_trouble(self, piece: bytearray, starts: list[int]) -> bool:
        """Whether the connection is kept."""
        kind = self._random.choice(self._kinds)
        if kind == "length" and not starts:
            kind = "cut"
        self.done[kind] += 1
        if kind == "delay":
            await asyncio.sleep(self._random.uniform(0, MOST_DELAY_SECONDS))
        elif kind == "byte":
            piece[self._random.randrange(len(piece))] ^= self._random.randrange(1, 256)
        elif kind == "length":
            place = self._random.choice(starts) + 1
            piece[place : place + 4] = self._random.choice(
                (b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff")
            )
        elif kind == "cut":
            piece.clear()
            return False
        return kind != "half"


class Frames:
    """Where messages begin in a stream of the protocol's: a type and a length, but for the first of a client's."""

    def __init__(self) -> None:
        self._skip = 0  # what is left of the message that goes on
        self._head = b""

    def starts(self, data: bytes) -> list[int]:
        """The places in this piece where a message begins whose whole head is in it."""
        found, at = [], self._skip
        if self._head:  # a head that lies in two pieces is not touched, but counted
            whole = self._head + data[: 5 - len(self._head)]
            if len(whole) < 5:
                self._head = whole
                return []
            at = _length(whole) + 1 - len(self._head)
            self._head = b""
        while at + 5 <= len(data):
            length = _length(data[at : at + 5])
            if data[at] != 0:
                found.append(at)
                at += length + 1
            else:  # a client's first message has no type
                at += int.from_bytes(data[at : at + 4], "big")
        self._skip = max(0, at - len(data))
        self._head = data[at:] if at < len(data) else b""
        return found


def _length(head: bytes) -> int:
    return max(4, int.from_bytes(head[1:5], "big"))
