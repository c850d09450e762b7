"""The text of kcnn data inspect: counts first, then what to fix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kcnn.console.tables import table
from kcnn.text.numbers import count_text

if TYPE_CHECKING:
    from kcnn.commands.inspect_data import Finding, Group, Inspection

_MAX_CLASSES = 30  # rows of the table
_MAX_GROUPS = 10
_MAX_IN_A_GROUP = 4


def inspection_text(inspection: Inspection) -> str:
    """Return the number of images by class and part, what they are, and what to fix."""
    survey = inspection.survey
    images = count_text(len(survey), "image")
    classes = count_text(len(survey.class_names), "class", "classes")
    parts = [f"{survey.name}: {images} of {classes}", _counts(inspection), _kinds(inspection)]
    if not inspection.findings:
        parts.append("nothing to fix was found")
    for number, finding in enumerate(inspection.findings, start=1):
        parts.append(_finding(inspection, number, finding))
    if inspection.strict:
        parts.append(
            "The images are alike by nature, as digits and drawings are: only near-perfect copies "
            "are listed."
        )
    if any(finding.exact for finding in inspection.findings):
        parts.append("= equal, ≈ alike, as in another size, quality or brightness")
    if any(len(finding.groups) > _MAX_GROUPS for finding in inspection.findings):
        parts.append("--report FILE writes all of them as CSV, --json prints them")
    parts += [f"written {path}" for path in inspection.written]
    return "\n\n".join(parts)


def _counts(inspection: Inspection) -> str:
    parts = inspection.survey.parts
    rows: list[tuple[object, ...]] = [
        (name, *(counts[part] for part in parts)) for name, counts in inspection.counts
    ]
    shown = rows[:_MAX_CLASSES]
    if len(rows) > len(shown):
        rest = rows[len(shown) :]
        shown.append((f"{len(rest):,} more", *(_sum(rest, at) for at in range(1, len(parts) + 1))))
    # Images with several labels count for each of them.
    total = "all labels" if inspection.survey.label.ndim == 2 else "all"
    shown.append((total, *(_sum(rows, at) for at in range(1, len(parts) + 1))))
    return table(("class", *(_heading(part, inspection) for part in parts)), shown)


def _sum(rows: list[tuple[object, ...]], column: int) -> int:
    return sum(int(str(row[column])) for row in rows)


def _heading(part: str, inspection: Inspection) -> str:
    return part if len(inspection.survey.parts) > 1 else "images"


def _kinds(inspection: Inspection) -> str:
    sizes = {name: f"{width}×{height}" for name, (width, height) in inspection.sizes.items()}
    lines = []
    if len(set(sizes.values())) == 1:
        lines.append(f"size     {sizes['median']} (width×height)")
    elif sizes:
        lines.append(
            f"sizes    {sizes['smallest']} to {sizes['largest']}, median {sizes['median']} "
            "(width×height)"
        )
    for heading, counts in (("formats", inspection.formats), ("colors", inspection.modes)):
        if counts:
            lines.append(f"{heading.ljust(8)} {_listed(counts)}")
    return "\n".join(lines)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _finding(inspection: Inspection, number: int, finding: Finding) -> str:
    word = "problem" if finding.is_problem else "remark"
    lines = [f"{number}. {word}: {finding.title}"]
    for index, group in enumerate(finding.groups[:_MAX_GROUPS]):
        if finding.exact is None:
            lines.append(f"     {_image(inspection, group[0])}")
        else:
            lines.append(f"     {_copies(inspection, group, finding.exact[index])}")
    if len(finding.groups) > _MAX_GROUPS:
        lines.append(f"     and {len(finding.groups) - _MAX_GROUPS:,} more")
    if finding.fix:
        lines.append(f"   fix: {finding.fix}")
    return "\n".join(lines)


def _image(inspection: Inspection, index: int) -> str:
    return inspection.note_on(index) or inspection.survey.name_of(index)


def _copies(inspection: Inspection, group: Group, is_exact: bool) -> str:
    """Return the images of a group: of test before train, so that none is hidden by its size."""
    survey = inspection.survey
    parts = [survey.part[index] for index in group]
    firsts = [parts.index(part) for part in sorted(set(parts), reverse=True)]
    order = [*firsts, *(at for at in range(len(group)) if at not in firsts)]
    shown = [_named(inspection, group[at]) for at in order[:_MAX_IN_A_GROUP]]
    more = len(group) - len(shown)
    return f" {'=' if is_exact else '≈'} ".join(shown) + (f" and {more} more" if more else "")


def _named(inspection: Inspection, index: int) -> str:
    """Return an image's file name, which tells its class; or its position and class."""
    survey = inspection.survey
    if survey.names is not None:
        return survey.names[index]
    return f"{survey.name_of(index)} ({survey.class_of(index)})"
