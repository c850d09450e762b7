"""What developers run, by name: `nox -s lint`, `nox -s tests`. `nox -l` lists the sessions.

A session uses the environment that you are in (`pip install -e ".[dev]"`). One environment for each
session would download TensorFlow each time.
"""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "tests"]

PLATFORMS = ("linux", "win32", "darwin")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and types, as for Linux, Windows and macOS."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    for platform in PLATFORMS:
        session.run("mypy", "--platform", platform)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the fast tests. Further arguments go to pytest: `nox -s tests -- tests/recipe`."""
    session.run("pytest", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Run the slow tests."""
    session.run("pytest", "-m", "slow", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the fast tests and measure which lines they run, in their subprocesses, too."""
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


# Run by hand, for a new version of Keras, and for a new layer or export format.
TAKES_MINUTES = ("write_applications.py", "write_export_table.py")


@nox.session
def docs(session: nox.Session) -> None:
    """Write the generated pages of docs and the README's table of recipes."""
    for program in sorted(Path("docs").glob("write_*.py")):
        if program.name not in TAKES_MINUTES:
            session.run("python", str(program))
    session.run("python", "benchmarks/results.py")
