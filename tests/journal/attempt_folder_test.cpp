#include "journal/attempt_folder.hpp"

#include <boost/test/unit_test.hpp>

#include "util/error.hpp"

using namespace ablate;

namespace {

AttemptSpec sample_spec() {
  AttemptSpec spec;
  spec.attempt = 3;
  spec.device = "cuda";
  spec.threads = 8;
  spec.micro_batch_halvings = 1;
  spec.resume_step = 400;
  spec.resume_path = "/results/jobs/k/2/checkpoint-400";
  spec.parents = {{"encoder", "/results/jobs/e/1"}, {"llm", "/results/jobs/l/1"}};
  spec.sources = {{"0123", "/data/captions"}, {"4567", "/data/with \"quotes\" and \u00e9.model"}};
  spec.run = {{"log_interval", 10}};
  return spec;
}

std::string error_of(const Json& json) {
  try {
    AttemptSpec::from_json(json);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_attempts_specification_reads_back_as_it_was_written) {
  const AttemptSpec spec = sample_spec();
  const AttemptSpec read = AttemptSpec::from_json(Json::parse(spec.to_json().dump()));
  BOOST_TEST(read.to_json() == spec.to_json());
  BOOST_TEST(read.attempt == 3);
  BOOST_TEST(read.device == "cuda");
  BOOST_TEST(read.threads == 8);
  BOOST_TEST(read.micro_batch_halvings == 1);
  BOOST_TEST(read.resume_step == 400);
  BOOST_TEST(read.resume_path == spec.resume_path);
  BOOST_CHECK(read.parents == spec.parents);
  BOOST_CHECK(read.sources == spec.sources);
  BOOST_TEST(read.run == spec.run);
}

BOOST_AUTO_TEST_CASE(each_missing_or_wrong_key_is_named) {
  const Json good = sample_spec().to_json();
  for (const auto& [key, value] : good.items()) {
    Json without = good;
    without.erase(key);
    BOOST_TEST(error_of(without) == "attempt.json: key '" + key + "' is missing");
    Json wrong = good;
    wrong[key] = nullptr;
    BOOST_TEST(error_of(wrong).starts_with("attempt.json: key '" + key + "' is a null; expected "));
  }
  Json wrong = good;
  wrong["threads"] = 0;
  BOOST_TEST(error_of(wrong) == "attempt.json: key 'threads' is 0; expected at least 1");
  wrong = good;
  wrong["parents"]["llm"] = 3;
  BOOST_TEST(error_of(wrong) == "attempt.json: key 'parents.llm' is a number; expected a path");
  wrong = good;
  wrong["sources"]["0123"] = Json::array({"/data/captions"});
  BOOST_TEST(error_of(wrong) == "attempt.json: key 'sources.0123' is a array; expected a path");
  wrong = good;
  wrong["sources"] = Json::array({"/data/captions"});
  BOOST_TEST(error_of(wrong) == "attempt.json: key 'sources' is a array; expected an object");
  BOOST_TEST(error_of(Json::array()) == "attempt.json: is a JSON array; expected an object");
}

BOOST_AUTO_TEST_CASE(the_files_of_an_attempt_lie_below_its_job) {
  const JobFolder job{"results/jobs/abc"};
  BOOST_TEST(job.job() == std::filesystem::path("results/jobs/abc/job.json"));
  const AttemptFolder attempt{job.attempt(2)};
  BOOST_TEST(attempt.journal() == std::filesystem::path("results/jobs/abc/2/journal.jsonl"));
}
