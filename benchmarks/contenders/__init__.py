"""The training loops that training_speed.py compares, each run in its own process."""
