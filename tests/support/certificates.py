"""Certificates for tests, made by the openssl of this machine, since no secret key is kept here."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

HAS_OPENSSL = shutil.which("openssl") is not None


class Certificates:
    """An authority, and the certificates of a server (127.0.0.1) and of a client."""

    def __init__(self, folder: Path) -> None:
        self.authority = folder / "ca.pem"
        self.server = self.client = folder / "missing.pem"
        config = folder / "openssl.cnf"
        config.write_text("[req]\ndistinguished_name=name\n[name]\n")
        new = [
            "req",
            "-config",
            str(config),
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ]
        new += ["-nodes", "-days", "2"]
        key = folder / "ca.key"
        usage = ["-addext", "basicConstraints=critical,CA:TRUE"]
        usage += ["-addext", "keyUsage=critical,keyCertSign"]
        _openssl(
            *new, "-x509", "-subj", "/CN=Test CA", *usage, "-keyout", key, "-out", self.authority
        )
        for name in ("server", "client"):
            path = folder / f"{name}.pem"
            _openssl(
                *(*new, "-x509", "-subj", f"/CN={name}", "-CA", self.authority, "-CAkey", key),
                *("-addext", "subjectAltName=IP:127.0.0.1"),
                *("-addext", "basicConstraints=critical,CA:FALSE"),
                *("-keyout", folder / f"{name}.key", "-out", path),
            )
            path.write_text(path.read_text() + (folder / f"{name}.key").read_text())
            setattr(self, name, path)

    def of_server(self, *, asks_for_client: bool = False) -> ssl.SSLContext:
        """Return what a server shows, and whether it asks its clients for theirs."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.authority)
        context.load_cert_chain(self.server)
        if asks_for_client:
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def _openssl(*arguments: object) -> None:
    command = ["openssl", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
