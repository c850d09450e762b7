from __future__ import annotations

import json

from kcnn.commands.padding import solve_for_padding
from kcnn.console.padding import padding_text


def test_padding(net: str) -> None:
    solutions = solve_for_padding(net)
    assert padding_text(solutions) == (
        "conv2d: 8 high and wide, kernel 3, stride 1: padding 1\n"
        "  P = (3 − 1)/2 = 1\n"
        "  (8 − 3 + 2·1)/1 + 1 = 8"
    )
    (solution,) = json.loads(json.dumps(solutions.as_json()))
    assert (solution["layer"], solution["size"], solution["padding"]) == ("conv2d", 8, 1)
    none = solve_for_padding(net, ["model.layers=[Flatten, {Dense: {units: 10}}]"])
    assert padding_text(none) == "net.yaml: no convolution in it"
