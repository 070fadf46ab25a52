"""What happens to a gateway in a cluster, in the order in which it is played."""
from scenarios import pods, eventbus, policy, spool, others  # noqa: F401
from scenarios.scenario import SCENARIOS  # noqa: F401
