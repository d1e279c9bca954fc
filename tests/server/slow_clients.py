"""Clients that hold their connections open by sending a byte now and then, as a program of its own.

``python slow_clients.py PORT KEY HEADERS BODIES``: it says ``open`` once all connections are, and at the end a line of
JSON: how long each kind was tolerated at most, and how many were never closed.
"""

import asyncio
import json
import resource
import sys
import time

SECONDS = 60
AT_ONCE = 200


class SlowClient(asyncio.Protocol):
    def __init__(self, beginning):
        self.beginning = beginning
        self.lasted = None
        self.heard = b""

    def connection_made(self, transport):
        self.transport = transport
        self.since = time.monotonic()
        transport.write(self.beginning)

    def data_received(self, data):
        self.heard += data

    def connection_lost(self, exc):
        self.lasted = time.monotonic() - self.since

    def go_on(self):
        if self.lasted is None and not self.transport.is_closing():
            self.transport.write(b"x")


async def main(port, key, headers, bodies):
    head = f"POST /hooks/{key} HTTP/1.1\r\nHost: receiver\r\n".encode()
    slow_headers = [SlowClient(head + b"X-Slow: ") for _ in range(headers)]
    slow_bodies = [SlowClient(head + b'Content-Length: 1000\r\n\r\n{"event": "') for _ in range(bodies)]
    clients = [*slow_headers, *slow_bodies]
    loop = asyncio.get_running_loop()
    for start in range(0, len(clients), AT_ONCE):
        several = clients[start : start + AT_ONCE]
        await asyncio.gather(
            *(loop.create_connection(lambda client=client: client, "127.0.0.1", port) for client in several)
        )
    say({"open": sum(client.lasted is None for client in clients)})
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and any(client.lasted is None for client in clients):
        for client in clients:
            client.go_on()
        await asyncio.sleep(1)
    say(
        {
            "never_closed": sum(client.lasted is None for client in clients),
            "headers": max((client.lasted or SECONDS for client in slow_headers), default=0),
            "bodies": max((client.lasted or SECONDS for client in slow_bodies), default=0),
            "told_to_hurry": sum(b" 408 " in client.heard for client in slow_bodies),
        }
    )


def say(what):
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    wanted = sum(map(int, sys.argv[3:])) + 100
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
