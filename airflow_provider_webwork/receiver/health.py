"""Whether the receiver is alive, and whether deliveries should be sent to it, for load balancers and orchestrators."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.receiver.answers import Answer, answer

LIVE = "/health/live"
PATHS = (LIVE, "/health/ready")

ALIVE = answer(200, {"status": "alive"}, reason="health")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolCondition:
    """How the spool is.

    :param waiting: how many deliveries wait in it to be moved to the event log.
    :param set_aside: how many the event log refuses.
    :param works: whether it took what it was last given.
    """

    waiting: int
    set_aside: int
    works: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How a receiver is.

    :param runs: whether it was started and not stopped.
    :param log_works: whether the event log could be read and written a moment ago.
    :param endpoints: of how many endpoints it knows.
    :param queue: how many deliveries wait for the thread that stores them.
    :param spool: how the spool is, if there is one.
    """

    runs: bool
    log_works: bool
    endpoints: int
    queue: int
    spool: SpoolCondition | None

    @property
    def ready(self) -> bool:
        """Whether a delivery that comes now would be kept."""
        can_spool = self.spool is not None and self.spool.works and self.endpoints > 0
        return self.runs and (self.log_works or can_spool)

    @property
    def problems(self) -> list[str]:
        """What is wrong, in sentences that hold no secret: whoever reaches the receiver may read them."""
        if not self.runs:
            return ["The receiver is starting or stopping."]
        found = []
        if not self.log_works:
            found.append("The event log cannot be read or written. " + self._meanwhile())
        if self.spool is not None and self.spool.set_aside:
            found.append(f"The event log refuses {self.spool.set_aside} deliveries in the spool.")
        return found

    def _meanwhile(self) -> str:
        if self.spool is None:
            return "Deliveries get 503."
        if not self.spool.works:
            return "The spool is full or cannot be written. Deliveries get 503."
        return "Deliveries are spooled." if self.endpoints else "No endpoint is known. Deliveries get 503."


def readiness(condition: Condition) -> Answer:
    """Answer whether deliveries are welcome, and what is wrong."""
    content: dict[str, JSON] = {
        "status": "ready" if condition.ready else "not ready",
        "problems": list(condition.problems),
        "event_log": "available" if condition.log_works else "away",
        "queue": condition.queue,
    }
    if condition.spool is not None:
        content["spool"] = {"waiting": condition.spool.waiting, "set_aside": condition.spool.set_aside}
    if condition.ready:
        return answer(200, content, reason="health")
    return answer(503, content, reason="not_ready", headers={"Retry-After": "1"})
