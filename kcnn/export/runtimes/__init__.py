"""Load and run each export format in its own runtime. No module here imports kcnn.

Each has `load(path)`, which returns a function from uint8 images, (count, height, width, channels),
to probabilities, float32 (count, classes); and `version()`. An artefact has a copy of its runtime's
module beside it, `runtime.py`.
"""
