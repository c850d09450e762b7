"""Run many numbered cases in processes with limited time and memory."""

from __future__ import annotations

import argparse
import multiprocessing
import re
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

from click.testing import CliRunner, Result

from kcnn.cli import cli

MAX_SECONDS = 2.0
MAX_WAITING_SECONDS = 60.0  # such as for a pipe that nobody writes to
MAX_MEGABYTES = 500.0
# The only words that kcnn may style with escape sequences.
_STYLED_WORD = re.compile("(?:\x1b\\[31m)?\x1b\\[1m(error|fix):\x1b\\[0m")


@dataclass(frozen=True)
class Report:
    """The result of a case.

    Args:
        outcome: How it ended, such as `exit 1`. Outcomes are counted.
        seconds: CPU seconds.
        fault: What is wrong; None if nothing is.
    """

    outcome: str
    seconds: float
    fault: str | None


class TooSlowError(BaseException):
    """A case exceeded its time limit; a BaseException that no `except Exception` catches."""


@contextmanager
def time_limit(max_seconds: float = MAX_SECONDS) -> Iterator[Callable[[], float]]:
    """Stop the body of a `with` statement after some CPU seconds.

    Yields:
        A function that returns the CPU seconds so far.

    Raises:
        TooSlowError: The time is over.
    """

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TooSlowError

    signal.signal(signal.SIGVTALRM, stop)
    signal.signal(signal.SIGALRM, stop)
    started = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, max_seconds)
    signal.setitimer(signal.ITIMER_REAL, MAX_WAITING_SECONDS + max_seconds)
    try:
        yield lambda: time.process_time() - started
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def invoke(arguments: Sequence[str]) -> Result:
    """Run kcnn as in a terminal, so that Click keeps escape sequences in the output."""
    return CliRunner().invoke(cli, arguments, prog_name="kcnn", color=True)


def unstyled(output: str) -> str:
    """Remove kcnn's own styling from its output."""
    return _STYLED_WORD.sub(r"\1:", output)


def find_fault(result: Result) -> str | None:
    """Return what is wrong with the result of a command, or None."""
    if isinstance(result.exception, TooSlowError):
        return "too slow"
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return "".join(traceback.format_exception(result.exception))
    if result.exit_code not in (0, 1, 2):
        return f"exit code {result.exit_code}"
    output = unstyled(result.output)
    unprintable = [letter for letter in output if not (letter.isprintable() or letter == "\n")]
    if unprintable:
        return f"unprintable: {unprintable[:5]!r}"
    if result.exit_code != 0 and "error: " not in output.lower():
        return "no error message"
    return None


def run_command(arguments: Sequence[str], about: str, max_seconds: float) -> Report:
    """Run kcnn and return a report.

    Args:
        arguments: The command line.
        about: A description of the case for the report of a fault.
        max_seconds: Limit of CPU seconds.
    """
    with time_limit(max_seconds) as seconds:
        result = invoke(arguments)
        fault = find_fault(result)
        details = f"{fault}\n{arguments} {about}\n{result.output[-2000:]}"
        return Report(f"exit {result.exit_code}", seconds(), fault and details)


def run_cases(
    about: str | None,
    run_case: Callable[[int], Report],
    cases_per_process: int = 1000,
    max_megabytes: float = MAX_MEGABYTES,
) -> int:
    """Run the cases that the command line asks for, and print the faults and a summary.

    Args:
        about: The help text.
        run_case: Runs the case of a number. Must be importable by other processes.
        cases_per_process: How many cases a process runs before a fresh process replaces it.
        max_megabytes: Limit of a process's peak memory.

    Returns:
        The exit status: 1 if there are faults.
    """
    arguments = _arguments(about)
    last = arguments.first + arguments.cases
    chunks = [
        range(begin, min(begin + cases_per_process, last))
        for begin in range(arguments.first, last, cases_per_process)
    ]
    outcomes: Counter[str] = Counter()
    slowest, faults = 0.0, 0
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.workers, spawn, max_tasks_per_child=1) as pool:
        work = partial(_run_chunk, run_case, max_megabytes)
        futures = {pool.submit(work, chunk): chunk for chunk in chunks}
        for done in as_completed(futures):
            try:
                reports, wrong = done.result()
            except BrokenProcessPool:
                reports, wrong = [], [f"cases of {futures[done]}: the process died"]
            outcomes.update(report.outcome for report in reports)
            slowest = max([slowest, *(report.seconds for report in reports)])
            faults += len(wrong)
            print("\n".join(wrong), end="\n" * bool(wrong), flush=True)
    counts = ", ".join(f"{outcome} {count:,}" for outcome, count in sorted(outcomes.items()))
    summary = f"{outcomes.total():,} cases, {faults} faults: {counts}"
    print(f"{summary}; the slowest took {slowest:.2f} s")
    return 1 if faults or outcomes.total() < arguments.cases else 0


def _arguments(about: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--cases", type=int, default=1000, help="number of cases")
    parser.add_argument("--workers", type=int, default=1, help="number of processes")
    return parser.parse_args()


def _run_chunk(
    run_case: Callable[[int], Report], max_megabytes: float, numbers: range
) -> tuple[list[Report], list[str]]:
    reports, faults = [], []
    for number in numbers:
        # Shows which case was running if this process dies.
        print(number, end=" ", file=sys.stderr, flush=True)
        try:
            report = run_case(number)
        except TooSlowError:
            report = Report("too slow", MAX_SECONDS, "too slow")
        except Exception:
            report = Report("failed", 0.0, traceback.format_exc())
        reports.append(report)
        if report.fault:
            faults.append(f"case {number}: {report.fault}")
    megabytes = _peak_megabytes()
    if megabytes > max_megabytes:
        faults.append(f"cases of {numbers}: {megabytes:.0f} MB")
    return reports, faults


def _peak_megabytes() -> float:
    """Return this process's peak memory. That of `resource` would include its parent's."""
    status = Path("/proc/self/status")
    if not status.exists():  # not Linux
        return 0.0
    return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
