"""Files: written atomically, read within bounds; NumPy archives."""
