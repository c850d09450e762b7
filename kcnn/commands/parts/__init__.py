"""What several commands need of recipes and runs."""
