"""The classifiers of `keras.applications`: layers, and where their ImageNet weights are."""
