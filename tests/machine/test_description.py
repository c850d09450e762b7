from __future__ import annotations

import json
import sys

from kcnn import __version__
from kcnn.machine.description import describe_machine
from kcnn.machine.start import uses_onednn


def test_machine() -> None:
    machine = describe_machine()
    assert machine["python"] == ".".join(map(str, sys.version_info[:3]))
    assert machine["kcnn"] in (__version__, None)
    for package in ("tensorflow", "keras", "numpy"):
        assert machine["packages"][package] == __import__(package).__version__
    assert machine["cores"] >= 1
    assert machine["processor"]
    assert machine["onednn"] is uses_onednn()
    assert machine["bfloat16"] in ("AMX", "AVX-512 BF16", "none")
    assert "CPU:0" in [device["name"] for device in machine["devices"]]
    assert json.loads(json.dumps(machine)) == machine
