"""A model's predictions on a dataset, and the metrics computed from them."""
