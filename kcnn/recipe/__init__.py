"""What a recipe may say, read strictly and with line numbers; knows nothing of Keras."""
