"""Export formats, and the gate that compares an export's predictions with the model's."""
