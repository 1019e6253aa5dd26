"""What a sandbox says about itself. No I/O."""

from enkash_async.sandbox.account import Account
from enkash_async.sandbox.data.customers.table import CUSTOMERS


def curl_for_token(base_url: str, account: Account) -> str:
    """Return a command that gets a token."""
    return (
        f"curl -s '{base_url}/oauth/token' -u '{account.client_id}:{account.client_secret}'"
        f" -d grant_type=password -d 'username={account.username}'"
        f" -d 'password={account.password}' -d 'clientId={account.company_id}'"
    )


def curl_for_search(base_url: str, account: Account, ca_file: str | None = None) -> str:
    """Return a command that searches with the token that always works."""
    trusting = "" if ca_file is None else f" --cacert '{ca_file}'"
    return (
        f"curl -s{trusting} '{base_url}{CUSTOMERS.path}?offset=0&limit=2'"
        f" -H 'Authorization: Bearer {account.token}'"
        " -H 'Content-Type: application/json' -d '{}'"
    )


def exports(base_url: str, account: Account, ca_file: str | None = None) -> str:
    """Return a line that points the SDK at this sandbox."""
    trusting = "" if ca_file is None else f"SSL_CERT_FILE='{ca_file}' "
    return f"export {trusting}ENKASH_BASE_URL={base_url} ENKASH_TOKEN={account.token}"


def front_page(base_url: str, account: Account) -> str:
    """Return the text for whoever opens the address in a browser."""
    return f"""\
This is a sandbox of enkash-async. It is not EnKash and knows nothing of EnKash:
every customer in it is invented, and the credentials below open nothing else.

It answers two operations of the Accounts Receivable API.

POST {base_url}/oauth/token
  gives a token for the account of this sandbox:

  {curl_for_token(base_url, account)}

POST {base_url}{CUSTOMERS.path}
  gives a page of customers; this token is valid as long as the sandbox runs:

  {curl_for_search(base_url, account)}
"""
