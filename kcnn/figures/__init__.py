"""Figures of runs, a module for each figure. `all_figures.py` lists those of `kcnn plot`."""

import logging

from kcnn.errors import KcnnError

# If Matplotlib cannot write to the home folder, it keeps its cache in a temporary folder and warns
# at every import that the next import will be slow.
logging.getLogger("matplotlib").addFilter(
    lambda record: "temporary cache directory" not in record.getMessage()
)

try:
    import matplotlib  # noqa: F401
except ValueError as error:  # UnicodeDecodeError is one of them
    raise KcnnError(
        f"Matplotlib cannot read its settings: {error}",
        "fix or remove the file matplotlibrc in the current folder, in the folder MATPLOTLIBRC, or "
        "in ~/.config/matplotlib",
    ) from None
