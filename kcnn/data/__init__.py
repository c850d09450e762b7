"""Images and labels: found, described, read, split, augmented and fed to the model."""
