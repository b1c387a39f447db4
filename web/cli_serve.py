"""The command of the console that serves the pages."""

import errno
import socket
from contextlib import suppress

import click
import uvicorn
from uvicorn.supervisors import Multiprocess

from erp_club.kernel.errors import Unavailable
from erp_club.kernel.settings import Settings
from erp_club.kernel.text import T
from web import beside
from web.cli_database import opened


@click.command("serve")
@click.option("--host", default=None, help="Address to listen on (ERP_CLUB_HOST, 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), default=None, help="Port to listen on (ERP_CLUB_PORT, 8000).")
@click.option("--workers", type=int, default=None, help="Processes (ERP_CLUB_WORKERS, 1).")
@click.option("--no-worker", is_flag=True, help="Run no job worker beside it.")
def serve(host: str | None, port: int | None, workers: int | None, no_worker: bool) -> None:
    """Serve the pages and the API."""
    settings = Settings.from_env()
    listened, door = host or settings.host, settings.port if port is None else port
    _check_reachable(listened, settings.proxies)
    check_free(listened, door)
    config = uvicorn.Config(
        "web.server:application",
        factory=True,
        host=listened,
        port=door,
        workers=workers or settings.workers,
        log_config=None,
        access_log=False,
        server_header=False,
        # Only who is named may say that a request came over HTTPS, and from which address.
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.proxies,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=75,  # a till keeps its connection between two scans
        # On a busy machine a process needs more than the 5 seconds it would get until it answers, and would be killed
        # and begun again, over and over.
        timeout_worker_healthcheck=60,
    )
    with opened(), beside.worker(wanted=not no_worker), suppress(KeyboardInterrupt):
        if config.workers > 1:
            Processes(config, [config.bind_socket()]).run()
        else:
            config.load_app()  # before signals are caught: who stops it now needn't wait for all of it
            uvicorn.Server(config).run()


class Processes(Multiprocess):
    """Several server processes."""

    def keep_subprocess_alive(self) -> None:
        for each in self.processes:
            # The process's end of its line: while it is open here too, nobody hangs up for one that has died, and
            # Ctrl-C would wait a minute for the answer of one that it ended as it began.
            each.child_conn.close()
        super().keep_subprocess_alive()


def check_free(host: str, port: int) -> None:
    """Refuse an address where nothing can listen before anything starts: the server itself would only log it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except (OSError, OverflowError) as error:  # OverflowError: no such port
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            said = T(
                "Another program listens on %(host)s:%(port)s already, perhaps ERP Club itself. Stop it, or name "
                "another port in ERP_CLUB_PORT.",
                host=host,
                port=port,
            )
        else:
            said = T(
                "Nothing can listen on %(host)s:%(port)s: %(reason)s. Name another address in ERP_CLUB_HOST, or "
                "another port in ERP_CLUB_PORT.",
                host=host,
                port=port,
                reason=(str(error).partition("] ")[2].partition(" (")[0] or str(error)).rstrip("."),
            )
        raise Unavailable(said, code="port-taken") from error


def _check_reachable(host: str, proxies: str) -> None:
    """Refuse to listen to other machines where nobody would bring them over HTTPS: each request would be refused."""
    if not proxies and host not in {"127.0.0.1", "::1", "localhost"}:
        raise Unavailable(
            T(
                "%(host)s can be reached from other machines, and plain HTTP is for this one only. Put a proxy with "
                "HTTPS before it and name its address in ERP_CLUB_PROXIES, or listen on 127.0.0.1.",
                host=host,
            ),
            code="https-needed",
        )
