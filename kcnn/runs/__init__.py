"""The run folder: for each of its files, one module with its columns, writer and reader."""
