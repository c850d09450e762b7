"""The pictures of a run, one module a picture."""

import logging

# Where no home folder can be written, Matplotlib keeps its cache in a temporary one, and warns at
# each import that the next import will be slow.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
