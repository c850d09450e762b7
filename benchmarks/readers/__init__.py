"""How other packages read image files: one loader a file, each started as a program."""
