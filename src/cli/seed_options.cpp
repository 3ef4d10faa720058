#include "cli/seed_options.hpp"

#include <fmt/format.h>

#include <charconv>

#include "util/error.hpp"
#include "util/text.hpp"
#include "views/seed_cells.hpp"

namespace ablate {

namespace {

constexpr const char* kOfFile = "file";

/// The K of "+K".
std::int64_t parse_more(const std::string& text) {
  constexpr std::int64_t kMost = 10'000;
  std::int64_t more = 0;
  const char* const end = text.data() + text.size();
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-')
    if (const auto [at, error] = std::from_chars(text.data() + 1, end, more);
        error == std::errc() && at == end && more >= 1 && more <= kMost)
      return more;
  throw Error(fmt::format("--seeds is '{}'; expected +K for K more seeds, +1 to +{}, or '{}'",
                          printable(text), kMost, kOfFile));
}

}  // namespace

std::vector<OptionSpec> seed_options(const std::string& cells) {
  return {
      value("--seeds", ValueType::text, "+K",
            "add K seeds to what the sweep has; 'file': take back what was added [what it has]"),
      value(cells, ValueType::text, "CELLS",
            "cells that get them: \"best N by SCORE\", numbers, labels or AXIS=LEVEL,...; with ';' between "
            "several [all]")};
}

SeedChange chosen_seeds(const Arguments& arguments, const std::string& cells) {
  SeedChange change;
  const auto seeds = arguments.find_text("--seeds"), chosen = arguments.find_text(cells);
  change.take_back = seeds == kOfFile;
  if (seeds && !change.take_back) change.more = parse_more(*seeds);
  if (!chosen) return change;
  if (change.more == 0)
    throw Error(fmt::format("{} limits the seeds that are added; expected --seeds +K beside it", cells));
  std::vector<std::string> texts;
  for (const std::string& text : split(*chosen, ';'))
    if (const std::string_view seen = trim_unseen(text); !seen.empty()) texts.emplace_back(seen);
  if (texts.empty())
    throw Error(
        fmt::format("{} is '{}', which names no cell; expected \"best 3 by SCORE\", a number, a label or "
                    "levels",
                    cells, printable(*chosen)));
  change.cells = [texts](const Plan& plan, Database* database, const SweepRecord* saved) {
    return choose_seed_cells(texts, plan, database, saved);
  };
  return change;
}

}  // namespace ablate
