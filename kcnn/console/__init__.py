"""How kcnn looks in a terminal: live progress, tables, and the last lines of a command."""
