"""The one account that can log in at a sandbox. No I/O."""

import attrs

COMPANY_ID = "CEKSANDBOX"


@attrs.frozen
class Account:
    """What a client needs to log in, and a token that always works."""

    client_id: str
    client_secret: str = attrs.field(repr=False)
    username: str
    password: str = attrs.field(repr=False)
    company_id: str
    token: str = attrs.field(repr=False)


ACCOUNT = Account(
    client_id="sandbox-client",
    client_secret="5a4db0c5ec2e75a4db0c5ec2e75a4db0c5ec2e70",
    username="sandbox@example.in",
    password="sandbox-password",
    company_id=COMPANY_ID,
    token="sandbox-token",
)
