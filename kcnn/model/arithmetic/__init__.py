"""Shapes, weights and costs of a network, worked out from its graph without Keras."""
