// An installation in a file, and on its way from SQLite to PostgreSQL.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include "storage/codec.h"
#include "storage/move_export.h"
#include "storage/move_file.h"
#include "storage/move_import.h"
#include "storage/postgres_schema.h"
#include "storage/rollup.h"
#include "storage/sqlite_files.h"
#include "storage/sqlite_store.h"
#include "tests/storage/postgres_fixture.h"
#include "tests/storage/sqlite_harness.h"
#include "tests/support/postgres_server.h"

namespace eventrelay {
namespace {

void no_report(std::string_view /*what*/, std::int64_t /*done*/, std::int64_t /*total*/) {}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// ---- The file ----------------------------------------------------------------------------------------------------

class MoveFileTest : public testing::Test {
 protected:
  MoveFileTest() {
    MoveHeader header;
    header.version = "1.2.3";
    header.last_id = 99;
    header.rows[static_cast<std::size_t>(Moved::kOrganizations)] = 2;
    header.rows[static_cast<std::size_t>(Moved::kGauges)] = 1;
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
    MoveWriter writer(descriptor, header);
    writer.add(Moved::kOrganizations, std::vector<MoveValue>{integer(1), text("one")});
    writer.add(Moved::kOrganizations, std::vector<MoveValue>{integer(-2), MoveValue{}});
    writer.add(Moved::kGauges, std::vector<MoveValue>{integer(1), integer(2), integer(std::int64_t{1} << 62)});
    writer.end();
    ::close(descriptor);
    whole = contents(path);
  }

  static MoveValue integer(std::int64_t value) { return {MoveKind::kInteger, value, {}}; }
  static MoveValue text(std::string_view value) { return {MoveKind::kText, 0, value}; }

  /// What is wrong with a file of these bytes; empty: nothing.
  std::string fault(const std::string& bytes) const {
    write_file(path, bytes);
    try {
      MoveReader(path).check(no_report);
      return "";
    } catch (const MoveFault& found) {
      return found.what();
    }
  }

  TemporaryDirectory directory;
  std::string path = directory.path() + "/export";
  std::string whole;
};

TEST_F(MoveFileTest, rows_are_read_as_they_were_written) {
  MoveReader reader(path);
  reader.check(no_report);
  EXPECT_EQ(reader.header().version, "1.2.3");
  EXPECT_EQ(reader.header().last_id, 99);
  MoveRow row;
  ASSERT_TRUE(reader.next(row));
  EXPECT_EQ(row.values[1].bytes, "one");
  const std::int64_t second = reader.position();
  ASSERT_TRUE(reader.next(row));
  EXPECT_EQ(row.values[0].integer, -2);
  EXPECT_EQ(row.values[1].kind, MoveKind::kNull);
  ASSERT_TRUE(reader.next(row));
  EXPECT_EQ(row.table, Moved::kGauges);
  EXPECT_EQ(row.values[2].integer, std::int64_t{1} << 62);
  EXPECT_FALSE(reader.next(row));
  reader.seek(second);
  ASSERT_TRUE(reader.next(row));
  EXPECT_EQ(row.values[0].integer, -2);
}

TEST_F(MoveFileTest, a_file_that_was_cut_anywhere_is_noticed) {
  EXPECT_EQ(fault(whole), "");
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) EXPECT_NE(fault(whole.substr(0, bytes)), "") << bytes;
  EXPECT_NE(fault(whole.substr(0, whole.size() - 1)).find("was cut off"), std::string::npos);
}

TEST_F(MoveFileTest, a_changed_bit_anywhere_is_noticed) {
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    EXPECT_NE(fault(changed), "") << at;
  }
  EXPECT_NE(fault(whole + "x").find("is damaged"), std::string::npos);
}

TEST_F(MoveFileTest, another_format_and_another_file_are_told_apart) {
  std::string next = whole;
  next[next.find('\n') - 1] = '1';
  EXPECT_NE(fault(next).find("has format 1, this program reads 3"), std::string::npos) << fault(next);
  EXPECT_NE(fault("SQLite format 3").find("is not an export"), std::string::npos);
  EXPECT_NE(fault("").find("is not an export"), std::string::npos);
}

TEST_F(MoveFileTest, a_writer_does_not_end_with_other_rows_than_it_announced) {
  MoveHeader header;
  header.rows[0] = 1;
  const int descriptor = ::open("/dev/null", O_WRONLY);
  EXPECT_THROW(MoveWriter(descriptor, header).end(), MoveFault);
  ::close(descriptor);
}

