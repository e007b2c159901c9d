"""MCP, a face of the daemon: five tools, two resources and a prompt, over stdio and over HTTP.

`asking` speaks to the daemon, `telling` makes text of its answers, `server` is the SDK's server around both, `http`
serves it from within the daemon.
"""
