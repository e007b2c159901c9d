"""The command line: one file per command or small family; `main` puts them together.

Commands import what is heavy only when they need it, so that `sidecar --help` is quick.
"""
