"""Text for people: printable characters, Markdown, numbers, durations, plurals."""
