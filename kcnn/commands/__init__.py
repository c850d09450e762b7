"""What each command does: plain functions that take paths and values and return data."""
