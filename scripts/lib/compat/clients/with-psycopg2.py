"""psycopg 2, as Debian has it. One function for each cell; see client.ts for the lines that it says."""
import io
import select
import sys
import threading
import time

import psycopg2


def session():
    connection = psycopg2.connect("")
    connection.autocommit = True
    return connection


def one(cursor, statement, values=None):
    cursor.execute(statement, values)
    return cursor.fetchone()[0]


def equal(found, expected, what):
    if found != expected:
        sys.exit(f"{what}: {str(found)[:200]} instead of {str(expected)[:200]}")


def plain():
    cursor = session().cursor()
    for turn in range(20):
        equal(one(cursor, "select %s + 1", (turn,)), turn + 1, "a sum")
    cursor.execute("select n, repeat('x', 100) from generate_series(1, 10000) n")
    equal(len(cursor.fetchall()), 10000, "rows")


def tls():
    equal(one(session().cursor(), "select ssl from pg_stat_ssl where pid = pg_backend_pid()"), True, "encrypted")


def cancel():
    connection = session()
    cursor = connection.cursor()
    watcher = session().cursor()
    pid = connection.get_backend_pid()

    def cancel_it():
        while one(watcher, "select query from pg_stat_activity where pid = %s", (pid,)) != "select pg_sleep(60)":
            pass
        connection.cancel()

    thread = threading.Thread(target=cancel_it, daemon=True)
    thread.start()
    try:
        cursor.execute("select pg_sleep(60)")
        sys.exit("the query was not cancelled")
    except psycopg2.errors.QueryCanceled:
        pass
    equal(one(cursor, "select 1"), 1, "after it")


def copy():
    cursor = session().cursor()
    lines = "".join(f"{n}\tline {n}\n" for n in range(10000))
    cursor.execute("create temporary table copied (n int, t text)")
    cursor.copy_expert("copy copied from stdin", io.StringIO(lines))
    back = io.StringIO()
    cursor.copy_expert("copy (select * from copied order by n) to stdout", back)
    equal(back.getvalue(), lines, "what came back")


def notify():
    connection = session()
    connection.cursor().execute("listen compat")
    session().cursor().execute("select pg_notify('compat', 'a word')")
    while not connection.notifies:
        select.select([connection], [], [], 10)
        connection.poll()
    equal(connection.notifies[0].payload, "a word", "the payload")


def long():
    connection = psycopg2.connect("")
    cursor = connection.cursor()
    cursor.execute("create temporary table long (n int)")
    time.sleep(3)
    cursor.execute("insert into long values (1)")
    connection.commit()
    equal(one(cursor, "select n from long"), 1, "what was committed")


def failover():
    cursor = session().cursor()
    print("ready", flush=True)
    try:
        cursor.execute("select pg_sleep(600)")
    except psycopg2.Error as error:
        print("ended", str(error).replace("\n", " "), flush=True)
    print("back", one(session().cursor(), "select inet_server_port()"), flush=True)


globals()[sys.argv[1]]()
