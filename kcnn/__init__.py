"""kcnn: convolutional networks on images from one recipe file."""

__version__ = "0.1.0"
