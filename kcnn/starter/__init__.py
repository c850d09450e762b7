"""A first recipe for somebody's own images: what they are, which model suits them, and the text."""
