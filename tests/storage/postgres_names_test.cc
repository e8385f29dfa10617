#include "storage/postgres_names.h"

#include "storage/postgres_schema.h"
#include "tests/storage/postgres_fixture.h"

namespace eventrelay::test {
namespace {

constexpr OrganizationId kOrganization{1};
constexpr std::size_t kCachedMax = 10;

struct PostgresNamesTest : PostgresTest {
  std::unique_ptr<PgConnection> db;
  PgNames names{kCachedMax};
  void SetUp() override {
    ASSERT_TRUE(bring_postgres_schema_up(url, true));
    db = connect();
  }
  PgNames::Missing look_for(const std::vector<std::string>& tenants) {
    PgNames::Missing missing;
    for (const std::string& tenant : tenants) names.find(PgNames::Kind::kTenant, kOrganization, tenant, missing);
    return missing;
  }
  void resolve(PgNames::Missing missing) { ASSERT_TRUE(loop.wait(names.resolve(*db, std::move(missing), soon()))); }
  static std::vector<std::string> tenants(int from, int to) {
    std::vector<std::string> made;
    for (int i = from; i < to; ++i) made.push_back("tenant " + std::to_string(i));
    return made;
  }
};

TEST_F(PostgresNamesTest, a_name_has_one_number) {
  PgNames::Missing missing;
  EXPECT_EQ(names.find(PgNames::Kind::kTenant, kOrganization, "", missing), 0);
  EXPECT_TRUE(missing.empty());
  EXPECT_FALSE(names.find(PgNames::Kind::kTenant, kOrganization, "a", missing));
  EXPECT_FALSE(names.find(PgNames::Kind::kEventType, kOrganization, "a", missing));
  EXPECT_FALSE(names.find(PgNames::Kind::kTenant, OrganizationId{2}, "a", missing));
  resolve(std::move(missing));
  PgNames::Missing none;
  const auto number = names.find(PgNames::Kind::kTenant, kOrganization, "a", none);
  EXPECT_TRUE(number);
  EXPECT_TRUE(names.find(PgNames::Kind::kEventType, kOrganization, "a", none));
  EXPECT_NE(names.find(PgNames::Kind::kTenant, OrganizationId{2}, "a", none), number);
  EXPECT_TRUE(none.empty());
  PgNames others;
  others.find(PgNames::Kind::kTenant, kOrganization, "a", none);
  ASSERT_TRUE(loop.wait(others.resolve(*db, std::move(none), soon())));
  PgNames::Missing still;
  EXPECT_EQ(others.find(PgNames::Kind::kTenant, kOrganization, "a", still), number);
}

TEST_F(PostgresNamesTest, a_full_cache_keeps_what_is_asked_for_together) {
  resolve(look_for(tenants(0, 9)));
  // Some of them known, some not, and more than there is room for.
  const auto together = tenants(5, 17);
  EXPECT_TRUE(names.make_room(look_for(together)));
  PgNames::Missing missing = look_for(together);
  EXPECT_FALSE(names.make_room(missing));
  resolve(std::move(missing));
  EXPECT_TRUE(look_for(together).empty()) << "also the ones that were known before";
  EXPECT_FALSE(names.make_room(look_for(together))) << "nothing is missing";
  EXPECT_TRUE(names.make_room(look_for({"one more"}))) << "it is bounded";
}

TEST_F(PostgresNamesTest, what_one_caller_misses_is_not_anothers) {
  PgNames::Missing first = look_for(tenants(0, 3));
  EXPECT_FALSE(look_for(tenants(3, 5)).empty());
  resolve(std::move(first));
  EXPECT_TRUE(look_for(tenants(0, 3)).empty());
  EXPECT_FALSE(look_for(tenants(3, 5)).empty());
}

}  // namespace
}  // namespace eventrelay::test
