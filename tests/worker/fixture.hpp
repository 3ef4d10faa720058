// Job folders for a worker, and what it journalled.
#pragma once

#include <boost/test/unit_test.hpp>
#include <functional>
#include <string>

#include "journal/attempt_folder.hpp"
#include "journal/reader.hpp"
#include "scratch.hpp"
#include "worker/worker.hpp"

namespace ablate {

/// Whether a message has a part; shows it where not.
inline bool has(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return true;
  BOOST_TEST_MESSAGE(text);
  return false;
}

struct WorkerFixture {
  static Json demo_job(std::int64_t resolution = 8, std::int64_t steps = 40) {
    return {{"key", "demo"},
            {"stage", "demo"},
            {"task", ""},
            {"seed", 0},
            {"steps", steps},
            {"config",
             {{"demo",
               {{"resolution", resolution},
                {"width", 32},
                {"steps", steps},
                {"batch", 32},
                {"noise", 0.5},
                {"peak_lr", 0.1}}}}},
            {"parents", Json::object()}};
  }
  static Json eval_job(const std::string& task) {
    return {{"key", "eval"},
            {"stage", "eval"},
            {"task", task},
            {"seed", 0},
            {"steps", 0},
            {"config", {{"eval", {{"max_examples", 1000}}}}},
            {"parents", {{"demo", "demo"}}}};
  }
  std::filesystem::path job_folder(const std::string& name) const { return scratch.path / name; }
  AttemptFolder attempt(const std::string& name, std::int64_t number = 1) const {
    return {JobFolder{job_folder(name)}.attempt(number)};
  }
  void write_job(const std::string& name, const Json& job) const {
    scratch.write(name + "/job.json", job.dump());
  }

  /// Writes the attempt's settings and runs it.
  int run(
      const std::string& name, std::int64_t number = 1,
      const std::function<void(AttemptSpec&)>& change = [](AttemptSpec&) {}) const {
    AttemptSpec spec;
    spec.attempt = number;
    spec.run = {{"log_interval", 1}, {"checkpoint_interval", 10}};
    change(spec);
    scratch.write(name + "/" + std::to_string(number) + "/attempt.json", spec.to_json().dump());
    return run_worker(job_folder(name), number);
  }
  std::vector<Event> journal(const std::string& name, std::int64_t number = 1) const {
    return read_journal(attempt(name, number).journal(), {}, /*ended=*/true).events;
  }
  std::vector<MetricEvent> metrics(const std::string& name, std::int64_t number = 1) const {
    return all<MetricEvent>(name, number);
  }
  /// What its journal has of one kind.
  template <typename T>
  std::vector<T> all(const std::string& name, std::int64_t number = 1) const {
    std::vector<T> found;
    for (const Event& event : journal(name, number))
      if (const T* what = event.find<T>()) found.push_back(*what);
    return found;
  }
  /// The last word of its journal; throws std::bad_variant_access when that is of another kind.
  template <typename T>
  T last(const std::string& name, std::int64_t number = 1) const {
    return std::get<T>(journal(name, number).back().what);
  }
  Scratch scratch;
};

}  // namespace ablate
