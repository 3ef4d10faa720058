#include "journal/attempt_folder.hpp"

#include <boost/test/unit_test.hpp>

#include "util/error.hpp"

using namespace ablate;

namespace {

AttemptSpec sample_spec() {
  AttemptSpec spec;
  spec.attempt = 3;
  spec.placement = {
      .kind = DeviceKind::cuda, .cards = {1, 3}, .threads = 8, .memory_bytes = 1.5e10, .time_limit = 90};
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
  BOOST_TEST(read.placement.device() == "cuda:1,3");
  BOOST_TEST(read.placement.threads == 8);
  BOOST_TEST(read.placement.memory_bytes == 1.5e10);
  BOOST_TEST(read.placement.time_limit == 90);
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
  wrong["attempt"] = 0;
  BOOST_TEST(error_of(wrong) == "attempt.json: key 'attempt' is 0; expected at least 1");
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

BOOST_AUTO_TEST_CASE(each_missing_or_wrong_key_of_a_placement_is_named) {
  const Json good = sample_spec().to_json();
  const auto error_with = [&](const char* key, const Json& value) {
    Json wrong = good;
    wrong["placement"][key] = value;
    return error_of(wrong);
  };
  for (const auto& [key, value] : good["placement"].items()) {
    Json without = good;
    without["placement"].erase(key);
    BOOST_TEST(error_of(without) == "attempt.json: key 'placement." + key + "' is missing");
    BOOST_TEST(error_with(key.c_str(), nullptr)
                   .starts_with("attempt.json: key 'placement." + key + "' is a null; expected "));
  }
  BOOST_TEST(error_with("kind", "tpu") ==
             "attempt.json: key 'placement.kind' is 'tpu'; expected auto, cpu, cuda");
  BOOST_TEST(error_with("threads", 0) == "attempt.json: key 'placement.threads' is 0; expected at least 1");
  BOOST_TEST(error_with("time_limit", -1) ==
             "attempt.json: key 'placement.time_limit' is -1; expected at least 0");
  BOOST_TEST(error_with("cards", {0, -1}) ==
             "attempt.json: key 'placement.cards' is [0,-1]; expected card numbers of at least 0");
  BOOST_TEST(error_with("cards", {"0"}) ==
             "attempt.json: key 'placement.cards' is a string; expected an array of card numbers");
}

BOOST_AUTO_TEST_CASE(a_specification_of_an_older_ablate_has_a_device_and_threads) {
  Json old = sample_spec().to_json();
  old.erase("placement");
  old["device"] = "cuda";
  old["threads"] = 3;
  const Placement placement = AttemptSpec::from_json(old).placement;
  BOOST_TEST(placement.device() == "cuda");
  BOOST_TEST(placement.threads == 3);
  old["device"] = "tpu";
  BOOST_TEST(error_of(old) ==
             "device: found 'tpu'; expected auto, cpu, cuda, or cuda with cards such as cuda:0");
}

BOOST_AUTO_TEST_CASE(a_device_is_a_kind_with_the_numbers_of_its_cards) {
  for (const char* text : {"auto", "cpu", "cuda", "cuda:0", "cuda:0,12"})
    BOOST_TEST(parse_device(text).device() == text);
  BOOST_CHECK(parse_device("cpu").kind == DeviceKind::cpu);
  BOOST_TEST(parse_device("cuda:3").cards == std::vector<std::int64_t>{3}, boost::test_tools::per_element());
  for (const char* text :
       {"", "tpu", "cpu:0", "cuda:", "cuda:x", "cuda:0,", "cuda:-1", "cuda:0 1", "CUDA", ":0"})
    BOOST_CHECK_THROW(parse_device(text), Error);
}

BOOST_AUTO_TEST_CASE(the_files_of_an_attempt_lie_below_its_job) {
  const JobFolder job{"results/jobs/abc"};
  BOOST_TEST(job.job() == std::filesystem::path("results/jobs/abc/job.json"));
  const AttemptFolder attempt{job.attempt(2)};
  BOOST_TEST(attempt.journal() == std::filesystem::path("results/jobs/abc/2/journal.jsonl"));
}
