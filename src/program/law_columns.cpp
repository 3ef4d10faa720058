#include "program/law_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "law/run_state.hpp"
#include "program/state_flags.hpp"
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

/// Names of one letter have to be spelt exactly: a d may be anything.
bool is_called(const std::string& column, const std::string& name) {
  return column == name || (name.size() > 1 && plain_name(column) == plain_name(name));
}

/// What a column counts, by its name.
std::optional<BatchUnit> unit_in_name(const std::string& column) {
  const std::string plain = plain_name(column);
  const auto has = [&](std::string_view part) { return plain.find(part) != std::string::npos; };
  if (has("token")) return BatchUnit::tokens;
  if (has("seq") || has("sample") || has("example")) return BatchUnit::sequences;
  return std::nullopt;
}

/// The first row in which two columns say different things; null: there is none. A number and a word are not
/// compared, nor is what is no number.
const TableRow* find_difference(const TextTable& table, std::size_t a, std::size_t b, bool other_unit) {
  constexpr double kSame = 1e-6;
  double unit = other_unit ? 0 : 1;  // 0: not known yet.
  for (const TableRow& row : table.rows) {
    const auto first = number_in_cell(row.cells[a]), second = number_in_cell(row.cells[b]);
    if (!first && !second && !other_unit && row.cells[a] != row.cells[b] && !row.cells[a].empty() &&
        !row.cells[b].empty())
      return &row;
    if (!first || !second || !std::isfinite(*first) || !std::isfinite(*second)) continue;
    if (unit == 0 && *second != 0) unit = *first / *second;
    if (std::abs(*first - unit * *second) > kSame * std::abs(*first)) return &row;
  }
  return nullptr;
}

/// The columns that have one of the usual names, from the best names to the vaguest; those of equally good
/// names together.
std::vector<std::vector<std::size_t>> find_known(const std::vector<std::vector<std::string>>& known,
                                                 const TextTable& table) {
  std::vector<std::vector<std::size_t>> found;
  for (const std::vector<std::string>& names : known) {
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      if (std::any_of(names.begin(), names.end(),
                      [&](const std::string& name) { return is_called(table.columns[i], name); }))
        columns.push_back(i);
    if (!columns.empty()) found.push_back(std::move(columns));
  }
  return found;
}

/// The same for what a law is about. Throws Error where another name is as good and says something else; a
/// vaguer one that does is told.
std::string choose_known(const ColumnSpec& spec, const TextTable& table,
                         std::vector<std::string>& passed_over) {
  const auto found = find_known(spec.known, table);
  if (found.empty()) return "";
  const std::size_t best = found.front().front();
  const std::string& name = table.columns[best];
  const bool is_batch = spec.name == &LawColumns::batch;
  const auto difference = [&](std::size_t other) {
    const auto in_tokens = [&](std::size_t column) {
      return unit_in_name(table.columns[column]) == BatchUnit::tokens;
    };
    return find_difference(table, best, other, is_batch && in_tokens(best) != in_tokens(other));
  };
  const auto cell = [&](const TableRow& row, std::size_t column) {
    return printable(one_line(row.cells[column]));
  };
  for (const std::size_t other : found.front())
    if (const TableRow* row = other == best ? nullptr : difference(other)) {
      table.column(name);  // Throws Error where both have this very name.
      throw Error(fmt::format("{}: {} is {} and {} is {}; say which is the {} with {}", table.where(*row),
                              one_line(name), cell(*row, best), one_line(table.columns[other]),
                              cell(*row, other), spec.meaning, spec.option));
    }
  const auto is_own = [&](const std::vector<std::string>& names) {
    return names.front().find('/') != std::string::npos && is_called(name, names.front());
  };
  // Beside its own names, Ablate's exports have values that are known to be others.
  if (std::any_of(spec.known.begin(), spec.known.end(), is_own)) return name;
  for (std::size_t i = 1; i < found.size(); ++i)
    for (const std::size_t other : found[i])
      if (const TableRow* row = difference(other))
        passed_over.push_back(
            fmt::format("{} is taken for the {} and not {}, which differs ({} and {} at {}); {} names the "
                        "column that is meant",
                        one_line(name), spec.meaning, one_line(table.columns[other]), cell(*row, best),
                        cell(*row, other), table.where(*row), spec.option));
  return name;
}

