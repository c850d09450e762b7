"""The command `kcnn`, and `python -m kcnn` which does the same."""

from __future__ import annotations

from kcnn.console.ending import orderly_end
from kcnn.console.environment import prepare_environment
from kcnn.console.streams import open_closed_streams


def main() -> None:
    """Run the command line."""
    open_closed_streams()
    prepare_environment()
    with orderly_end():
        from kcnn.cli import cli  # once signals are watched

        cli(prog_name="kcnn")


if __name__ == "__main__":
    main()
