#include "store/outcomes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "journal/attempt_folder.hpp"
#include "store/query.hpp"

namespace ablate {

namespace {

/// A score, and what its row says of its outcomes.
struct KeptScore {
  std::string name;
  double value = 0;
  std::int64_t n = 0;
  std::string folder, hash;
};

std::vector<KeptScore> load_kept_scores(Database& database, std::int64_t job_id) {
  std::vector<KeptScore> scores;
  Query query(
      database,
      "SELECT s.name, s.value, s.n, a.folder, s.outcomes FROM score_value s JOIN attempt a"
      " ON a.job_id = s.job_id AND a.number = s.attempt WHERE s.job_id = ? AND s.outcomes IS NOT NULL",
      job_id);
  while (query.step())
    scores.push_back({query.text(0), query.real(1), query.integer(2), query.text(3), query.text(4)});
  return scores;
}

/// The score that single examples make; NaN for none.
double score_of(const ExampleOutcomes& outcomes) {
  double sum = 0, weights = 0;
  for (std::size_t i = 0; i < outcomes.values.size(); ++i) {
    const double weight = outcomes.weights.empty() ? 1 : double{outcomes.weights[i]};
    sum += weight * double{outcomes.values[i]};
    weights += weight;
  }
  return sum / weights;
}

void check_score(const KeptScore& score, const ExampleOutcomes& outcomes, const std::string& file) {
  constexpr double kSinglePrecision = 1e-5;  // Outcomes are kept in it; sums of any sign lose a little more.
  const double found = score_of(outcomes);
  double largest = std::abs(score.value);
  for (const float value : outcomes.values) largest = std::max(largest, std::abs(double{value}));
  if (std::ssize(outcomes.values) == score.n && std::abs(found - score.value) <= kSinglePrecision * largest)
    return;
  throw Error(fmt::format(
      "{}: its outcomes of '{}' are {} examples with the mean {:.6g}; expected {} with {:.6g}, the score of "
      "the database",
      file, score.name, outcomes.values.size(), found, score.n, score.value));
}

}  // namespace

std::map<std::string, ExampleOutcomes> load_outcomes(Database& database, std::int64_t job_id) {
  std::map<std::string, ExampleOutcomes> found;
  std::string file, hash;
  std::vector<ExampleOutcomes> read;
  for (const KeptScore& score : load_kept_scores(database, job_id)) {
    const std::string path = AttemptFolder{database.folder() / score.folder}.outcomes().string();
    if (path != file || score.hash != hash) read = read_outcomes(path, score.hash);
    file = path;
    hash = score.hash;
    const auto own = std::find_if(read.begin(), read.end(),
                                  [&](const ExampleOutcomes& one) { return one.score == score.name; });
    if (own == read.end())
      throw Error(fmt::format("{}: has no outcomes of '{}', which it was written with", file, score.name));
    check_score(score, *own, file);
    found[score.name] = *own;
  }
  return found;
}

}  // namespace ablate
