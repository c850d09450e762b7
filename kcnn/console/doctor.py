"""The text of kcnn doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.console.tables import table

if TYPE_CHECKING:
    from kcnn.commands.doctor import Machine

_BFLOAT16 = {
    "AMX": "fast (AMX): train.precision=auto uses it, but not for tiny models",
    "AVX-512 BF16": "fast (AVX-512 BF16): train.precision=auto uses it, but not for tiny models",
    "none": "slow on this processor: train.precision=auto stays with float32",
}
_ONEDNN = {True: "on", False: "off", None: "TensorFlow's choice"}


def machine_text(machine: Machine) -> str:
    """Return a row per thing that was found."""
    found = machine.description
    devices = [
        " ".join(str(value) for value in device.values() if value) for device in found["devices"]
    ]
    rows = [
        ("kcnn", found["kcnn"]),
        ("python", found["python"]),
        *found["packages"].items(),
        ("processor", f"{found['processor']}, {found['cores']} cores"),
        ("devices", ", ".join(devices)),
        ("oneDNN", _ONEDNN[found["onednn"]]),
        ("bfloat16", _BFLOAT16[found["bfloat16"]]),
    ]
    if machine.differing_files is not None:
        rows.append(("repeatable", _repeatability(machine.differing_files)))
    can_be_written = f"{machine.output_dir}: can be written"
    rows.append(("output folder", machine.output_dir_problem or can_be_written))
    rows += [(f"data {name}", path or "not here") for name, path in machine.data.items()]
    return table(("what", "found"), rows)


def _repeatability(differing_files: list[str]) -> str:
    if differing_files:
        return f"NO: {', '.join(differing_files)} differ"
    return "yes: two fits of digits left the same files, except for recorded times"
