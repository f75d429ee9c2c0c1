"""What is left out of every index by name: installed packages, other programs' state, binary files."""

from __future__ import annotations

import os

from agent_brain_contract.paths import STATE_DIRECTORY

# Never entered: other programs' state and installed packages, by names that sources do not have.
_NEVER_ENTERED = """
    .bzr .direnv .eggs .git .gradle .hg .hypothesis .ipynb_checkpoints .mypy_cache .next .nox .nuxt .parcel-cache
    .pnpm-store .pytest_cache .ruff_cache .svelte-kit .svn .terraform .tox .turbo .venv .yarn __pycache__
    bower_components node_modules venv
"""
NEVER_ENTERED = frozenset(_NEVER_ENTERED.split())
_STATE_SUFFIX = f"/{STATE_DIRECTORY}"
# A directory that holds one of these says by itself that it is a virtual environment or a cache.
MARKERS = frozenset({"CACHEDIR.TAG", "pyvenv.cfg"})
_BINARY_EXTENSIONS = """
    .7z .a .aab .aac .apk .ar .avi .avif .bin .blend .bmp .bz2 .cab .class .cur .db .db3 .deb .dll .dmg .doc
    .docx .dylib .ear .egg .eot .exe .fbx .flac .gif .glb .gz .h5 .hdf5 .heic .icns .ico .img .iso .jar .jpeg
    .jpg .lib .lz4 .lzma .m4a .m4v .mkv .mo .mov .mp3 .mp4 .mpeg .mpg .msi .npy .npz .o .obj .odp .ods .odt .ogg
    .onnx .opus .otf .parquet .pb .pdb .pickle .pkl .png .ppt .pptx .psd .pt .pth .pyc .pyd .pyo .rar .rlib
    .rmeta .rpm .safetensors .so .sqlite .sqlite3 .swf .tar .tgz .tif .tiff .ttf .wasm .wav .webm .webp .whl
    .wmv .woff .woff2 .xls .xlsx .xz .zip .zst
"""
BINARY_EXTENSIONS = frozenset(_BINARY_EXTENSIONS.split())
DOCUMENT_EXTENSIONS = frozenset({".ipynb", ".pdf"})


def is_never_entered(path: str, name: str) -> bool:
    """Return whether the directory at `path`, called `name`, is left out, even if an ignore file takes it in."""
    return name in NEVER_ENTERED or path[-len(_STATE_SUFFIX) :].lower() == _STATE_SUFFIX


def is_in_state(path: str) -> bool:
    """Return whether the directory at `path` is, or lies in, a project's state directory, in upper or lower case."""
    return f"{_STATE_SUFFIX}/" in f"{path.lower()}/"


def is_marked(directory: str) -> bool:
    """Return whether the directory holds one of `MARKERS`."""
    return any(os.path.lexists(f"{directory}/{marker}") for marker in MARKERS)


def extension(path: str) -> str:
    """Return the last extension in lower case with its dot, empty where there is none."""
    name = path[path.rfind("/") + 1 :]
    return name[name.rfind(".") :].lower() if "." in name else ""
