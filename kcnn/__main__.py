"""Lets `python -m kcnn` do what `kcnn` does."""

from kcnn.cli import main

main()
