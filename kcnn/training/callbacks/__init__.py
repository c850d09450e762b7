"""Keras callbacks: what happens between the steps and epochs of a training."""
