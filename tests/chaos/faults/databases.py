"""The database is stopped, killed, cut off, slow, locked, full, or takes no writes."""

from __future__ import annotations

import time

import psycopg

from tests.chaos.faults import fault
from tests.chaos.world import World


@fault("database-restarted", hurts="postgresql")
def restarted(world: World) -> None:
    """database stopped and started under load."""
    world.workers()
    with world.load():
        world.flowing()
        with world.fault():
            world.postgresql.stop()
            time.sleep(world.form.seconds(1, 10))
            world.postgresql.start()


@fault("database-killed", hurts="postgresql")
def killed(world: World) -> None:
    """database SIGKILLed under load."""
    world.workers()
    with world.load():
        world.flowing()
        with world.fault():
            world.postgresql.kill()
            world.postgresql.start()


@fault("database-away", hurts="postgresql")
def away(world: World) -> None:
    """database away for ten minutes (20 s in the short form)."""
    world.workers()
    with world.load():
        world.flowing()
        with world.fault(within=120):
            world.postgresql.stop()
            time.sleep(world.form.seconds(20, 600))
            world.postgresql.start()


@fault("commit-unknown")
def commit_unknown(world: World) -> None:
    """database cut off after it was told to commit: done, and nobody hears of it."""
    _cut_in_commit(world, committed=True)


@fault("commit-lost")
def commit_lost(world: World) -> None:
    """database cut off before it hears of the commit."""
    _cut_in_commit(world, committed=False)


def _cut_in_commit(world: World, *, committed: bool) -> None:
    proxy = world.proxy(world.database_url)
    world.worker_database_url = proxy.url
    if world.broker == "embedded":
        world.worker_queue_url = proxy.url
    world.workers()
    with world.load():
        world.flowing()
        for _ in range(int(world.form.seconds(2, 5))):
            # at the trap the commit is in the kernel's buffers, or not yet sent
            sprung = world.traps.lay("during-commit" if committed else "before-commit", hold=True)
            world.traps.wait(sprung)
            with world.fault():
                if not committed:
                    proxy.pause()
                    world.traps.release(sprung)
                    time.sleep(0.2)
                else:
                    time.sleep(0.2)
                proxy.cut()
                proxy.resume()
                if committed:
                    world.traps.release(sprung)
                time.sleep(0.5)
                proxy.restore()


@fault("database-locked")
def locked(world: World) -> None:
    """database locked: somebody holds a table for longer than our lock time-out."""
    world.workers(lock_timeout=str(int(world.form.seconds(2, 30))))
    with world.load():
        world.flowing()
        with world.fault(), psycopg.connect(world.database_url) as connection:
            connection.execute("LOCK TABLE touchline.matches IN ACCESS EXCLUSIVE MODE")
            time.sleep(world.form.seconds(7, 75))


@fault("database-slow")
def slow(world: World) -> None:
    """database slow: each statement takes longer than our statement time-out."""
    world.workers(statement_timeout=str(int(world.form.seconds(2, 20))))
    with world.load():
        world.flowing()
        with world.fault(), psycopg.connect(world.database_url, autocommit=True) as connection:
            seconds = world.form.seconds(3, 30)
            connection.execute(
                "CREATE FUNCTION touchline.slow() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END $$".encode()
            )
            connection.execute(
                "CREATE TRIGGER slow AFTER INSERT ON touchline.inbox"
                " FOR EACH STATEMENT EXECUTE FUNCTION touchline.slow()"
            )
            time.sleep(world.form.seconds(7, 90))
            connection.execute("DROP TRIGGER slow ON touchline.inbox")


@fault("database-deadlocks")
def deadlocks(world: World) -> None:
    """database deadlocks: somebody locks our rows in another order."""
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        # whoever has waited this long looks for a deadlock, and dies of it
        connection.execute(f"ALTER DATABASE {world.database} SET deadlock_timeout = '500ms'".encode())
    world.workers(threads=4)
    with world.load(tracks=6, pace=0.2):
        world.flowing()
        with world.fault():
            enough = time.monotonic() + world.form.seconds(8, 30)
            deadline = enough + 60
            # not for a time alone: on a slow machine nobody may have come by in it
            while time.monotonic() < (enough if _deadlocks(world) else deadline):
                _lock_backwards(world)
    if not _deadlocks(world):
        world.problems.append("there was no deadlock: the fault did not happen")


def _deadlocks(world: World) -> int:
    """Those of our database, as far as the statistics know by now."""
    return int(world.query("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0][0])


def _lock_backwards(world: World) -> None:
    """Lock matches that lie between others, and the others as soon as somebody waits: ours goes upwards by key."""
    with psycopg.connect(world.database_url) as connection:
        # ours are the ones that die: this one waits before it looks
        connection.execute("SET LOCAL deadlock_timeout = '5s'")
        try:
            connection.execute(
                "SELECT 1 FROM touchline.matches WHERE match_id = ANY(%s) ORDER BY match_id DESC FOR UPDATE",
                (
                    [
                        row[0]
                        for row in connection.execute("SELECT match_id FROM touchline.matches WHERE random() < 0.5")
                    ],
                ),
            )
            soon = time.monotonic() + 1
            while time.monotonic() < soon and not _waited_for(world, connection.info.backend_pid):
                time.sleep(0.01)
            connection.execute("SELECT 1 FROM touchline.matches ORDER BY match_id DESC FOR UPDATE")
        except psycopg.errors.DeadlockDetected:
            pass
        connection.rollback()


def _waited_for(world: World, pid: int) -> bool:
    return bool(
        world.query("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND %s = ANY(pg_blocking_pids(pid)))", pid)[
            0
        ][0]
    )


@fault("database-full")
def out_of_connections(world: World) -> None:
    """database out of connections."""
    role = f"{world.database}_worker"
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        # of a superuser no limit is enforced
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'chaos' IN ROLE touchline".encode())
        try:
            world.worker_database_url = f"postgresql://{role}:chaos@{world.database_url.rsplit('@', 1)[1]}"
            if world.broker == "embedded":
                world.worker_queue_url = world.worker_database_url
            world.workers()
            with world.load():
                world.flowing()
                with world.fault():
                    connection.execute(f"ALTER ROLE {role} CONNECTION LIMIT 0".encode())
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (role,)
                    )
                    time.sleep(world.form.seconds(6, 60))
                    connection.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1".encode())
            world.finish()
        finally:
            connection.execute(f"DROP ROLE {role}".encode())


@fault("database-read-only", brokers=("rabbitmq",))
def read_only(world: World) -> None:
    """database read-only, as a standby is after a failover."""
    world.workers()
    with world.load():
        world.flowing()
        with world.fault(), psycopg.connect(world.database_url, autocommit=True) as connection:
            set_read_only(connection, world.database, on=True)
            time.sleep(world.form.seconds(6, 60))
            set_read_only(connection, world.database, on=False)


def set_read_only(connection: psycopg.Connection[tuple[object, ...]], database: str, *, on: bool) -> None:
    """For all sessions, those that are open included: they are ended, and come back."""
    state = "on" if on else "off"
    connection.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = {state}".encode())
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = %s AND pid <> pg_backend_pid() AND application_name LIKE 'touchline%%'",
        (database,),
    )
