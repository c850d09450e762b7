"""The copy of LiteRT.js is what its list says, and holds nothing else."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

EXPORT = Path(__file__).resolve().parents[2] / "kcnn" / "export"


def test_files_are_those_of_the_list() -> None:
    manifest = json.loads((EXPORT / "litertjs.json").read_text(encoding="utf-8"))
    with zipfile.ZipFile(EXPORT / "litertjs.zip") as archive:
        found = {
            name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()
        }
    assert found == {entry["file"]: entry["sha256"] for entry in manifest["files"]}
    assert {"LICENSE", "NOTICE"} <= found.keys()
    assert manifest["license"] == "Apache-2.0"


def test_says_what_was_changed() -> None:
    manifest = json.loads((EXPORT / "litertjs.json").read_text(encoding="utf-8"))
    with zipfile.ZipFile(EXPORT / "litertjs.zip") as archive:
        for entry in manifest["files"]:
            first_line = archive.read(entry["file"]).split(b"\n", 1)[0]
            assert first_line.startswith(b"// Changed by kcnn:") == ("changes" in entry)
            if "changes" in entry:
                assert entry["original_sha256"] != entry["sha256"]
        notice = archive.read("NOTICE").decode()
    assert manifest["version"] in notice
