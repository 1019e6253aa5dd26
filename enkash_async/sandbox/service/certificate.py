"""A certificate for this machine, made anew for each sandbox that serves https."""

import ipaddress
import ssl
import subprocess
from pathlib import Path

_CONFIGURATION = """\
[req]
distinguished_name = subject
x509_extensions = extensions
prompt = no
[subject]
CN = enkash-async sandbox
[extensions]
basicConstraints = critical, CA:TRUE
subjectAltName = {names}
"""

_TIMEOUT = 30


def make_certificate(host: str, folder: Path, ca_file: str) -> tuple[ssl.SSLContext, str]:
    """Return what serves https at *host*, and where the certificate is that is to be trusted.

    That is *ca_file*, or if that is empty a file in *folder*. The key lies in *folder* until it has
    been read. RuntimeError if the program openssl is missing, or cannot make or write it.
    """
    trusted = Path(ca_file or folder / "ca.pem").absolute()
    configuration, key = folder / "openssl.cnf", folder / "key.pem"
    configuration.write_text(_CONFIGURATION.format(names=", ".join(_names(host))))
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256"]
    command += ["-days", "30", "-config", str(configuration)]
    command += ["-keyout", str(key), "-out", str(trusted)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT)
    except FileNotFoundError as error:
        raise RuntimeError("https needs the program openssl, which is not on the PATH") from error
    except subprocess.SubprocessError as error:
        raise RuntimeError(f"openssl could not make a certificate: {error}") from error
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(trusted, key)
    finally:
        key.unlink()
    return context, str(trusted)


def _names(host: str) -> list[str]:
    """Return the names under which this machine is asked, as openssl wants them."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        own = f"DNS:{host}"
    else:
        own = f"IP:{host}"
    return list(dict.fromkeys(["DNS:localhost", "IP:127.0.0.1", "IP:::1", own]))
