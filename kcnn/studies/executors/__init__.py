"""Executors: what runs the trials of a study."""
