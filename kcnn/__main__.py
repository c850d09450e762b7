"""The command `kcnn`, and `python -m kcnn` which does the same."""

from __future__ import annotations

from kcnn.console.ending import hear_signals, prompt_exit
from kcnn.console.environment import prepare_environment
from kcnn.console.streams import open_closed_streams


def main() -> None:
    """Runs the command line."""
    open_closed_streams()
    prepare_environment()
    hear_signals()
    with prompt_exit():
        from kcnn.cli import cli  # once signals are heard

        cli(prog_name="kcnn")


if __name__ == "__main__":
    main()
