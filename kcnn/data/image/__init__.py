"""One image file: its format by the first bytes, its header, and its pixels."""
