"""A model's arithmetic as a textbook writes it, and remarks on it."""
