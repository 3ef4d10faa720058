#include "law/run_names.hpp"

#include <fmt/format.h>

#include <cmath>

#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

bool alike(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

/// All that is set but the tokens, as one text.
std::string settings_text(const LawRun& run) {
  return fmt::format("{} {} {} {}\x1f{}\x1f{}", run.params, run.lr, run.batch, run.weight_decay, run.schedule,
                     run.seed);
}

bool tells_the_same(const LawRun& a, const LawRun& b) {
  return alike(a.params, b.params) && alike(a.tokens, b.tokens) && alike(a.lr, b.lr) &&
         alike(a.batch, b.batch) && alike(a.loss, b.loss) && a.weight == b.weight && a.seed == b.seed &&
         a.diverged == b.diverged;
}

/// What a row tells of its run.
std::string values_of(const LawRun& run) {
  return fmt::format("size {:.6g}, tokens {:.6g}, rate {:.6g}, batch {:.6g}, loss {:.6g}, {} of seed '{}'",
                     run.params, run.tokens, run.lr, run.batch, run.loss,
                     count_of(static_cast<std::int64_t>(run.weight), "run"), run.seed);
}

}  // namespace

bool RunRows::add(const LawRun& run, const RowNames& names) {
  if (!names.key.empty()) return add_to_key(run, names);
  const auto [place, is_new] =
      of_settings_.try_emplace(fmt::format("{} {}\x1f{}", run.tokens, settings_text(run), names.name),
                               Row{run, std::string(names.step)});
  if (!is_new) {
    const auto& [first, step] = place->second;
    if (step != names.step)
      refuse_history(
          run, first, names.name,
          fmt::format("{} '{}' and '{}'", one_line(columns_.step), printable(names.step), printable(step)));
    if (!names.name.empty() && ++repeated_ == 1)
      repeated_where_ = fmt::format("{} and {}, '{}'", first.where, run.where, printable(names.name));
  }
  if (names.name.empty()) return true;
  Named& named = of_name_.try_emplace(std::string(names.name), Named{run, {}}).first->second;
  named.settings_differ = named.settings_differ || settings_text(run) != settings_text(named.first);
  if (!named.is_later && run.tokens != named.first.tokens) named.later = run, named.is_later = true;
  return true;
}

bool RunRows::add_to_key(const LawRun& run, const RowNames& names) {
  const auto [place, is_new] = of_key_.try_emplace(std::string(names.key), Row{run, std::string(names.step)});
  if (is_new) return true;
  const auto& [first, step] = place->second;
  if (step == names.step && tells_the_same(run, first)) return false;
  if (settings_text(run) == settings_text(first)) {
    if (step != names.step)
      refuse_history(
          run, first, names.key,
          fmt::format("{} '{}' and '{}'", one_line(columns_.step), printable(names.step), printable(step)));
    if (run.tokens != first.tokens)
      refuse_history(run, first, names.key,
                     fmt::format("tokens {:.6g} and {:.6g}", run.tokens, first.tokens));
  }
  throw Error(
      fmt::format("{}: run '{}' has {}; {} says {}; expected one row, or equal ones, for a run: "
                  "--key names the column that tells runs apart, --key none counts every row",
                  run.where, printable(names.key), values_of(run), first.where, values_of(first)));
}

void RunRows::refuse_history(const LawRun& run, const LawRun& first, std::string_view name,
                             const std::string& what) const {
  throw Error(fmt::format(
      "{} and {}: one run{} has {}; expected the last row of each run, and not its "
      "history: --key names the column that tells runs apart, --key none counts every row",
      run.where, first.where, name.empty() ? std::string() : fmt::format(", '{}',", printable(name)), what));
}

std::string RunRows::finish() const {
  for (const auto& [name, named] : of_name_)
    if (named.is_later && !named.settings_differ)
      refuse_history(named.later, named.first, name,
                     fmt::format("tokens {:.6g} and {:.6g}", named.later.tokens, named.first.tokens));
  if (repeated_ == 0) return {};
  return fmt::format(
      "{} what another one has in {}, and the same settings ({}): counted as repeats; if a run is listed "
      "twice, --key {} says that this column names runs; --key none that every row is a run",
      repeated_ == 1 ? "1 row has" : fmt::format("{} rows have", repeated_), one_line(columns_.name),
      repeated_where_, one_line(columns_.name));
}

}  // namespace ablate
