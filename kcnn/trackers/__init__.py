"""Programs that show runs, such as TensorBoard and MLflow, as listeners of a run."""
