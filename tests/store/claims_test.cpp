#include "store/claims.hpp"

#include "fixture.hpp"

using namespace ablate;

namespace {

struct Claims : Store {
  Claim claim(const std::string& score, double margin = 0) const {
    Claim made{.name = "n", .source = "s", .score = score, .axes = {"connector.kind"}};
    made.better = "mlp";
    made.than = "c-abstractor";
    made.margin = margin;
    return made;
  }
  SaveResult save(std::vector<Claim> claims, double now) {
    Plan plan = small_plan();
    plan.claims = std::move(claims);
    return save_plan(database, plan, path / "connector.toml", {{"retries", 2}}, now);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_claim_is_recorded_once_with_its_time, Claims) {
  BOOST_TEST(!save({claim("caption/4-shot")}, 200).unchanged);
  BOOST_TEST(save({claim("caption/4-shot")}, 300).unchanged);
  const auto records = load_claims(database, sweep);
  BOOST_REQUIRE(records.size() == 1u);
  BOOST_TEST(records[0].first_seen == 200);
  BOOST_TEST(!records[0].after_results);
  BOOST_TEST(!records[0].withdrawn_at.has_value());
  BOOST_TEST(claim_json(records[0].claim) == claim_json(claim("caption/4-shot")));
  BOOST_TEST(records[0].claim.name == "n");
  BOOST_TEST(count("SELECT count(*) FROM claims WHERE score = 'caption/4-shot' AND kind = 'better'") == 1);
}

BOOST_FIXTURE_TEST_CASE(words_may_change_and_anything_else_makes_another_claim, Claims) {
  save({claim("a"), claim("b")}, 200);
  Claim renamed = claim("b");
  renamed.name = "another name";
  save({renamed, claim("a", 0.5)}, 300);
  const auto records = load_claims(database, sweep);
  BOOST_REQUIRE(records.size() == 3u);
  BOOST_TEST(records[0].claim.name == "another name");
  BOOST_TEST(records[0].first_seen == 200);
  BOOST_TEST(records[1].claim.margin == 0.5);
  BOOST_TEST(records[1].first_seen == 300);
  BOOST_TEST(records[2].claim.score == "a");
  BOOST_TEST(records[2].withdrawn_at.value_or(0) == 300);
  save({claim("a")}, 400);  // What comes back is new.
  const auto again = load_claims(database, sweep);
  BOOST_REQUIRE(again.size() == 4u);
  BOOST_TEST(again[0].first_seen == 400);
  BOOST_TEST(!again[0].withdrawn_at.has_value());
}

BOOST_FIXTURE_TEST_CASE(a_claim_that_comes_after_results_is_marked, Claims) {
  save({claim("before")}, 200);
  Query(database,
        "INSERT INTO score_value (job_id, name, value, n, stderr, attempt) VALUES (3, 'caption/4-shot', 0.5, "
        "10, 0.1, 1)")
      .run();
  save({claim("before"), claim("after")}, 300);
  const auto records = load_claims(database, sweep);
  BOOST_REQUIRE(records.size() == 2u);
  BOOST_TEST(!records[0].after_results);
  BOOST_TEST(records[1].after_results);
}

BOOST_FIXTURE_TEST_CASE(a_metric_counts_as_a_result_of_itself, Claims) {
  Query(database, "INSERT INTO metric_name VALUES (1, 'loss')").run();
  Query(database, "INSERT INTO metric_summary VALUES (2, 1, 1, 10, 0.5, 0.5, 0.5)").run();
  save({claim("vlm/loss"), claim("vlm/loss:min"), claim("encoder/loss"), claim("caption/4-shot")}, 300);
  const auto records = load_claims(database, sweep);
  BOOST_REQUIRE(records.size() == 4u);
  BOOST_TEST(records[0].after_results);
  BOOST_TEST(records[1].after_results);
  BOOST_TEST(!records[2].after_results);
  BOOST_TEST(!records[3].after_results);
}
