"""`python -m sidecar`."""

from sidecar.cli.main import run

if __name__ == "__main__":
    run()
