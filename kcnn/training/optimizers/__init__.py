"""Optimizers and schedules: Keras's from a recipe, and those that Keras lacks."""
