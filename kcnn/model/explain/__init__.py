"""A network's arithmetic as a textbook writes it, and what is odd about it."""
