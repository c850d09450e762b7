"""Runs many cases, each known by its number, in processes whose time and memory are bounded."""

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

MOST_SECONDS = 2.0
MOST_SECONDS_OF_WAITING = 60.0  # as for a pipe that nobody writes into
MOST_MEGABYTES = 500.0
# No other escape may reach a terminal.
_STYLED_WORD = re.compile("(?:\x1b\\[31m)?\x1b\\[1m(error|hint):\x1b\\[0m")


@dataclass(frozen=True)
class Report:
    """What came of a case.

    Args:
        end: How it ended, in a word; words are counted.
        seconds: Of the processor.
        fault: What is wrong; None when nothing is.
    """

    end: str
    seconds: float
    fault: str | None


class TooSlowError(BaseException):
    """A case took more than its seconds; no `except Exception` may hold it up."""


@contextmanager
def at_most(most_seconds: float = MOST_SECONDS) -> Iterator[Callable[[], float]]:
    """Stops what runs inside after so many of the processor's seconds.

    Yields:
        Gives the seconds so far.

    Raises:
        TooSlowError: They are over.
    """

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TooSlowError

    signal.signal(signal.SIGVTALRM, stop)
    signal.signal(signal.SIGALRM, stop)
    begun = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, most_seconds)
    signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS_OF_WAITING + most_seconds)
    try:
        yield lambda: time.process_time() - begun
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def invoke(arguments: Sequence[str]) -> Result:
    """Calls kcnn as in a terminal, where click leaves escapes in what is printed."""
    return CliRunner().invoke(cli, arguments, prog_name="kcnn", color=True)


def unstyled(output: str) -> str:
    """Takes from what kcnn printed the two words that it styles by itself."""
    return _STYLED_WORD.sub(r"\1:", output)


def fault_of(result: Result) -> str | None:
    """Says what is wrong with the way a command ended; None when nothing is."""
    if isinstance(result.exception, TooSlowError):
        return "too slow"
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return "".join(traceback.format_exception(result.exception))
    if result.exit_code not in (0, 1, 2):
        return f"exit code {result.exit_code}"
    output = unstyled(result.output)
    if odd := [one for one in output if not (one.isprintable() or one == "\n")]:
        return f"unprintable: {odd[:5]!r}"
    if result.exit_code != 0 and "error: " not in output.lower():
        return "no word of what is wrong"
    return None


def run_command(arguments: Sequence[str], about: str, most_seconds: float) -> Report:
    """Calls kcnn and reports how it ended.

    Args:
        arguments: The command line.
        about: What to tell of the case beside a fault.
        most_seconds: Of the processor.
    """
    with at_most(most_seconds) as seconds:
        result = invoke(arguments)
        fault = fault_of(result)
        told = f"{fault}\n{arguments} {about}\n{result.output[-2000:]}"
        return Report(f"exit {result.exit_code}", seconds(), fault and told)


def run_cases(
    about: str | None,
    run_case: Callable[[int], Report],
    cases_at_a_time: int = 1000,
    most_megabytes: float = MOST_MEGABYTES,
) -> int:
    """Runs the cases that the command line asks for and prints what came of them.

    Args:
        about: The help's text.
        run_case: Runs the case of a number; at the top of its module, for other processes.
        cases_at_a_time: How many a process runs before a fresh one takes its place.
        most_megabytes: The peak memory of such a process.

    Returns:
        The exit code: 1 when something is wrong.
    """
    arguments = _arguments(about)
    last = arguments.first + arguments.cases
    chunks = [
        range(begin, min(begin + cases_at_a_time, last))
        for begin in range(arguments.first, last, cases_at_a_time)
    ]
    ends: Counter[str] = Counter()
    slowest, faults = 0.0, 0
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.workers, spawn, max_tasks_per_child=1) as pool:
        work = partial(_run_chunk, run_case, most_megabytes)
        waiting = {pool.submit(work, chunk): chunk for chunk in chunks}
        for done in as_completed(waiting):
            try:
                reports, wrong = done.result()
            except BrokenProcessPool:
                reports, wrong = [], [f"cases of {waiting[done]}: the process died"]
            ends.update(report.end for report in reports)
            slowest = max([slowest, *(report.seconds for report in reports)])
            faults += len(wrong)
            print("\n".join(wrong), end="\n" * bool(wrong), flush=True)
    told = ", ".join(f"{end} {count:,}" for end, count in sorted(ends.items()))
    print(f"{ends.total():,} cases, {faults} faults: {told}; the slowest took {slowest:.2f} s")
    return 1 if faults or ends.total() < arguments.cases else 0


def _arguments(about: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first", type=int, default=0, help="the first case's number")
    parser.add_argument("--cases", type=int, default=1000, help="how many")
    parser.add_argument("--workers", type=int, default=1, help="processes side by side")
    return parser.parse_args()


def _run_chunk(
    run_case: Callable[[int], Report], most_megabytes: float, numbers: range
) -> tuple[list[Report], list[str]]:
    reports, faults = [], []
    for number in numbers:
        print(number, end=" ", file=sys.stderr, flush=True)  # the last one, should this process die
        try:
            report = run_case(number)
        except TooSlowError:
            report = Report("too slow", MOST_SECONDS, "too slow")
        except Exception:
            report = Report("failed", 0.0, traceback.format_exc())
        reports.append(report)
        if report.fault:
            faults.append(f"case {number}: {report.fault}")
    megabytes = _peak_megabytes()
    if megabytes > most_megabytes:
        faults.append(f"cases of {numbers}: {megabytes:.0f} MB")
    return reports, faults


def _peak_megabytes() -> float:
    """Gives the most memory this process ever had; what `resource` tells has its parent's too."""
    status = Path("/proc/self/status")
    if not status.exists():  # not Linux
        return 0.0
    return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
