"""Users, API tokens and roles: who may use the REST interface, and for what.

There are no default credentials. At its first start an installation gets one administrator, whose
random password is shown once (``first_start``). Passwords are kept as argon2id hashes; of tokens
only the SHA-256 is kept, which is enough for 32 random bytes.

Whoever logs in with name and password gets a token that ends by itself (``sessions``); every other
request carries a token: ``Authorization: Bearer cp_...``.
"""

from chargeplane.runtime.access.accounts import Accounts, LastAdministrator, NameTaken
from chargeplane.runtime.access.api import routes
from chargeplane.runtime.access.first_start import Introduced, first_start, renew_demo
from chargeplane.runtime.access.roles import GRANTS, Role
from chargeplane.runtime.access.tables import ApiToken, User

__all__ = [
    "GRANTS",
    "Accounts",
    "ApiToken",
    "Introduced",
    "LastAdministrator",
    "NameTaken",
    "Role",
    "User",
    "first_start",
    "renew_demo",
    "routes",
]
