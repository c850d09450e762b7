"""Several runs as one experiment: trials, resources, executors, grids, verdicts, reports."""