/// Throws Error where several columns look like states and do not say the same: which counts is for the user
/// to say.
void refuse_contradicting_states(const ColumnSpec& spec, const TextTable& table) {
  std::vector<std::string> alike;
  for (const auto& columns : find_known(spec.known, table))
    for (const std::size_t column : columns) alike.push_back(table.columns[column]);
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
  const std::string name = rate.substr(0, slash + 1) + spec.known.front().front();
  return std::find(table.columns.begin(), table.columns.end(), name) != table.columns.end() ? name : "";
}

const ColumnSpec& seq_len_spec() {
  static const ColumnSpec kSpec = {
      "--seq-len",
      "length of a sequence",
      &LawColumns::seq_len,
      {{"seq_len", "seq_length", "sequence_length", "sequence_len"}, {"context_length", "block_size"}}};
  return kSpec;
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
  chosen.columns.seq_len = choose_known(seq_len_spec(), table, chosen.passed_over);
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

/// Names that one run alone has.
const std::vector<std::vector<std::string>> kKeys = {{"key"},  {"job_key"},  {"run_id"},       {"run_uuid"},
                                                     {"uuid"}, {"trial_id"}, {"trial_number"}, {"job_id"},
                                                     {"id"},   {"number"}};
/// Names that one run has, or several: a group's, or the number of a repeat.
const std::vector<std::vector<std::string>> kNames = {
    {"run_name"}, {"run"},      {"trial_name"},      {"trial"}, {"job_name"},  {"job"},
    {"name"},     {"exp_name"}, {"experiment_name"}, {"exp"},   {"experiment"}};
/// How far a run was; "steps" is what a run was meant to have.
const std::vector<std::vector<std::string>> kSteps = {
    {"step", "_step"},
    {"global_step", "trainer/global_step", "train/global_step"},
    {"train_step", "training_step", "training_iteration"},
    {"iteration", "iter"},
    {"update", "updates", "num_updates", "n_updates"},
    {"tokens_seen", "seen_tokens", "num_tokens_seen", "n_tokens_seen", "consumed_tokens", "tokens_consumed",
     "consumed_train_tokens", "tokens_so_far"},
    {"samples_seen", "seen_samples", "consumed_samples", "consumed_train_samples"},
    {"epoch"}};
/// The same of columns that differ between repeats, too: only rows with one name are one run for that.
const std::vector<std::vector<std::string>> kMoments = {
    {"_timestamp", "timestamp", "time_stamp"},
    {"wall_time", "walltime", "wall_clock", "wall_clock_time"},
    {"_runtime", "runtime", "elapsed", "elapsed_time", "time", "date"},
    {"checkpoint", "ckpt", "checkpoint_step", "ckpt_step"}};

/// The first of these columns that says more than one thing, and none that has another role; empty: none.
std::string find_changing(const std::vector<std::vector<std::string>>& known, const TextTable& table,
                          const LawColumns& columns) {
  for (const auto& found : find_known(known, table))
    for (const std::size_t place : found) {
      const std::string& name = table.columns[place];
      const bool changes = std::any_of(table.rows.begin(), table.rows.end(), [&](const TableRow& row) {
        return row.cells[place] != table.rows.front().cells[place];
      });
      if (changes && name != columns.tokens && name != columns.loss && name != columns.batch) return name;
    }
  return "";
}

/// What tells rows of one run apart.
void choose_steps(bool loss_law, const TextTable& table, LawColumns& columns) {
  // In a table of losses alone a name is a model's.
  if (columns.key.empty() && !loss_law) columns.name = find_known_column(kNames, table);
  columns.step = find_changing(kSteps, table, columns);
  const bool has_name = !columns.key.empty() || !columns.name.empty();
  if (columns.step.empty() && has_name && find_known(kSteps, table).empty())
    columns.step = find_changing(kMoments, table, columns);
}

}  // namespace

std::string find_known_column(const std::vector<std::vector<std::string>>& known, const TextTable& table) {
  const auto found = find_known(known, table);
  return found.empty() ? "" : table.columns[found.front().front()];
}

bool has_usual_name(const std::string& column) {
  const auto is_among = [&](const std::vector<std::vector<std::string>>& known) {
    return std::any_of(known.begin(), known.end(), [&](const std::vector<std::string>& names) {
      return std::any_of(names.begin(), names.end(),
                         [&](const std::string& name) { return is_called(column, name); });
    });
  };
  const auto specs = column_specs();
  return is_among(kKeys) || is_among(kNames) || is_among(kSteps) || is_among(kMoments) ||
         std::any_of(specs.begin(), specs.end(),
                     [&](const ColumnSpec& spec) { return is_among(spec.known); });
}

