"""Runtimes that exports are tried in. Each is copied beside its artefact: none imports kcnn."""
