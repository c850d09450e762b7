"""The pictures of a run, one module a picture."""

import logging

# If Matplotlib cannot write to a home folder, it keeps its cache in a temporary one, and warns at
# every import that the next one will be slow.
logging.getLogger("matplotlib").addFilter(
    lambda record: "temporary cache directory" not in record.getMessage()
)
