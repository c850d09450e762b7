"""Formats a trained model is written in, and the gate that re-scores what was written."""
