"""A survey of all images of a dataset: what they are, and what to fix before training."""