// ---- From SQLite to PostgreSQL -----------------------------------------------------------------------------------

constexpr int kEvents = 2'500;  // more than one transaction of the import takes

/// An installation with a row of each kind, and many events.
class MoveTest : public testing::Test {
 protected:
  MoveTest() {
    migrate_sqlite(data_dir).value();
    SqliteDb db(data_dir + "/eventrelay.db", SqliteDb::Mode::kWriter);
    WebhookSpec spec;
    spec.url = "http://x/\t\\tab";
    spec.event_types = {"*"};
    spec.ordered = true;
    const std::string text = encode_spec(spec);
    LatencyHistogram latency;
    for (int i = 0; i < 70'000; ++i) latency.add(milliseconds(20));
    latency.add(milliseconds(5'000));
    db.execute(
        "INSERT INTO event_types VALUES (3, 1, 'a.b'), (7, 1, 'c'); INSERT INTO tenants VALUES (5, 1, 'Zoë');"
        "UPDATE gauges SET pending = 4, dead = 6");
    db.use("INSERT INTO api_keys VALUES (?1, 1, 'ops', 1, x'0aff00', 'wxyz')").bind(id(1)).run();
    db.use(
          "INSERT INTO webhooks (id, organization_id, spec, secret, old_secret, failing_since_ms, updated_ms)"
          " VALUES (?1, 1, ?2, x'00ff5c', NULL, 12, 13)")
        .bind(id(2))
        .bind(text)
        .run();
    const std::string answer =
        std::string("\1\0\0\0\0\0\0\0\2\0\0\0", 12) + std::string("\0\0\0\0\0\0\0\1\0\3\0\0", 12);
    db.use("INSERT INTO idempotency_keys VALUES (1, 'events', 'k', x'00', ?1, 17)").bind_blob(answer).run();
    db.use("INSERT INTO jobs VALUES (?1, 1, 0, 1, '{}', 4, 5, 6, 7, 8, '', NULL)").bind(id(3)).run();
    const std::string latencies = latency.encode();
    db.use("INSERT INTO rollups VALUES (1, 28000000, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ?1)").bind_blob(latencies).run();
    CountNote note;
    note.add(kWholeOrganization, kCountEvent, 10);
    note.add(WebhookId{id(2)}, kCountDelivery, 20);
    note.add(WebhookId{id(2)}, kCountSucceeded | 30, 40);
    const std::string counts = note.encode();
    db.use("INSERT INTO count_notes VALUES (1, 1, 28000000, ?1)").bind_blob(counts).run();
    db.execute(
        "INSERT INTO organizations VALUES (91, 'other');"
        "INSERT INTO users VALUES (81, 'ada@example.com', 'Zoë Ada', '$argon2id$x'), (82, 'bob@example.com', 'Bob', "
        "'');"
        "INSERT INTO memberships VALUES (1, 81, 3, 41), (91, 81, 3, 42), (1, 82, 0, 43);"
        "INSERT INTO invitations VALUES (83, 1, 'eve@example.com', 2, x'00ff', 44);"
        "INSERT INTO sessions VALUES (x'01', 81, 1, '10.0.0.1', 1, 2, 3);"
        "INSERT INTO audit VALUES (84, 91, 'ada@example.com', 'organization.create', 'org_1', '10.0.0.1');"
        "INSERT INTO settings VALUES ('retention_days', 30)");
    db.execute("BEGIN");
    for (int i = 0; i < kEvents; ++i) add_event(db, i);
    db.execute("COMMIT");
    db.use("UPDATE meta SET value = ?1").bind(id(std::int64_t{4} * kEvents)).run();
  }

  /// Ids of three days.
  static std::int64_t id(std::int64_t n) {
    return first_id_at(from_unix_ms(1'767'225'600'000 + n / kEvents * 86'400'000)) + n;
  }

  static void add_event(SqliteDb& db, int i) {
    const std::int64_t event = id(10 + 2 * i);
    const std::string message = i == 0 ? std::string("bad \xff, NUL \0, tab \t, line \r\n, \\N", 32) : "refused";
    db.use("INSERT INTO events VALUES (?1, 1, 3, 5, 1, 0, NULL, '', '{\"n\":\"\\u00e9é\\n\"}');").bind(event).run();
    db.use(
          "INSERT INTO deliveries (id, organization_id, event_id, webhook_id, type_id, tenant_id, state, attempts,"
          " manual, first_due_ms, due_ms, sort_at_ms, ended_id, replay_of)"
          " VALUES (?1, 1, ?2, ?3, 3, 5, 2, 1, 1, 21, 22, 23, ?4, 0)")
        .bind(event + 1)
        .bind(event)
        .bind(id(2))
        .bind(event + 1)
        .run();
    db.use("INSERT INTO attempts VALUES (?1, 1, 0, 31, 32, 0, 5, ?2, '[]', '[]', x'00ff0a', 1, '', -1, -1, -1, -1)")
        .bind(event + 1)
        .bind(message)
        .run();
  }

  void make_export() { ASSERT_TRUE(export_sqlite(data_dir, file, no_report)); }
  Result<ImportSummary> import(const MoveReport& report = no_report) { return import_postgres(url, file, report); }
  std::string sql(const std::string& text) { return server.sql(url, "SET search_path TO eventrelay;" + text); }

  TemporaryDirectory directory;
  std::string data_dir = directory.path() + "/data";
  std::string file = directory.path() + "/export";
  test::PostgresServer& server = test::PostgresServer::shared();
  std::string url = server.make_database();
};

TEST_F(MoveTest, each_value_arrives_as_the_other_store_keeps_it) {
  make_export();
  const auto summary = import();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_TRUE(summary->matches());
  EXPECT_EQ(summary->in_file[static_cast<std::size_t>(Moved::kAttempts)], kEvents);
  EXPECT_EQ(sql("SELECT string_agg(id || name, ' ' ORDER BY id) FROM event_types"), "3a.b 7c");
  EXPECT_EQ(sql("SELECT id || name FROM tenants"), "5Zoë");
  EXPECT_EQ(sql("SELECT w::text FROM (SELECT id, deleted, partition, ordered, spec::json->>'url', secret, old_secret,"
                " failing_since_ms, updated_ms FROM webhooks) w"),
            "(" + std::to_string(id(2)) + ",f," + std::to_string(partition_of(WebhookId{id(2)})) +
                ",t,\"http://x/\t\\\\tab\",\"\\\\x00ff5c\",,12,13)");
  EXPECT_EQ(sql("SELECT (id, scope, hash, hint, deleted)::text FROM api_keys"),
            "(" + std::to_string(id(1)) + ",1,\"\\\\x0aff00\",wxyz,f)");
  EXPECT_EQ(sql("SELECT (SELECT version FROM webhooks) <= version AND (SELECT version FROM api_keys) <= version"
                " FROM organizations"),
            "t");
  EXPECT_EQ(sql("SELECT answer FROM idempotency_keys"), "\\x000000000000000100000002010000000000000000000300");
  EXPECT_EQ(sql("SELECT (kind, state, filter, position, bound, done, total, rate, ended_ms)::text FROM jobs"),
            "(0,1,{},4,5,6,7,8,)");
  // What was noted and not folded yet is in them.
  const auto rollup = [&](int span, std::int64_t webhook) {
    return sql(std::string("SELECT (minute, organization_id, events, unmatched, deliveries, attempts, succeeded,"
                           " failed_attempts, retries, dead, cancelled, ") +
               test::kLatencyPairs + ")::text FROM rollups WHERE span = " + std::to_string(span) +
               " AND webhook_id = " + std::to_string(webhook));
  };
  EXPECT_EQ(rollup(1, 0), "(28000000,1,11,2,23,44,45,6,7,8,9,\"30:40 " +
                              std::to_string(LatencyHistogram::bucket_of(milliseconds(20))) + ":70000 " +
                              std::to_string(LatencyHistogram::bucket_of(milliseconds(5'000))) + ":1\")");
  EXPECT_EQ(rollup(60, 0), "(27999960,1,10,0,20,40,40,0,0,0,0,30:40)");
  EXPECT_EQ(rollup(1, id(2)), "(28000000,1,0,0,20,40,40,0,0,0,0,30:40)");
  EXPECT_EQ(rollup(60, id(2)), "(27999960,1,0,0,20,40,40,0,0,0,0,30:40)");
  EXPECT_EQ(sql("SELECT g::text FROM gauges g"), "(1,0,4,6)");
  EXPECT_EQ(sql("SELECT (type_id, tenant_id, delivery_count, deliver_at_ms, payload)::text FROM events LIMIT 1"),
            "(3,5,1,,\"{\"\"n\"\":\"\"\\\\u00e9é\\\\n\"\"}\")");
  EXPECT_EQ(
      sql("SELECT (webhook_id, partition, state, attempts, manual, first_due_ms, due_ms, sort_at_ms, ended_id = id,"
          " replay_of)::text FROM deliveries LIMIT 1"),
      "(" + std::to_string(id(2)) + "," + std::to_string(partition_of(WebhookId{id(2)})) + ",2,1,t,21,22,23,t,0)");
  EXPECT_EQ(sql("SELECT (started_ms, error, response_body, response_truncated, dns_us)::text FROM attempts LIMIT 1"),
            "(31,5,\"\\\\x00ff0a\",t,-1)");
}

TEST_F(MoveTest, people_arrive_with_their_roles_and_the_audit_and_sign_in_again) {
  make_export();
  const auto summary = import();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_TRUE(summary->matches());
  EXPECT_EQ(summary->in_file[static_cast<std::size_t>(Moved::kMemberships)], 3);
  const auto rows = [&](const std::string& table) {
    return sql("SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM " + table + " x");
  };
  EXPECT_EQ(sql("SELECT string_agg(id || name, ' ' ORDER BY id) FROM organizations"), "1default 91other");
  EXPECT_EQ(rows("users"), "(81,ada@example.com,\"Zoë Ada\",$argon2id$x) (82,bob@example.com,Bob,\"\")");
  EXPECT_EQ(rows("memberships"), "(1,81,3,41) (1,82,0,43) (91,81,3,42)");
  EXPECT_EQ(rows("invitations"), "(83,1,eve@example.com,2,\"\\\\x00ff\",44)");
  EXPECT_EQ(rows("audit"), "(84,91,ada@example.com,organization.create,org_1,10.0.0.1)");
  EXPECT_EQ(rows("settings"), "(retention_days,30)");
  EXPECT_EQ(rows("sessions"), "");
}

TEST_F(MoveTest, the_first_link_that_a_first_start_makes_may_be_there_and_people_may_not) {
  make_export();
  ASSERT_TRUE(bring_postgres_schema_up(url, true));
  sql("INSERT INTO invitations VALUES (8, 1, '', 3, '\\x01', 99)");
  sql("INSERT INTO users VALUES (9, 'x@example.com', '', '')");
  const auto refused = import();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("it has users"), std::string::npos) << refused.error().message;
  EXPECT_EQ(sql("SELECT count(*) FROM invitations"), "1") << "what was refused changed nothing";
  sql("DELETE FROM users");
  const auto summary = import();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_TRUE(summary->matches());
  EXPECT_EQ(sql("SELECT string_agg(id::text, ' ') FROM invitations"), "83");
}

TEST_F(MoveTest, a_text_that_postgres_would_refuse_is_mended_and_all_others_stay) {
  make_export();
  ASSERT_TRUE(import());
  EXPECT_EQ(sql("SELECT error_message FROM attempts ORDER BY delivery_id LIMIT 1"),
            "bad \xEF\xBF\xBD, NUL \xEF\xBF\xBD, tab \t, line \r\n, \\N");
}

TEST_F(MoveTest, new_ids_and_names_follow_those_that_came) {
  make_export();
  ASSERT_TRUE(import());
  const std::string last = std::to_string(id(std::int64_t{4} * kEvents));
  EXPECT_EQ(sql("SELECT draw_ids(1, 0) = " + last + " + 1"), "t");
  EXPECT_EQ(sql("SELECT ids FROM name_ids('event_types', ARRAY[1], ARRAY['new'])"), "{8}");
}

TEST_F(MoveTest, an_import_that_is_stopped_after_each_step_repeats_and_leaves_out_nothing) {
  make_export();
  ASSERT_TRUE(import());
  const std::string all = "SELECT md5(string_agg(x::text, '|' ORDER BY x::text)) FROM ";
  std::string at_once;
  for (const MoveTable& table : move_tables()) at_once += sql(all + std::string(table.name) + " x");

  url = server.make_database();
  int stops = 0;
  const auto stop = [](std::string_view what, std::int64_t /*done*/, std::int64_t /*total*/) {
    if (what != "checking the file") throw MoveFault("stopped");
  };
  // Each call gets as far as one transaction; the last one's report is that it counts.
  for (std::string before, now = "none"; before != now && stops < 50; ++stops) {
    before = now;
    EXPECT_FALSE(import(stop));
    now = sql("SELECT rows FROM imports");
  }
  EXPECT_GT(stops, 17);
  EXPECT_LT(stops, 50);
  const auto summary = import();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_TRUE(summary->matches());
  std::string in_steps;
  for (const MoveTable& table : move_tables()) in_steps += sql(all + std::string(table.name) + " x");
  EXPECT_EQ(in_steps, at_once);
  EXPECT_TRUE(import()->was_done);
}

TEST_F(MoveTest, nobody_works_on_a_part_of_an_import) {
  make_export();
  EXPECT_FALSE(import([](std::string_view what, std::int64_t /*done*/, std::int64_t /*total*/) {
    if (what == "events") throw MoveFault("stopped");
  }));
  const auto early = bring_postgres_schema_up(url, true);
  ASSERT_FALSE(early);
  EXPECT_NE(early.error().message.find("has not ended"), std::string::npos);
  ASSERT_TRUE(import());
  EXPECT_TRUE(bring_postgres_schema_up(url, true));
}

TEST_F(MoveTest, what_is_missing_in_the_end_is_not_called_done) {
  make_export();
  EXPECT_FALSE(import([](std::string_view what, std::int64_t /*done*/, std::int64_t /*total*/) {
    if (what == "counting") throw MoveFault("stopped");
  }));
  sql("DELETE FROM attempts WHERE delivery_id = (SELECT min(delivery_id) FROM attempts)");
  const auto summary = import();
  ASSERT_TRUE(summary);
  EXPECT_FALSE(summary->matches());
  EXPECT_FALSE(import()->was_done);
}

TEST_F(MoveTest, a_database_in_use_is_refused) {
  make_export();
  ASSERT_TRUE(bring_postgres_schema_up(url, true));
  sql("INSERT INTO tenants (organization_id, name) VALUES (1, 'other')");
  const auto refused = import();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("it has tenants"), std::string::npos) << refused.error().message;
  EXPECT_TRUE(bring_postgres_schema_up(url, true)) << "it goes on as it was";
}

TEST_F(MoveTest, the_api_key_that_a_first_start_makes_may_be_there) {
  make_export();
  ASSERT_TRUE(bring_postgres_schema_up(url, true));
  sql("INSERT INTO api_keys VALUES (8, 1, 'same', 0, '\\x0aff00', 'abcd', false, 1),"
      " (9, 1, 'other', 0, '\\x01', 'abcd', false, 1)");
  const auto summary = import();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_TRUE(summary->matches());
  EXPECT_EQ(sql("SELECT string_agg(name, ' ' ORDER BY id) FROM api_keys"), "other ops");
}

TEST_F(MoveTest, another_file_does_not_go_into_a_part_of_an_import) {
  make_export();
  EXPECT_FALSE(import([](std::string_view what, std::int64_t /*done*/, std::int64_t /*total*/) {
    if (what == "organizations") throw MoveFault("stopped");
  }));
  file += "2";
  make_export();
  const auto refused = import();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("An import of another file"), std::string::npos);
}

TEST_F(MoveTest, an_export_needs_a_store_that_nobody_uses_and_leaves_no_part_of_a_file) {
  const auto none = export_sqlite(directory.path() + "/none", file, no_report);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("There is no"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/none"));
  {
    const auto lock = lock_data_dir(data_dir);
    const auto used = export_sqlite(data_dir, file, no_report);
    ASSERT_FALSE(used);
    EXPECT_NE(used.error().message.find("stop it first"), std::string::npos) << used.error().message;
  }
  const auto stop = [](std::string_view /*what*/, std::int64_t /*done*/, std::int64_t /*total*/) {
    throw MoveFault("stopped");
  };
  EXPECT_FALSE(export_sqlite(data_dir, file, stop));
  EXPECT_FALSE(std::filesystem::exists(file + ".part"));
  make_export();
  EXPECT_FALSE(export_sqlite(data_dir, file, no_report)) << "nothing is written over";
}

}  // namespace
}  // namespace eventrelay
