"""Download the pinned packages with each registry's own client and check their hashes.

PyPI: wheels by `pip download`; npm: `npm pack`; Debian: upstream source archives by `apt-get source`
(which needs a `deb-src` line in the machine's or `APT_CONFIG`'s source list).
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from training.packages import PURPOSES, Package, archives, folder, read_packages


def fetch(package: Package, work: Path) -> None:
    """Fetch one package unless it is there already; raises ValueError if its hash is not the pinned one."""
    target = folder(package, work)
    target.mkdir(parents=True, exist_ok=True)
    if not archives(package, work):
        subprocess.run(_command(package, target), cwd=target, check=True, capture_output=True, timeout=600)
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in archives(package, work)}
    if package.sha256 not in digests:
        raise ValueError(f"{package.registry} {package.name} {package.version}: unexpected archive {digests}")


def _command(package: Package, target: Path) -> list[str]:
    name, version = package.name, package.version
    if package.registry == "pypi":
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
        return [*pip, "--dest", str(target), f"{name}=={version}"]
    if package.registry == "npm":
        return ["npm", "pack", "--silent", "--pack-destination", str(target), f"{name}@{version}"]
    return ["apt-get", "source", "-qq", "--download-only", "--only-source", f"{name}={version}"]


def main(work: Path) -> None:
    """Fetch every package into `work`/archives."""
    packages = [package for purpose in PURPOSES for package in read_packages(purpose)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda package: fetch(package, work), packages))
    print(f"{len(packages)} packages at hand", file=sys.stderr)
