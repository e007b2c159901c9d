"""What is imported with aiohttp's server."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("there", [None, "/etc/hosts"], ids=["the system's authorities", "the user's"])
def test_the_client_that_comes_along_reads_no_authorities(there: str | None) -> None:
    program = (
        "import os; from sidecar.daemon.web import web; from aiohttp import connector;"
        "print(connector._SSL_CONTEXT_VERIFIED.cert_store_stats()['x509_ca'], os.environ.get('SSL_CERT_FILE'),"
        " os.environ.get('SSL_CERT_DIR'))"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SSL_CERT_")}
    if there is not None:
        environ["SSL_CERT_FILE"] = there
    done = subprocess.run([sys.executable, "-c", program], env=environ, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["0", str(there), "None"]
