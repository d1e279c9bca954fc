"""A stand-in for WebWork Time Tracker on your own machine: its REST API and its webhook deliveries.

For demos, for our tests and for the tests of your Dags::

    with Simulator() as webwork:
        requests.post(f"{webwork.base_url_v2}/webhooks", headers=..., json=...)
        webwork.start_tracker(7)
        webwork.wait_for_deliveries(1)

From other processes: ``python -m airflow_provider_webwork.simulator`` and the control API under ``/_simulator/``.

What WebWork documents, and this package follows: the paths, parameters, authentication, answers and page shapes of
both versions of its API, 69 operations of v2 and 47 of v1, as printed at https://api-docs.webwork-tracker.com and
https://www.webwork-tracker.com/rest-api/doc. Where its pages disagree with each other, ``generation`` and
:class:`Paging` choose; operations that they only name say so where they are written down.

The data are coherent: members have contracts on projects, weeks of time entries on their tasks, and timesheets, time
requests, leaves and reports that add up to those entries. What a call writes is seen by every later read.

What is made up here, because WebWork does not document it:

* **Everything about deliveries**: that they are POSTs, their encoding, fields and headers, how the token of the webhook
  travels, that failed ones are tried again and how often. :class:`DeliveryShape` and :class:`DeliveryPolicy` choose
  among the plausible ways; the default is a guess and no promise.
* The token endpoint of OAuth2 and how refresh tokens rotate (:class:`OAuthRules`), the window and the headers of the
  rate limit (:class:`RateLimit`), limits and lags of webhooks (:class:`WebhookRules`), pages past the end.
* The status of refusals that the pages do not state (400 for a second start, 403 for a foreign workspace), the
  answer of ``current-data`` without a running tracker, the nesting of reports, whether archived records are listed
  (not; by their id they are shown), the time zone of days and times of day, and the texts of messages.
* The data themselves: numbered members, projects and tasks, and secrets that follow from the seed.

Nothing is persistent. The control API asks for no password and hands out the simulator's own secrets: bind it to
loopback.
"""

from airflow_provider_webwork.simulator.data.company import Company
from airflow_provider_webwork.simulator.data.webhooks import Webhook, WebhookRules
from airflow_provider_webwork.simulator.deliveries import Delivery, DeliveryPolicy
from airflow_provider_webwork.simulator.faults import Fault
from airflow_provider_webwork.simulator.rate_limit import RateLimit
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.request_log import LoggedRequest
from airflow_provider_webwork.simulator.rest.pages import Paging
from airflow_provider_webwork.simulator.server import Simulator
from airflow_provider_webwork.simulator.shape import DeliveryShape
from airflow_provider_webwork.simulator.tokens import OAuthRules
from airflow_provider_webwork.simulator.world import Emitted

__all__ = [
    "Company",
    "Delivery",
    "DeliveryPolicy",
    "DeliveryShape",
    "Emitted",
    "Fault",
    "LoggedRequest",
    "OAuthRules",
    "Paging",
    "RateLimit",
    "RefusedError",
    "Simulator",
    "Webhook",
    "WebhookRules",
]
