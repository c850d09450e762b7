"""One image file: what its first bytes say, its header, and its pixels."""
