"""What is wrong with a recipe, in a learner's words: what, where, and a correct example."""
