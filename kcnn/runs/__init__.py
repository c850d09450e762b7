"""The run folder: each module has the columns, the writer and the reader of one of its files."""
