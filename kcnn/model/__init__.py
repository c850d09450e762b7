"""From a recipe's layers to a graph, its shape arithmetic and a keras.Model."""
