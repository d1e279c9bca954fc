"""A stand-in for WebWork Time Tracker on your own machine: its REST API and its webhook deliveries.

For demos, for our tests and for the tests of your Dags::

    with Simulator() as webwork:
        requests.post(f"{webwork.base_url_v2}/webhooks", headers=..., json=...)
        webwork.start_tracker(7)
        webwork.wait_for_deliveries(1, timeout=5)

From other processes: ``python -m airflow_provider_webwork.simulator`` and the control API under ``/_simulator/``.

What WebWork documents, and this package follows: the paths, parameters, authentication, answers and page shapes of
the operations it has (workspaces, members, time tracking and webhooks of API v2; webhooks of API v1), as printed at
https://api-docs.webwork-tracker.com and https://www.webwork-tracker.com/rest-api/doc.

What is made up here, because WebWork does not document it:

* **Everything about deliveries**: that they are POSTs, their encoding, fields and headers, how the token of the webhook
  travels, that failed ones are tried again and how often. :class:`DeliveryShape` and :class:`DeliveryPolicy` choose
  among the plausible ways; the default is a guess and no promise.
* The status of refusals that the pages do not state (400 for a second start, 403 for a foreign workspace), the
  answer of ``current-data`` without a running tracker, the texts of messages, and pages past the end (empty).
* The data: one workspace whose members, projects and contracts are numbered, and secrets that follow from the seed.

There is no rate limit, no OAuth2 and no persistence. The control API asks for no password and hands out the
simulator's own secrets: bind it to loopback.
"""

from airflow_provider_webwork.simulator.calls import RefusedError
from airflow_provider_webwork.simulator.deliveries import Delivery, DeliveryPolicy
from airflow_provider_webwork.simulator.faults import Fault
from airflow_provider_webwork.simulator.server import Simulator
from airflow_provider_webwork.simulator.shape import DeliveryShape
from airflow_provider_webwork.simulator.webhooks import Webhook
from airflow_provider_webwork.simulator.world import Emitted, LoggedRequest

__all__ = [
    "Delivery",
    "DeliveryPolicy",
    "DeliveryShape",
    "Emitted",
    "Fault",
    "LoggedRequest",
    "RefusedError",
    "Simulator",
    "Webhook",
]
