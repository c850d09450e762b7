"""What a wrong recipe is told: what is wrong where, in a learner's words, and how to mend it."""
