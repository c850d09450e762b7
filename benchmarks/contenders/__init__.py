"""The training loops that training_speed.py holds against each other, each run by itself."""
