import java.io.StringReader;
import java.io.StringWriter;
import java.sql.*;
import org.postgresql.PGConnection;

/** The JDBC driver with its own defaults. One case for each cell; see client.ts for the lines that it says. */
public class Jdbc {
  static Connection session() throws SQLException {
    var mode = System.getenv("PGSSLMODE");
    var root = System.getenv("PGSSLROOTCERT");
    return DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT")
        + "/postgres?user=postgres&sslmode=" + mode + (root == null ? "" : "&sslrootcert=" + root));
  }

  static String one(Connection connection, String statement) throws SQLException {
    try (var rows = connection.createStatement().executeQuery(statement)) {
      rows.next();
      return rows.getString(1);
    }
  }

  static void equal(Object found, Object expected, String what) {
    if (!expected.equals(found)) throw new IllegalStateException(what + ": " + found + " instead of " + expected);
  }

  static void say(String line) {
    System.out.println(line.replace('\n', ' '));
    System.out.flush();
  }

  public static void main(String[] args) throws Exception {
    var connection = session();
    switch (args[0]) {
      case "plain" -> {
        // From the fifth time on the driver's statement is prepared on the server.
        var prepared = connection.prepareStatement("select ?::int + 1");
        for (int turn = 0; turn < 20; turn++) {
          prepared.setInt(1, turn);
          var rows = prepared.executeQuery();
          rows.next();
          equal(rows.getInt(1), turn + 1, "a prepared sum");
        }
        connection.setAutoCommit(false);
        var statement = connection.createStatement();
        statement.setFetchSize(100);
        var rows = statement.executeQuery("select n, repeat('x', 100) from generate_series(1, 10000) n");
        int count = 0;
        while (rows.next()) count++;
        equal(count, 10000, "rows of a cursor");
      }
      case "tls" -> equal(one(connection, "select ssl from pg_stat_ssl where pid = pg_backend_pid()"), "t", "encrypted");
      case "cancel" -> {
        var statement = connection.createStatement();
        var watcher = session();
        var thread = new Thread(() -> {
          try {
            while (one(watcher, "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)'").equals("0")) {
            }
            statement.cancel();
          } catch (SQLException error) {
            error.printStackTrace();
          }
        });
        thread.start();
        try {
          statement.executeQuery("select pg_sleep(60)");
          throw new IllegalStateException("the query was not cancelled");
        } catch (SQLException error) {
          equal(error.getSQLState(), "57014", "the error of the query");
        }
        equal(one(connection, "select 1"), "1", "after it");
      }
      case "copy" -> {
        var lines = new StringBuilder();
        for (int n = 0; n < 10000; n++) lines.append(n).append("\tline ").append(n).append('\n');
        connection.createStatement().execute("create temporary table copied (n int, t text)");
        var manager = connection.unwrap(PGConnection.class).getCopyAPI();
        manager.copyIn("copy copied from stdin", new StringReader(lines.toString()));
        var back = new StringWriter();
        manager.copyOut("copy (select * from copied order by n) to stdout", back);
        equal(back.toString(), lines.toString(), "what came back");
      }
      case "notify" -> {
        connection.createStatement().execute("listen compat");
        one(session(), "select pg_notify('compat', 'a word')");
        equal(connection.unwrap(PGConnection.class).getNotifications(10000)[0].getParameter(), "a word", "the payload");
      }
      case "long" -> {
        connection.setAutoCommit(false);
        connection.createStatement().execute("create temporary table long (n int)");
        Thread.sleep(3000);
        connection.createStatement().execute("insert into long values (1)");
        connection.commit();
        equal(one(connection, "select n from long"), "1", "what was committed");
      }
      case "failover" -> {
        say("ready");
        try {
          one(connection, "select pg_sleep(600)");
        } catch (SQLException error) {
          say("ended " + error.getSQLState() + " " + error.getMessage());
        }
        say("back " + one(session(), "select inet_server_port()"));
      }
    }
    System.exit(0);
  }
}
