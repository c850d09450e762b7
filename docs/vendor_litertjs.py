"""Write the copy of LiteRT.js that `kcnn export --format web` puts beside a model.

    python docs/vendor_litertjs.py 2.5.3

Download two packages from npm (`npm pack`, which checks npm's own checksums), take the files that
a page needs, and write `kcnn/export/litertjs.zip` and its list, `kcnn/export/litertjs.json`. Of the
four builds of the WebAssembly, only the one for all browsers is taken. The others need relaxed
SIMD, JSPI or threads: LiteRT.js would choose among them at run time, and browsers would compute
with other roundings.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
EXPORT = REPOSITORY / "kcnn" / "export"
CORE, UTILS = "@litertjs/core", "@litertjs/wasm-utils"
# The files to take: the name in the archive, the package and the path in it.
FILES = (
    ("litert.js", CORE, "dist/index.js"),
    ("wasm-utils.js", UTILS, "dist/index.js"),
    ("litert_wasm_compat_internal.js", CORE, "wasm/litert_wasm_compat_internal.js"),
    ("litert_wasm_compat_internal.wasm", CORE, "wasm/litert_wasm_compat_internal.wasm"),
)
# What is changed in a file: why, the text, and its replacement. Each text must be there once.
CHANGES = {
    "litert.js": (
        (
            "import the other package by its file, since a page has no node_modules",
            'from "@litertjs/wasm-utils"',
            'from "./wasm-utils.js"',
        ),
        (
            "do not start the graphics card, since the model runs on the processor",
            "await Environment.create()",
            "await Environment.create({ webGpuDevice: null })",
        ),
        ("no source map is included", "//# sourceMappingURL=index.js.map", ""),
    ),
    "wasm-utils.js": (("no source map is included", "//# sourceMappingURL=index.js.map", ""),),
}
# The packages name their license, but hold no copy of it; kcnn's own is the same.
LICENSE = REPOSITORY / "LICENSE"
NOTICE = """\
LiteRT.js {version}
Copyright Google LLC. Licensed under the Apache License, Version 2.0; see LICENSE.
https://github.com/google-ai-edge/LiteRT (litert/js/packages)

From the npm packages {core} and {utils}, version {version}. Which file comes from
where, its checksum and what kcnn changed in it: manifest.json. The WebAssembly holds LiteRT and the
libraries that it is built from, among them XNNPACK, FlatBuffers, Abseil and Emscripten's.
"""


def vendor(version: str) -> None:
    """Write the archive and its list.

    Args:
        version: Of both packages.
    """
    with tempfile.TemporaryDirectory() as folder:
        packages = [_download(name, version, Path(folder)) for name in (CORE, UTILS)]
        contents: dict[str, bytes] = {}
        files = []
        for name, package, path in FILES:
            original = Path(folder, package, "package", path).read_bytes()
            contents[name] = _changed(name, original)
            entry: dict[str, Any] = {
                "file": name,
                "sha256": _sha256(contents[name]),
                "package": package,
                "path": path,
            }
            if name in CHANGES:
                entry["original_sha256"] = _sha256(original)
                entry["changes"] = [why for why, _, _ in CHANGES[name]]
            files.append(entry)
    contents["LICENSE"] = LICENSE.read_bytes()
    contents["NOTICE"] = NOTICE.format(version=version, core=CORE, utils=UTILS).encode()
    files += [{"file": name, "sha256": _sha256(contents[name])} for name in ("LICENSE", "NOTICE")]
    manifest = {
        "name": "LiteRT.js",
        "version": version,
        "license": "Apache-2.0",
        "packages": packages,
        "written_by": "docs/vendor_litertjs.py",
        "files": files,
    }
    listed = json.dumps(manifest, indent=2) + "\n"
    (EXPORT / "litertjs.json").write_text(listed, encoding="utf-8", newline="\n")
    with zipfile.ZipFile(EXPORT / "litertjs.zip", "w") as archive:
        for name, content in contents.items():
            # The same time for all files, so that the same files give the same archive.
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED, 9)


def _download(name: str, version: str, folder: Path) -> dict[str, str]:
    """Unpack a package into `folder/name`; return what npm says of it."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is needed: https://nodejs.org")
    command = [npm, "pack", "--json", "--pack-destination", str(folder), f"{name}@{version}"]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)[0]
    with tarfile.open(folder / found["filename"]) as archive:
        archive.extractall(folder / name, filter="data")
    return {"name": name, "version": found["version"], "integrity": found["integrity"]}


def _changed(name: str, content: bytes) -> bytes:
    """Return a file with its changes, and with a first line that names them."""
    if name not in CHANGES:
        return content
    text = content.decode()
    for why, old, new in CHANGES[name]:
        if text.count(old) != 1:
            raise SystemExit(f"{name}: {old!r} is there {text.count(old)} times; needed to: {why}")
        text = text.replace(old, new)
    return f"// Changed by kcnn: {'; '.join(why for why, _, _ in CHANGES[name])}.\n{text}".encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python docs/vendor_litertjs.py VERSION")
    vendor(sys.argv[1])
