// A database with a small planned sweep, and what makes its attempts move.
#pragma once

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "journal/event.hpp"
#include "scratch.hpp"
#include "store/intake.hpp"
#include "store/query.hpp"
#include "store/results.hpp"
#include "store/sweeps.hpp"

namespace ablate {

/// Two connectors x two seeds. An encoder per seed is shared by both connectors; each run has a vlm and an
/// eval of its own: jobs 1 encoder(0), 2 vlm, 3 eval, 4 vlm, 5 eval, 6 encoder(1), 7 vlm, ...
inline Plan small_plan(const std::string& salt = "") {
  Plan plan;
  plan.sweep = "connector";
  plan.axes = {{"connector.kind", {"mlp", "c-abstractor"}}, {"connector.tokens", {"64"}}};
  plan.cells = {{{0, -1}, ""}, {{1, 0}, "the \"big\" one"}};
  plan.seeds = {0, 0xffffffffffffffffu};
  for (const char* json : {R"({"width":64})", R"({"kind":"mlp"})", R"({"kind":"c-abstractor"})"})
    plan.parts.push_back({plan.parts.empty() ? "encoder" : "connector", json, hash128(json)});
  const auto add = [&](Stage stage, const std::string& name, std::uint64_t seed,
                       std::vector<std::uint32_t> parts, std::vector<std::uint32_t> parents) {
    PlannedJob job;
    job.key = hash128(fmt::format("{}{}{}", salt, name, seed));
    job.stage = stage;
    job.task = stage == Stage::eval ? "caption" : "";
    job.seed = seed;
    job.parts = std::move(parts);
    job.parents = std::move(parents);
    job.steps = stage == Stage::eval ? 0 : 1000;
    job.cost = {1e6, 4e12, 1e9};
    plan.jobs.push_back(job);
    return static_cast<std::uint32_t>(plan.jobs.size() - 1);
  };
  for (const std::uint64_t seed : plan.seeds) {
    const auto encoder = add(Stage::encoder, "encoder", seed, {0}, {});
    for (std::uint32_t cell = 0; cell < 2; ++cell) {
      const auto vlm = add(Stage::vlm, fmt::format("vlm{}", cell), seed, {0, 1 + cell}, {encoder});
      const auto eval = add(Stage::eval, fmt::format("eval{}", cell), seed, {}, {vlm});
      for (const std::uint32_t job : {encoder, vlm, eval}) plan.replicate_jobs.push_back(job);
      plan.replicate_begin.push_back(plan.replicate_jobs.size());
    }
  }
  return plan;
}

struct Store : Scratch {
  Store() {
    sweep = save_plan(database, small_plan(), path / "connector.toml", {{"retries", 2}}, 100).sweep_id;
  }

  JobRecord job(std::int64_t id) { return get_job(database, std::to_string(id)); }
  /// Starts the job's next attempt and makes its folder.
  AttemptRecord begin(std::int64_t job_id, double now = 1000, const std::string& device = "cpu") {
    if (invocation == 0)
      invocation = begin_invocation(database, {{"ablate", "run"}, "/", "host", "user", "1", "r"}, 1);
    Placement placement = parse_device(device);
    placement.threads = 2;
    auto attempt = begin_attempt(database, job(job_id), invocation, placement, now);
    BOOST_REQUIRE(attempt);
    record_submission(database, *attempt, "4711", /*is_running=*/true, now);
    std::filesystem::create_directories(path / "results" / attempt->folder);
    return *attempt;
  }
  bool end(const AttemptRecord& attempt, AttemptState state, JobState job_state, double now = 2000) {
    AttemptEnd ending;
    ending.state = state;
    ending.job_state = job_state;
    return end_attempt(database, attempt.id, ending, now);
  }
  /// Lines in braces, so that they are made, and numbered, from left to right.
  void append(const AttemptRecord& attempt, std::initializer_list<std::string> lines) const {
    std::ofstream file(path / "results" / attempt.folder / "journal.jsonl", std::ios::binary | std::ios::app);
    for (const std::string& line : lines) file << line;
  }

  std::int64_t count(const std::string& sql) {
    Query query(database, sql.c_str());
    BOOST_REQUIRE(query.step());
    return query.integer(0);
  }
  std::string text(const std::string& sql) {
    Query query(database, sql.c_str());
    BOOST_REQUIRE(query.step());
    return query.text(0);
  }
  /// A curve as text: "10:0.5 20:0.25".
  std::string curve(std::int64_t job_id, const std::string& metric) {
    std::string result;
    for (const CurvePoint& point : load_curve(database, job_id, metric))
      result += fmt::format("{}{}:{}", result.empty() ? "" : " ", point.step, point.value);
    return result;
  }
  /// A summary as text: "points last_step last min max".
  std::string summary(std::int64_t job_id, const std::string& metric) {
    Query query(database,
                "SELECT m.points, m.last_step, m.last_value, m.min_value, m.max_value FROM metric_summary m"
                " JOIN metric_name n ON n.id = m.name_id WHERE m.job_id = ? AND n.name = ?",
                job_id, metric);
    if (!query.step()) return "none";
    return fmt::format("{} {} {} {} {}", query.integer(0), query.integer(1), query.real(2), query.real(3),
                       query.real(4));
  }

  Database database{path / "results" / "ablate.db", Database::Mode::read_write};
  std::int64_t sweep = 0, invocation = 0;
};

/// Lines of a journal, numbered from 1.
struct Lines {
  std::int64_t seq = 0;
  std::string add(Event event) {
    event.seq = ++seq;
    event.time = 1000.0 + static_cast<double>(seq);
    return format_event(event) + "\n";
  }
  std::string started(std::int64_t attempt, std::int64_t step = 0) {
    return add(
        {.what = StartedEvent{attempt, step, 1000, {{"pid", 42}, {"host", "node1"}, {"torch", "2.5"}}}});
  }
  std::string metric(std::int64_t step, double value, const std::string& name = "loss") {
    return add({.what = MetricEvent{step, {{name, value}}}});
  }
  std::string checkpoint(std::int64_t step) {
    return add({.what = CheckpointEvent{step, fmt::format("checkpoint-{}", step)}});
  }
  std::string score(const std::string& name, double value) {
    return add({.what = ScoreEvent{name, value, 100, 0.1}});
  }
  std::string finished(std::int64_t step) { return add({.what = FinishedEvent{step, {{"seconds", 12.5}}}}); }
  std::string failed(FailureKind failure, const std::string& message) {
    return add({.what = FailedEvent{0, failure, message}});
  }
};

}  // namespace ablate
