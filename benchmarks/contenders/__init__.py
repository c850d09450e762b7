"""The training loops that training_speed.py compares. Each runs in a fresh process."""
