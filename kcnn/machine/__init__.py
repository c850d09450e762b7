"""The machine: starting TensorFlow, cores, memory, processor, signals."""
