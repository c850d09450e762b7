"""The pictures of a run, one module a picture."""

import logging

from kcnn.errors import KcnnError

# If Matplotlib cannot write to a home folder, it keeps its cache in a temporary one, and warns at
# every import that the next one will be slow.
logging.getLogger("matplotlib").addFilter(
    lambda record: "temporary cache directory" not in record.getMessage()
)

try:
    import matplotlib  # noqa: F401
except ValueError as error:  # among them UnicodeDecodeError
    raise KcnnError(
        f"Matplotlib cannot read its settings: {error}",
        "fix or remove the file matplotlibrc, in the current folder, where MATPLOTLIBRC says, or "
        "in ~/.config/matplotlib",
    ) from None