// Before the names that others use stand those of `ablate export runs`.
std::span<const ColumnSpec> column_specs() {
  static const std::vector<ColumnSpec> kSpecs = {
      {"--size",
       "size",
       &LawColumns::params,
       {{"llm/N"},
        {"active_non_embedding_params", "active_non_embedding_parameters", "non_embedding_active_params",
         "activated_non_embedding_params", "N_active", "N_act"},
        // Of a mixture of experts; all of its parameters are in the other columns.
        {"active_params", "active_parameters", "n_active_params", "num_active_params", "n_params_active",
         "num_params_active", "params_active", "activated_params", "activated_parameters",
         "n_activated_params", "num_activated_params", "params_activated", "active_param_count"},
        {"non_embedding_params", "non_embedding_parameters", "non_embed_params", "n_non_embedding_params",
         "num_non_embedding_params", "params_non_embedding", "params_no_embed", "n_params_no_embed",
         "num_params_no_embed"},
        {"N"},
        {"params", "n_params", "num_params", "parameters", "n_parameters", "num_parameters"},
        {"size"}},
       true},
      {"--tokens",
       "tokens",
       &LawColumns::tokens,
       {{"llm/D"}, {"D", "train_tokens", "training_tokens"}, {"tokens", "n_tokens", "num_tokens"}}},
      {"--lr",
       "rate",
       &LawColumns::lr,
       {{"llm/peak_lr"},
        {"peak_lr", "max_lr", "peak_learning_rate", "max_learning_rate"},
        {"learning_rate"},
        {"lr", "eta"}},
       true},
      {"--batch",
       "batch",
       &LawColumns::batch,
       {{"llm/batch_tokens"},
        {"batch_tokens", "B_tokens", "batch_size_tokens", "tokens_per_batch", "tokens_per_step"},
        {"batch_sequences", "global_batch_size"},
        {"batch", "batch_size", "train_batch_size"}}},
      {"--loss",
       "loss",
       &LawColumns::loss,
       {{"heldout-loss/text"},
        {"llm/loss"},
        {"final_val_loss", "final_valid_loss", "final_validation_loss", "final_eval_loss", "final_test_loss",
         "final_heldout_loss"},
        {"val_loss", "valid_loss", "validation_loss", "eval_loss", "evaluation_loss", "dev_loss", "test_loss",
         "heldout_loss", "held_out_loss"},
        {"final_loss"},
        {"loss"},
        {"final_train_loss"},
        {"train_loss", "training_loss"}},
       true},
      {"--weight", "repeats", &LawColumns::weight, {}},
      {"--weight-decay", "weight decay", &LawColumns::weight_decay, {{"llm/weight_decay"}, {"weight_decay"}}},
      {"--schedule", "schedule", &LawColumns::schedule, {{"llm/schedule"}, {"lr_schedule"}, {"schedule"}}},
      {"--diverged", "diverged", &LawColumns::diverged, {{"diverged"}, {"is_diverged", "has_diverged"}}},
      {"--state",
       "state",
       &LawColumns::state,
       {{"state", "status"},
        {"run_state", "run_status"},
        {"job_state", "job_status"},
        {"trial_state", "trial_status"},
        {"final_state", "final_status"}}},
      {"--seed", "seed", &LawColumns::seed, {{"seed"}, {"random_seed"}}},
      {"--key", "run's key", &LawColumns::key, kKeys},
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
    if (name.empty() && is_state) refuse_contradicting_states(spec, table);
    if (name.empty())
      name = is_state || is_key ? find_known_column(spec.known, table)
                                : choose_known(spec, table, chosen.passed_over);
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
  if (!optima && request.named.key != kNoColumn) choose_steps(loss_law, table, chosen.columns);
  // A loss law takes the lowest loss of each size, whatever the rates were.
  if (loss_law && chosen.columns.lr.empty()) chosen.columns.lr = chosen.columns.params;
  chosen.note = join(parts, ", ");
  if (!optima && request.named.state.empty())
    add_state_flags(table, chosen.columns, chosen.note, chosen.unclear_states);
  return chosen;
}

}  // namespace ablate
