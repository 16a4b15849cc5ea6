"""Users, API tokens and roles: who may use the REST interface, and for what.

There are no default credentials. While an installation has no users, each start shows a set-up
link, which makes the first administrator, once (``first_start``). Passwords are kept as argon2id
hashes; of tokens only the SHA-256 is kept, which is enough for 32 random bytes.

==================  ================================================================
``accounts``        users and tokens: made, changed, removed, recognised
``roles``           what each role may do; limits to permissions and sites come on top
``sessions``        logging in, for how long, and how a session ends
``policy``          what the installation decides about log-ins; where requests really come from
``attempts``        how often somebody may fail
``factors``         second factors: codes of an app (``totp``), recovery codes
``passkeys``        WebAuthn
``challenges``      steps of a conversation, each of which works once
``oidc``            log-in by an identity provider
``cookies``         how a browser is recognised
==================  ================================================================

Whoever logs in gets a session: as a token for ``Authorization: Bearer cp_...``, or as a cookie.
"""

from chargeplane.runtime.access.accounts import Accounts, LastAdministrator, NameTaken
from chargeplane.runtime.access.alarms import Alarms
from chargeplane.runtime.access.api import routes
from chargeplane.runtime.access.challenges import Challenges
from chargeplane.runtime.access.factors import Factors
from chargeplane.runtime.access.first_start import Introduced, first_start, renew_demo, set_up
from chargeplane.runtime.access.oidc import Provider
from chargeplane.runtime.access.policy import Policy
from chargeplane.runtime.access.roles import GRANTS, Role
from chargeplane.runtime.access.tables import ApiToken, User

__all__ = [
    "GRANTS",
    "Accounts",
    "Alarms",
    "ApiToken",
    "Challenges",
    "Factors",
    "Introduced",
    "LastAdministrator",
    "NameTaken",
    "Policy",
    "Provider",
    "Role",
    "User",
    "first_start",
    "renew_demo",
    "routes",
    "set_up",
]
