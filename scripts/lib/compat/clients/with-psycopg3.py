"""psycopg 3: prepared statements, pipelines, COPY. One function for each cell; see client.ts for the lines that it says."""
import sys
import threading
import time

import psycopg


def session():
    return psycopg.connect("", autocommit=True)


def one(connection, statement, values=None, prepare=None):
    return connection.execute(statement, values, prepare=prepare).fetchone()[0]


def equal(found, expected, what):
    if found != expected:
        sys.exit(f"{what}: {str(found)[:200]} instead of {str(expected)[:200]}")


def plain():
    connection = session()
    for turn in range(20):
        equal(one(connection, "select %s::int + 1", (turn,), prepare=True), turn + 1, "a prepared sum")
    rows = connection.execute("select n, repeat('x', 100) from generate_series(1, 10000) n").fetchall()
    equal(len(rows), 10000, "rows")
    if psycopg.Pipeline.is_supported():
        with connection.pipeline():
            cursors = [connection.execute("select %s::int", (n,)) for n in range(100)]
        equal([cursor.fetchone()[0] for cursor in cursors], list(range(100)), "a pipeline")


def tls():
    equal(one(session(), "select ssl from pg_stat_ssl where pid = pg_backend_pid()"), True, "encrypted")


def cancel():
    connection = session()
    watcher = session()
    pid = connection.info.backend_pid

    def cancel_it():
        while one(watcher, "select query from pg_stat_activity where pid = %s", (pid,)) != "select pg_sleep(60)":
            pass
        connection.cancel()

    threading.Thread(target=cancel_it, daemon=True).start()
    try:
        connection.execute("select pg_sleep(60)")
        sys.exit("the query was not cancelled")
    except psycopg.errors.QueryCanceled:
        pass
    equal(one(connection, "select 1"), 1, "after it")


def copy():
    connection = session()
    rows = [(n, f"line {n}") for n in range(10000)]
    connection.execute("create temporary table copied (n int, t text)")
    cursor = connection.cursor()
    with cursor.copy("copy copied from stdin") as into:
        for row in rows:
            into.write_row(row)
    with cursor.copy("copy (select * from copied order by n) to stdout") as out:
        out.set_types(["int4", "text"])
        equal(list(out.rows()), rows, "what came back")


def notify():
    connection = session()
    connection.execute("listen compat")
    session().execute("select pg_notify('compat', 'a word')")
    equal(next(connection.notifies()).payload, "a word", "the payload")


def long():
    connection = session()
    with connection.transaction():
        connection.execute("create temporary table long (n int)")
        time.sleep(3)
        connection.execute("insert into long values (1)")
    equal(one(connection, "select n from long"), 1, "what was committed")


def failover():
    connection = session()
    print("ready", flush=True)
    try:
        connection.execute("select pg_sleep(600)")
    except psycopg.Error as error:
        print("ended", str(error).replace("\n", " "), flush=True)
    print("back", one(session(), "select inet_server_port()"), flush=True)


globals()[sys.argv[1]]()
