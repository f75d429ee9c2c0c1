"""Draws docs/setup.svg, a terminal in which `agent-brain setup` really runs: `python docs/make_picture.py`.

It sets up a copy of this repository's own packages in a temporary home, and takes everything away again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pexpect
import pyte

ROOT = Path(__file__).parents[1]
PICTURE = Path(__file__).with_name("setup.svg")
COMMAND = Path(sys.executable).with_name("agent-brain")
SAMPLE = ("server", "server_client", "wizard")
# What is waited for, and the keys that answer it.
STEPS = (
    ("Where should the index live?", "\r"),
    ("Embeddings?", "\r"),
    ("Keep the index fresh by?", "\r"),
    ("Anything else?", "\r"),
    ("Go ahead?", "\r"),
    ("Ask it something:", "how are changed files found\r"),
)
LAST_WORDS = "undo: agent-brain"
COLUMNS, ROWS = 116, 42
CELL, LINE, MARGIN = 8.4, 18, 14
QUIET_SECONDS, PATIENCE_SECONDS = 0.5, 60.0
FRAME_SECONDS, LAST_SECONDS = 1.6, 6.0
COLOURS = {"default": "#d5dbe8", "cyan": "#5cc8e0", "green": "#7bd88f", "red": "#f28b82", "blue": "#8ab4f8"}
DIM = "#8b94a7"

Cell = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class Frame:
    """What the terminal shows at one moment: rows of cells, each with its text, colour and weight."""

    rows: tuple[tuple[Cell, ...], ...]


def main() -> None:
    """Run, watch, draw."""
    with tempfile.TemporaryDirectory() as home:
        project = Path(home) / "code" / "agent-brain"
        for name in SAMPLE:
            shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(["git", "init", "--quiet", project], check=True)
        frames = watch(
            project, {**os.environ, "HOME": home, "XDG_STATE_HOME": f"{home}/state", "TERM": "xterm-256color"}
        )
    PICTURE.write_text(drawn(frames), "utf-8")


def watch(project: Path, environment: dict[str, str]) -> list[Frame]:
    """Go through setup; a frame for each step."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.Stream(screen)
    stream.feed("$ agent-brain setup\r\n")
    child = pexpect.spawn(
        str(COMMAND), ["setup"], cwd=str(project), env=environment, dimensions=(ROWS, COLUMNS), encoding="utf-8"
    )
    frames = []
    try:
        for text, keys in STEPS:
            wait_for(child, stream, screen, text)
            frames.append(seen(screen))
            child.send(keys)
        wait_for(child, stream, screen, LAST_WORDS)
        frames.append(seen(screen))
    finally:
        child.close(force=True)
        subprocess.run([COMMAND, "--project", project, "stop"], env=environment, capture_output=True, check=False)
    return frames


def wait_for(child: pexpect.spawn[str], stream: pyte.Stream, screen: pyte.Screen, text: str) -> None:
    """Show what is printed until `text` is there and nothing more comes for a moment."""
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < QUIET_SECONDS or text not in "\n".join(screen.display):
        if time.monotonic() - quiet_since > PATIENCE_SECONDS:
            raise TimeoutError(f"{text} is never printed")
        try:
            stream.feed(child.read_nonblocking(65_536, timeout=0.1))
            quiet_since = time.monotonic()
        except pexpect.TIMEOUT:
            continue
        except pexpect.EOF:
            return


def seen(screen: pyte.Screen) -> Frame:
    """Return the screen as it is."""
    rows = [[screen.buffer[y][x] for x in range(COLUMNS)] for y in range(ROWS)]
    return Frame(tuple(tuple((cell.data, cell.fg, cell.bold) for cell in row) for row in rows))


def drawn(frames: list[Frame]) -> str:
    """Return the frames as one picture that goes through them; where nothing moves, the last one is seen."""
    height = max(1 + max(y for y, row in enumerate(frame.rows) if text_of(row)) for frame in frames)
    wide, high = round(COLUMNS * CELL + 2 * MARGIN), height * LINE + 2 * MARGIN
    seconds = FRAME_SECONDS * (len(frames) - 1) + LAST_SECONDS
    styles, groups = [], []
    for number, frame in enumerate(frames):
        last = number == len(frames) - 1
        start = 100 * number * FRAME_SECONDS / seconds
        end = 100 if last else 100 * (number + 1) * FRAME_SECONDS / seconds
        steps = [(0, not number), (start, True), (end, last), (100, last)]
        moves = "".join(f"{at:.2f}%{{opacity:{int(shown)}}}" for at, shown in steps)
        shows = f"opacity:{int(last)};animation:f{number} {seconds}s step-end infinite"
        styles.append(f"@keyframes f{number}{{{moves}}}#f{number}{{{shows}}}")
        groups.append(f'<g id="f{number}">{"".join(line(y, row) for y, row in enumerate(frame.rows))}</g>')
    font = "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}">\n'
        f"<title>agent-brain setup</title>\n<style>{font}{''.join(styles)}</style>\n"
        f'<rect width="100%" height="100%" rx="8" fill="#161b26"/>\n' + "\n".join(groups) + "\n</svg>\n"
    )


def line(y: int, row: tuple[Cell, ...]) -> str:
    """Return one row of text: cells of one style are one element, each at its own column."""
    parts: list[str] = []
    x = 0
    while x < COLUMNS:
        end = x
        while end < COLUMNS and row[end][1:] == row[x][1:]:
            end += 1
        text = "".join(cell[0] for cell in row[x:end]).rstrip()
        if text:
            colour = COLOURS.get(row[x][1], DIM)
            weight = ' font-weight="bold"' if row[x][2] else ""
            place = f'x="{MARGIN + x * CELL:.1f}" y="{MARGIN + (y + 0.75) * LINE:.1f}"'
            width = f'textLength="{len(text) * CELL:.1f}" lengthAdjust="spacingAndGlyphs"'
            parts.append(f'<text {place} {width} fill="{colour}"{weight} xml:space="preserve">{escape(text)}</text>')
        x = end
    return "".join(parts)


def text_of(row: tuple[Cell, ...]) -> str:
    """Return the row's text."""
    return "".join(cell[0] for cell in row).strip()


if __name__ == "__main__":
    main()
