"""`python -m sidecar`, and what the program `sidecar` runs.

Hooks are served before anything of the command line is imported: they start on every prompt of an agent.  So is MCP,
which starts with every session, and most recalls, which agents run too.
"""

import os
import sys


def main() -> None:
    """Run the command line of this process."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["hook"] and not {"--help", "-h", "--debug"}.intersection(arguments):
        from sidecar.hooks.hook import run as hook

        hook(arguments[1:])
    # What else is installed beside this program and would like to see each value that pydantic checks has no business
    # with memories; and to look for it reads the description of every package there is.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    if arguments == ["mcp"]:
        from sidecar.cli.serving import serve_mcp

        serve_mcp()
        return
    if arguments[:1] == ["recall"]:
        from sidecar.cli.quick import recall

        if recall(arguments[1:]):
            os._exit(0)  # without Python's own farewell, which takes as long as the errand; all is written
    if arguments[:1] == ["up"]:
        import signal

        # Until the daemon listens for it, an interrupt ends the process at once.  As an exception it can be lost: where
        # it is raised within a callback of the import system, Python prints it and goes on.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from sidecar.cli.main import run

    run()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # while it still starts; later the command line tells it
        sys.exit(130)
