#include "program/law_columns.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "law/run_state.hpp"
#include "util/text.hpp"

namespace ablate {

template <>
std::span<const Named<BatchUnit>> names_of<BatchUnit>() {
  using enum BatchUnit;
  static constexpr Named<BatchUnit> kTable[] = {{"tokens", tokens}, {"sequences", sequences}};
  return kTable;
}

namespace {

constexpr const char* kNoColumn = "none";

/// A name as it is compared: spreadsheets and trackers write "Learning Rate", "LR", "val-loss".
std::string plain_name(std::string_view name) {
  std::string plain = lower_case(name);
  std::replace_if(
      plain.begin(), plain.end(), [](char c) { return c == ' ' || c == '-'; }, '_');
  return plain;
}

/// The column that has one of the usual names, as it is spelt there; empty: none. Names of one letter have
/// to be spelt exactly: a d may be anything.
std::string find_known(const std::vector<std::string>& known, const TextTable& table,
                       const std::string& option) {
  for (const std::string& name : known)
    if (std::find(table.columns.begin(), table.columns.end(), name) != table.columns.end()) return name;
  for (const std::string& name : known) {
    std::vector<std::string> alike;
    for (const std::string& column : table.columns)
      if (name.size() > 1 && plain_name(column) == plain_name(name)) alike.push_back(column);
    if (alike.size() > 1)
      throw Error(fmt::format("{}: the columns '{}' are alike; say which with {}", table.name,
                              one_line(join(alike, "' and '")), option));
    if (!alike.empty()) return alike.front();
  }
  return "";
}

/// Throws Error where several columns look like states and do not say the same: which counts is for the user
/// to say.
void refuse_contradicting_states(const std::vector<std::string>& known, const TextTable& table) {
  std::vector<std::string> alike;
  for (const std::string& column : table.columns)
    if (std::find(known.begin(), known.end(), plain_name(column)) != known.end()) alike.push_back(column);
  for (std::size_t i = 1; i < alike.size(); ++i) {
    const std::size_t first = table.column(alike[0]), other = table.column(alike[i]);
    for (const TableRow& row : table.rows)
      if (parse_run_state(row.cells[first]) != parse_run_state(row.cells[other]))
        throw Error(fmt::format("{}: {} is '{}' and {} is '{}'; say which column counts with --state",
                                table.where(row), one_line(alike[0]), printable(one_line(row.cells[first])),
                                one_line(alike[i]), printable(one_line(row.cells[other]))));
  }
}

/// Throws Error where --seq-len contradicts a column.
void check_seq_len(const ColumnRequest& request, const TextTable& table, const std::string& column) {
  const auto said = request.seq_len;
  const std::size_t place = table.column(column);
  for (const TableRow& row : table.rows)
    if (const auto found = parse_amount(row.cells[place]);
        said && found && *found != static_cast<double>(*said))
      throw Error(fmt::format("{}: {} is {}, and --seq-len says {}; expected one length of a sequence",
                              table.where(row), one_line(column), shortest(*found), *said));
}

/// The column of the stage that a search is about, where an export of runs has one for each: "llm/state" if
/// the rate is in "llm/peak_lr"; empty: none.
std::string find_of_stage(const ColumnSpec& spec, const TextTable& table, const std::string& rate) {
  const std::size_t slash = rate.find('/');
  if (slash == std::string::npos) return "";
  const std::string name = rate.substr(0, slash + 1) + spec.known.front();
  return std::find(table.columns.begin(), table.columns.end(), name) != table.columns.end() ? name : "";
}

/// What the name of a column says that it counts.
std::optional<BatchUnit> unit_in_name(const std::string& column) {
  const std::string plain = plain_name(column);
  const auto has = [&](std::string_view part) { return plain.find(part) != std::string::npos; };
  if (has("token")) return BatchUnit::tokens;
  if (has("seq") || has("sample") || has("example")) return BatchUnit::sequences;
  return std::nullopt;
}

/// The unit of a batch column; sequences need their length.
void choose_batch_unit(const ColumnRequest& request, const TextTable& table, ChosenColumns& chosen) {
  const std::string& column = chosen.columns.batch;
  const auto said = request.batch_unit, named = unit_in_name(column);
  if (!said && !named)
    throw Error(
        fmt::format("{}: does the column '{}' count tokens or sequences? --batch-unit tokens says the one, "
                    "--batch-unit sequences and --seq-len the other",
                    table.name, one_line(column)));
  if (said && named && *said != *named && !request.has_target_batch)
    throw Error(fmt::format("{}: the column '{}' counts {} by its name, and --batch-unit says {}", table.name,
                            one_line(column), to_name(*named), to_name(*said)));
  if (named.value_or(*said) == BatchUnit::tokens) return;
  chosen.columns.seq_len =
      find_known({"seq_len", "seq_length", "sequence_length", "sequence_len", "context_length", "block_size"},
                 table, "--seq-len");
  if (!chosen.columns.seq_len.empty()) return check_seq_len(request, table, chosen.columns.seq_len);
  chosen.seq_len = request.seq_len.value_or(0);
  if (chosen.seq_len == 0)
    throw Error(fmt::format(
        "{}: the batch in column '{}' is counted in sequences; expected --seq-len, or a column seq_len",
        table.name, one_line(column)));
}

std::string batch_words(const ChosenColumns& chosen) {
  if (!chosen.columns.seq_len.empty())
    return fmt::format("batch in sequences of {} tokens", one_line(chosen.columns.seq_len));
  return chosen.seq_len > 0 ? fmt::format("batch in sequences of {} tokens", with_commas(chosen.seq_len))
                            : "batch in tokens";
}

}  // namespace

// Before the names that others use stand those of `ablate export runs`.
std::span<const ColumnSpec> column_specs() {
  static const std::vector<ColumnSpec> kSpecs = {
      {"--size",
       "size",
       &LawColumns::params,
       {"llm/N", "N", "non_embedding_params", "params", "n_params", "num_params", "parameters", "size"},
       true},
      {"--tokens",
       "tokens",
       &LawColumns::tokens,
       {"llm/D", "D", "tokens", "n_tokens", "num_tokens", "train_tokens"}},
      {"--lr",
       "rate",
       &LawColumns::lr,
       {"llm/peak_lr", "lr", "learning_rate", "peak_lr", "max_lr", "eta"},
       true},
      {"--batch",
       "batch",
       &LawColumns::batch,
       {"llm/batch_tokens", "batch_tokens", "B_tokens", "batch_size_tokens", "tokens_per_batch",
        "tokens_per_step", "batch_sequences", "batch", "batch_size", "global_batch_size",
        "train_batch_size"}},
      {"--loss",
       "loss",
       &LawColumns::loss,
       {"heldout-loss/text", "llm/loss", "val_loss", "valid_loss", "eval_loss", "final_loss", "loss",
        "train_loss"},
       true},
      {"--weight", "repeats", &LawColumns::weight, {}},
      {"--weight-decay", "weight decay", &LawColumns::weight_decay, {"llm/weight_decay", "weight_decay"}},
      {"--schedule", "schedule", &LawColumns::schedule, {"llm/schedule", "schedule", "lr_schedule"}},
      {"--diverged", "diverged", &LawColumns::diverged, {"diverged"}},
      {"--state", "state", &LawColumns::state, {"state", "status"}},
      {"--seed", "seed", &LawColumns::seed, {"seed", "random_seed"}},
      {"--key", "run's key", &LawColumns::key, {"key", "job_key", "run_id"}},
  };
  return kSpecs;
}

ChosenColumns choose_columns(const ColumnRequest& request, const TextTable& table) {
  const bool loss_law = request.loss_law, optima = request.optima;
  ChosenColumns chosen;
  std::vector<std::string> parts;
  for (const ColumnSpec& spec : column_specs()) {
    const bool is_state = spec.name == &LawColumns::state, is_key = spec.name == &LawColumns::key,
               is_seed = spec.name == &LawColumns::seed;
    if (optima && (is_state || is_key || spec.name == &LawColumns::loss || is_seed)) continue;
    std::string& name = chosen.columns.*spec.name;
    name = request.named.*spec.name;
    const bool none = (is_state || is_key || is_seed) && name == kNoColumn;
    if (name.empty() && (is_state || is_key)) name = find_of_stage(spec, table, chosen.columns.lr);
    if (name.empty() && is_state) refuse_contradicting_states(spec.known, table);
    if (name.empty()) name = find_known(spec.known, table, spec.option);
    if (none) name.clear();
    const bool required = spec.required && !(loss_law && spec.name == &LawColumns::lr);
    if (name.empty() && required)
      throw Error(fmt::format("{}: no column is known to hold the {}; name one with {}; there are: {}",
                              table.name, spec.meaning, spec.option, one_line(join(table.columns, ", "))));
    if (name.empty()) continue;
    std::string meaning = spec.meaning;
    if (spec.name == &LawColumns::batch && !loss_law) {  // To a loss law a batch is a setting like any other.
      choose_batch_unit(request, table, chosen);
      meaning = batch_words(chosen);
    }
    parts.push_back(fmt::format("{} is the {}", one_line(name), meaning));
  }
  if (const auto& flops = request.flops) {
    if (!chosen.columns.tokens.empty())
      throw Error(fmt::format("{}: --flops and --tokens both tell the tokens; expected one", table.name));
    chosen.columns.tokens = *flops;
    parts.push_back(one_line(*flops) + " is 6 N D");
  }
  // A loss law takes the lowest loss of each size, whatever the rates were.
  if (loss_law && chosen.columns.lr.empty()) chosen.columns.lr = chosen.columns.params;
  chosen.note = join(parts, ", ");
  return chosen;
}

}  // namespace ablate
