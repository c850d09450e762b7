"""Keras's optimizer from a recipe, and the optimizers that Keras lacks."""
