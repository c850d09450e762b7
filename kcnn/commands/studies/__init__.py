"""What several trainings are asked, and what they answer: combinations, verdicts, reports."""
