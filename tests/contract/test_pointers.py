"""What Git LFS and git-annex check out in the place of a large file that is not there is no passage."""

from __future__ import annotations

from support.brain import Brain, write_files

OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
FILES = {
    "model.onnx.txt": f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n",
    "data.csv": f"version https://git-lfs.github.com/spec/v1\next-0-foo sha256:{OID}\noid sha256:{OID}\nsize 1\n",
    "windows.csv": f"version https://git-lfs.github.com/spec/v1\r\noid sha256:{OID}\r\nsize 12345\r\n",
    "unended.csv": f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345",
    "annexed.md": f"/annex/objects/SHA256E-s3--{OID}.md\n",
    "notes.txt": f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 1\n\nWhat git lfs writes.\n",
    "long.txt": f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 1\n" + "oid of git lfs\n" * 99,
    "lfs.md": f"# Git LFS\n\nA pointer looks so: version https://git-lfs.github.com/spec/v1 and oid sha256:{OID}.\n",
}
TEXTS = {"lfs.md", "notes.txt", "long.txt"}


async def test_pointers_are_left_out_and_listed(brain: Brain) -> None:
    write_files(brain.root, FILES)
    await brain.index()
    found = await brain.search("git lfs oid sha256 version size annex objects")
    assert {passage["path"] for passage in found} == TEXTS
    report = await brain.call("GET", "/index/report")
    left = {entry["path"]: entry["detail"] for entry in report["entries"] if entry["reason"] == "binary"}
    assert left == dict.fromkeys(FILES.keys() - TEXTS, "a Git LFS or git-annex pointer: its content is not checked out")
