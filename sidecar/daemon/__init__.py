"""The one running process: services under a supervisor, one writer thread, an HTTP server on a Unix socket."""
