// libpqxx. One branch for each cell; see client.ts for the lines that it says.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <pqxx/pqxx>
#include <string>
#include <thread>

static void equal(const std::string &found, const std::string &expected, const char *what) {
  if (found == expected) return;
  std::cerr << what << ": " << found << " instead of " << expected << std::endl;
  std::exit(1);
}

static std::string one(pqxx::connection &connection, const std::string &statement) {
  pqxx::nontransaction work(connection);
  return work.exec(statement)[0][0].c_str();
}

struct Heard : pqxx::notification_receiver {
  std::string payload;
  Heard(pqxx::connection_base &connection) : pqxx::notification_receiver(connection, "compat") {}
  void operator()(const std::string &text, int) override { payload = text; }
};

int main(int, char **arguments) {
  const std::string cell = arguments[1];
  pqxx::connection connection("");
  if (cell == "plain") {
    connection.prepare("sum", "select $1::int + 1");
    pqxx::work work(connection);
    for (int turn = 0; turn < 20; turn++)
      equal(work.exec_prepared("sum", turn)[0][0].c_str(), std::to_string(turn + 1), "a prepared sum");
    equal(std::to_string(work.exec("select n, repeat('x', 100) from generate_series(1, 10000) n").size()), "10000", "rows");
  } else if (cell == "tls") {
    equal(one(connection, "select ssl from pg_stat_ssl where pid = pg_backend_pid()"), "t", "encrypted");
  } else if (cell == "cancel") {
    std::thread canceller([&] {
      pqxx::connection watcher("");
      while (one(watcher, "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)'") == "0");
      connection.cancel_query();
    });
    std::string said;
    try {
      one(connection, "select pg_sleep(60)");
    } catch (const pqxx::sql_error &error) {
      said = error.what();
    }
    canceller.join();
    if (said.find("canceling statement due to user request") == std::string::npos) equal(said, "a cancelled query", "it said");
    equal(one(connection, "select 1"), "1", "after it");
  } else if (cell == "notify") {
    Heard heard(connection);
    pqxx::connection other("");
    one(other, "select pg_notify('compat', 'a word')");
    connection.await_notification(10, 0);
    equal(heard.payload, "a word", "the payload");
  } else if (cell == "long") {
    pqxx::work work(connection);
    work.exec("create temporary table long (n int)");
    std::this_thread::sleep_for(std::chrono::seconds(3));
    work.exec("insert into long values (1)");
    work.commit();
  } else if (cell == "failover") {
    std::cout << "ready" << std::endl;
    try {
      one(connection, "select pg_sleep(600)");
    } catch (const std::exception &error) {
      std::string text = error.what();
      std::replace(text.begin(), text.end(), '\n', ' ');
      std::cout << "ended " << text << std::endl;
    }
    pqxx::connection again("");
    std::cout << "back " << one(again, "select inet_server_port()") << std::endl;
  }
}
