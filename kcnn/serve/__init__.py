"""The HTTP server of `kcnn serve`: TensorFlow Serving's REST interface, and a few easier ways."""
