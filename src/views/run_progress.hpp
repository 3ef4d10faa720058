// What `ablate run` shows while it works: bars on a terminal, one line for each event elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/bar.hpp"
#include "schedule/estimate.hpp"
#include "schedule/progress.hpp"
#include "store/database.hpp"
#include "util/clock.hpp"

namespace ablate {

class RunProgress final : public Progress {
 public:
  /// `speed`: of a slot, as measured before this `ablate run`.
  RunProgress(Database& database, std::int64_t sweep_id, SlotSpeed speed, const Clock& clock, bool quiet);

  void queued(const JobRecord& job, const AttemptRecord& attempt) override;
  void started(const JobRecord& job, const AttemptRecord& attempt) override;
  void adopted(const JobRecord& job, const AttemptRecord& attempt) override;
  void ended(const JobRecord& job, const AttemptRecord& attempt, JobState next) override;
  void tick() override;
  void note(const std::string& text) override;

  /// Takes the bars away.
  void finish() { lines_.clear(); }

 private:
  void say(const std::string& line);
  std::vector<std::string> view();
  void measure(std::int64_t num_finished);
  Database& database_;
  std::int64_t sweep_id_;
  const Clock& clock_;
  bool quiet_;
  Terminal terminal_;
  LiveLines lines_;
  std::int64_t jobs_ = 0, finished_ = 0;  ///< Of the sweep, kept up to date with each event.
  std::vector<StageProgress> start_;
  SlotSpeed speed_;
  std::int64_t measured_finished_ = 0;  ///< Jobs that were finished when speed_ was measured.
  double began_ = 0, drawn_ = 0, measured_ = 0;
};

}  // namespace ablate
