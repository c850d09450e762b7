"""Precision, devices, compile, callbacks and scoring of one run."""
