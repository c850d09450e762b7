"""The pictures of a run, one module a picture."""
