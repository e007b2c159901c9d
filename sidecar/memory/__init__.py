"""The memory for programs in Python: `from sidecar import Memory`, or `AsyncMemory`.

Standard library only, over the daemon's socket.  Values have the names and shapes of the HTTP API (docs/api.md).
"""
