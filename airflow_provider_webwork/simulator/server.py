"""The simulator as a Python object: a server in a thread, and the levers that a test pulls."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from airflow_provider_webwork.simulator.app import OPERATION_IDS, TOKEN_PATH, V2_ROOT
from airflow_provider_webwork.simulator.data.company import Company
from airflow_provider_webwork.simulator.data.trackers import WEB_TRACKER
from airflow_provider_webwork.simulator.data.webhooks import Webhook, WebhookRules
from airflow_provider_webwork.simulator.deliveries import Delivery, DeliveryPolicy
from airflow_provider_webwork.simulator.faults import Fault, Kind, When
from airflow_provider_webwork.simulator.generation import Generation
from airflow_provider_webwork.simulator.rate_limit import RateLimit
from airflow_provider_webwork.simulator.request_log import LoggedRequest
from airflow_provider_webwork.simulator.rest.pages import Paging
from airflow_provider_webwork.simulator.serving import Server
from airflow_provider_webwork.simulator.shape import DeliveryShape
from airflow_provider_webwork.simulator.tokens import OAuthRules
from airflow_provider_webwork.simulator.world import Emitted, Settings, World


def current_time() -> datetime:
    """Return the time of the machine, in UTC."""
    return datetime.now(UTC)


class Simulator:
    """A WebWork of your own, for as long as the ``with`` block lasts::

        with Simulator() as webwork:
            client = connect(webwork.base_url_v2, webwork.token)
            client.create_webhook(url=my_receiver, events=["tracker.started"])
            webwork.start_tracker(7)
            webwork.wait_for_deliveries(1)

    The same seed gives the same members, ids, tokens and payloads; times come from ``now``.

    :param seed: from which all data follow.
    :param host: the address to listen on; the control API is open to whoever reaches it.
    :param port: the port to listen on; 0 takes a free one.
    :param token: the personal access token of Member 1; by default one that follows from the seed.
    :param now: the clock; it must return aware datetimes.
    :param company: how many members, projects, weeks of time entries and so on there are.
    :param role: the role of Member 1; other roles than ``Owner`` and ``Executive manager`` see little and meet 403.
    :param generation: which pages to follow where WebWork's disagree: the ``old``, the ``new``, or ``any`` of the two.
    :param paging: how listings are paged, by default as documented for each.
    :param rate_limit: how many requests a member may make; by default any number.
    :param oauth: how OAuth2 tokens live.
    :param webhook_rules: what is refused of webhooks, and how late listings show a change.
    :param shape: what deliveries look like.
    :param policy: how often and how patiently deliveries are tried.
    """

    workspace_id: int
    """The id of the first workspace, or the only one."""

    def __init__(
        self,
        *,
        seed: int = 7,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        now: Callable[[], datetime] = current_time,
        company: Company | None = None,
        role: str = "Owner",
        generation: Generation = "any",
        paging: Paging | None = None,
        rate_limit: RateLimit | None = None,
        oauth: OAuthRules | None = None,
        webhook_rules: WebhookRules | None = None,
        shape: DeliveryShape | None = None,
        policy: DeliveryPolicy | None = None,
    ) -> None:
        self._host = host
        self._port = port
        settings = Settings(
            seed=seed,
            token=token,
            now=now,
            company=company or Company(),
            role=role,
            generation=generation,
            paging=paging or Paging(),
            rate_limit=rate_limit,
            oauth=oauth or OAuthRules(),
            webhook_rules=webhook_rules or WebhookRules(),
            shape=shape or DeliveryShape(),
            policy=policy or DeliveryPolicy(),
        )
        self._world = World(settings, operations=OPERATION_IDS)
        self.workspace_id = self._world.workspace.id
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._url: str | None = None

    def start(self) -> None:
        """Listen, and serve from a daemon thread.

        :raises OSError: if the address cannot be listened on.
        """
        if self._thread is not None:
            raise RuntimeError("The simulator runs already.")
        ipv6 = ":" in self._host
        listener = socket.create_server((self._host, self._port), family=socket.AF_INET6 if ipv6 else socket.AF_INET)
        # asyncio sets this on sockets that name their protocol alone; without it each answer waits 40 ms for an ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._url = f"http://{f'[{self._host}]' if ipv6 else self._host}:{listener.getsockname()[1]}"
        self._server = Server(self._world)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="webwork-simulator", daemon=True
        )
        self._world.deliveries.start()
        # The socket listens already: whoever connects before the server thread is ready waits in its backlog.
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and delivering, and wait for the threads; what is due is dropped."""
        if self._thread is None or self._server is None:
            return
        self._server.should_exit = True
        self._world.deliveries.stop()
        self._thread.join()
        self._server = self._thread = self._url = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The root of the server, such as ``http://127.0.0.1:41237``."""
        if self._url is None:
            raise RuntimeError("The simulator has no URL before it is started: use it in a with statement.")
        return self._url

    @property
    def base_url_v2(self) -> str:
        """What takes the place of ``https://api.webwork-tracker.com/api/v2``."""
        return self.url + V2_ROOT

    @property
    def base_url_v1(self) -> str:
        """What takes the place of ``https://www.webwork-tracker.com``: paths of API v1 begin with ``/rest-api``."""
        return self.url

    @property
    def oauth_url(self) -> str:
        """Where OAuth2 tokens are issued."""
        return self.url + TOKEN_PATH

    @property
    def token(self) -> str:
        """The personal access token of Member 1."""
        return self.token_of(1)

    @property
    def login(self) -> str:
        """The user name of Member 1 for API v1."""
        return self._world.tokens.credentials().login

    @property
    def password(self) -> str:
        """The password of Member 1 for API v1."""
        return self._world.tokens.password(1)

    @property
    def client_id(self) -> str:
        """The id of the OAuth2 application."""
        return self._world.tokens.credentials().client_id

    @property
    def client_secret(self) -> str:
        """The secret of the OAuth2 application."""
        return self._world.tokens.credentials().client_secret

    @property
    def refresh_token(self) -> str:
        """The refresh token that Member 1 was given in the beginning; a rotation does not change what this says."""
        return self._world.tokens.credentials().refresh_token

    def token_of(self, user_id: int) -> str:
        """Return the personal access token of a member, who may see and do less than Member 1."""
        return self._world.tokens.personal(user_id)

    def password_of(self, user_id: int) -> str:
        """Return the password of a member for API v1, where the e-mail address is the user name."""
        return self._world.tokens.password(user_id)

    def sign_in(self, user_id: int, *, scope: str = "read write admin") -> str:
        """Return a refresh token as if a member had just allowed the application to act for them."""
        with self._world.lock:
            return self._world.tokens.sign_in(user_id=user_id, scopes=frozenset(scope.split()))

    def revoke_access(self) -> None:
        """Let every access token given out so far meet 401, personal ones included; refresh tokens stay good."""
        with self._world.lock:
            self._world.tokens.revoke_access()

    @property
    def webhooks(self) -> tuple[Webhook, ...]:
        """The registered webhooks, oldest first, with their tokens; no lag of the listings applies."""
        return self._world.webhooks()

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The deliveries made so far: one for each attempt, in the order of their answers."""
        return self._world.deliveries.log()

    @property
    def requests(self) -> tuple[LoggedRequest, ...]:
        """The requests that reached the API, in the order of their arrival."""
        return self._world.requests.all()

    def start_tracker(self, user_id: int, *, method: str = WEB_TRACKER) -> Emitted:
        """Clock a member in on the member's first contract.

        :param method: with which tracker, such as ``Desktop tracker``; ``current-data`` sees those of the web alone.
        :raises RefusedError: if there is no such member, or the tracker runs already.
        """
        contract_id = self._world.own_contract(user_id)
        return self._world.start_tracker(user_id, contract_id=contract_id, method=method)[1]

    def stop_tracker(self, user_id: int) -> Emitted:
        """Clock a member out.

        :raises RefusedError: if there is no such member, or no tracker runs.
        """
        return self._world.stop_tracker(user_id)[1]

    def deliver(self, event_type: str, /, **data: Any) -> Emitted:
        """Send an event of any type, with exactly this payload, to every webhook that asked for the type.

        :raises TypeError: if the payload is not JSON.
        """
        return self._world.emit(event_type, data)

    def wait_for_deliveries(
        self, count: int, timeout: float = 10.0, *, accepted_only: bool = False
    ) -> tuple[Delivery, ...]:
        """Wait until so many deliveries have been made in all, and return them.

        :param timeout: seconds to wait at most.
        :param accepted_only: count only those that were answered with 2xx.
        :raises TimeoutError: if there are fewer by then; the text shows what was answered.
        """
        return self._world.deliveries.wait_for(count, timeout=timeout, accepted_only=accepted_only)

    def fault(
        self,
        operation: str,
        *,
        kind: Kind = "status",
        when: When = "before",
        status: int | None = None,
        retry_after: int | None = None,
        seconds: float = 30.0,
        times: int = 1,
        skip: int = 0,
    ) -> None:
        """Let the next calls of an operation fail; see :class:`Fault` for the arguments.

        :raises ValueError: if there is no such operation or failure.
        """
        self._world.faults.add(
            Fault(
                operation=operation,
                kind=kind,
                when=when,
                status=status,
                retry_after=retry_after,
                seconds=seconds,
                times=times,
                skip=skip,
            )
        )

    def reset(self) -> None:
        """Begin again: no write, fault, issued token or log is left; address, credentials and ids stay the same."""
        self._world.reset()
