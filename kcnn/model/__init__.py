"""Turn a recipe's layers into a graph, a plan with all shapes, and a keras.Model."""
