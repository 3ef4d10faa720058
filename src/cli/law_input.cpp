#include "cli/law_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "cli/common.hpp"
#include "cli/early_stop.hpp"
#include "cli/output.hpp"
#include "config/resolved.hpp"
#include "law/table_reader.hpp"
#include "plan/cost.hpp"
#include "store/law_runs.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kMaxBytes = std::size_t{256} << 20;
constexpr const char* kHeldOut = "heldout-loss/text";

/// One column: its option, what it holds, and the names under which it is found without being told.
struct ColumnSpec {
  const char* option;
  const char* meaning;
  std::string LawColumns::*name;
  std::vector<std::string> known;
  bool required = false;
};

const std::vector<ColumnSpec>& column_specs() {
  static const std::vector<ColumnSpec> kSpecs = {
      {"--size",
       "size",
       &LawColumns::params,
       {"N", "params", "n_params", "num_params", "parameters", "non_embedding_params", "size"},
       true},
      {"--tokens", "tokens", &LawColumns::tokens, {"D", "tokens", "n_tokens", "num_tokens", "train_tokens"}},
      {"--lr", "rate", &LawColumns::lr, {"lr", "learning_rate", "peak_lr", "max_lr", "eta"}, true},
      {"--batch",
       "batch",
       &LawColumns::batch,
       {"batch_tokens", "B_tokens", "batch_size_tokens", "tokens_per_batch", "tokens_per_step", "batch"}},
      {"--loss",
       "loss",
       &LawColumns::loss,
       {"loss", "final_loss", "val_loss", "valid_loss", "eval_loss", "train_loss"},
       true},
      {"--weight", "repeats", &LawColumns::weight, {}},
      {"--weight-decay", "weight decay", &LawColumns::weight_decay, {"weight_decay"}},
      {"--schedule", "schedule", &LawColumns::schedule, {"schedule", "lr_schedule"}},
      {"--diverged", "diverged", &LawColumns::diverged, {"diverged"}},
  };
  return kSpecs;
}

bool is_json(const std::string& name) {
  return name.ends_with(".jsonl") || name.ends_with(".ndjson") || name.ends_with(".json");
}

/// The names of the columns, from the beginning of the text; none when that cannot be read: whoever reads all
/// of it says why.
std::vector<std::string> columns_of(const std::string& text, const std::string& name) {
  const std::size_t first = text.find('\n');
  const std::size_t second = first == std::string::npos ? first : text.find('\n', first + 1);
  try {
    const std::string_view head = std::string_view(text).substr(0, second);
    return (is_json(name) ? parse_jsonl(head, name) : parse_csv(head, name)).columns;
  } catch (const Error&) {
    return {};
  }
}

/// The word of an option that names a column: with a target, the one that is no number.
std::optional<std::string> named_column(const Arguments& arguments, const std::string& option) {
  std::optional<std::string> found;
  for (const std::string& word : arguments.list(option)) {
    if (parse_amount(word) && (option == "--tokens" || option == "--batch")) continue;
    if (found) throw Error(fmt::format("{} names two columns: '{}' and '{}'", option, *found, word));
    found = word;
  }
  return found;
}

struct ChosenColumns {
  LawColumns columns;
  std::string note;  ///< "N is the size, D the tokens, ..."
};

ChosenColumns choose_columns(const Arguments& arguments, const std::vector<std::string>& header,
                             const std::string& source) {
  const bool loss_law = arguments.flag("--loss-law"), optima = arguments.flag("--optima");
  ChosenColumns chosen;
  std::vector<std::string> parts;
  for (const ColumnSpec& spec : column_specs()) {
    if (optima && spec.name == &LawColumns::loss) continue;
    std::string& name = chosen.columns.*spec.name;
    const auto named = named_column(arguments, spec.option);
    name = named.value_or("");
    for (std::size_t i = 0; i < spec.known.size() && name.empty(); ++i)
      if (std::find(header.begin(), header.end(), spec.known[i]) != header.end()) name = spec.known[i];
    const bool required = spec.required && !(loss_law && spec.name == &LawColumns::lr);
    if (name.empty() && required && !header.empty())
      throw Error(fmt::format("{}: no column is known to hold the {}; name one with {}; there are: {}",
                              source, spec.meaning, spec.option, join(header, ", ")));
    if (name.empty() && required) name = spec.known.front();
    if (!name.empty()) parts.push_back(fmt::format("{} is the {}", one_line(name), spec.meaning));
  }
  if (const auto flops = arguments.find_text("--flops")) {
    if (!chosen.columns.tokens.empty())
      throw Error(fmt::format("{}: --flops and --tokens both tell the tokens; expected one", source));
    chosen.columns.tokens = *flops;
    parts.push_back(one_line(*flops) + " is 6 N D");
  }
  // A loss law takes the lowest loss of each size, whatever the rates were.
  if (loss_law && chosen.columns.lr.empty()) chosen.columns.lr = chosen.columns.params;
  chosen.note = join(parts, ", ");
  return chosen;
}

LawInput read_file_input(const Arguments& arguments, const std::string& source) {
  LawInput input;
  input.name = one_line(source);
  input.is_optima = arguments.flag("--optima");
  const std::string text = read_file(source, kMaxBytes);
  const ChosenColumns chosen = choose_columns(arguments, columns_of(text, source), source);
  input.notes.push_back("columns: " + chosen.note);
  if (input.is_optima)
    input.optima = parse_law_optima(text, source, chosen.columns);
  else
    input.runs = parse_law_runs(text, source, chosen.columns);
  // MM1's 0.1 lr, written as what a step takes off, is lambda = 0.1.
  if (arguments.text("--decay-form") == "independent")
    for (LawRun& run : input.runs)  // Six digits: one rule is one value, whatever its rounding in the file.
      run.weight_decay = std::stod(fmt::format("{:.6g}", run.weight_decay / run.lr));
  if (arguments.has("--flops"))
    for (LawRun& run : input.runs) run.tokens /= 6 * run.params;
  return input;
}

/// The value that counts as a run's loss; nothing when it has none.
std::optional<double> loss_of(const TrainedJob& job, const std::string& value) {
  for (const auto* values : {&job.scores, &job.metrics})
    if (const auto found = values->find(value); found != values->end()) return found->second;
  return std::nullopt;
}

Experiment recipe_of(const TrainedJob& job) {
  Experiment experiment;
  apply_resolved(
      job.config, [](const std::string& hash) { return hash; }, experiment);
  return experiment;
}

/// data.seq_len of all jobs; 0 where they differ.
std::int64_t common_seq_len(const std::vector<TrainedJob>& jobs) {
  const std::int64_t first = recipe_of(jobs.front()).data.seq_len;
  const bool same = std::all_of(jobs.begin(), jobs.end(),
                                [&](const TrainedJob& job) { return recipe_of(job).data.seq_len == first; });
  return same ? first : 0;
}

struct SweepTally {
  std::size_t unfinished = 0, stopped = 0, failed = 0, no_loss = 0;
};

void add_job(const TrainedJob& job, Stage stage, const std::string& value, LawInput& input,
             SweepTally& tally) {
  const bool diverged = job.state == JobState::failed && job.failure == "diverged";
  if (job.state == JobState::failed && !diverged) return void(++tally.failed);
  LawRun run = settings_of(job, stage);
  const double flops = 6 * run.params * run.tokens;
  if (stopped_early(job)) {
    input.flops += flops * static_cast<double>(job.last_step) / static_cast<double>(job.steps);
    return void(++tally.stopped);
  }
  if (!diverged && (job.state != JobState::finished || (!job.evaluated && value != "loss")))
    return void(++tally.unfinished);
  const auto loss = diverged ? std::nullopt : loss_of(job, value);
  if (!diverged && !loss) return void(++tally.no_loss);

  run.loss = loss.value_or(std::numeric_limits<double>::quiet_NaN());
  run.diverged = diverged || std::isnan(run.loss);
  input.flops += flops;
  input.runs.push_back(std::move(run));
}

}  // namespace

std::vector<OptionSpec> law_input_options(bool with_target) {
  const std::string also = with_target ? "; a number is the target's" : "";
  const auto column = [&](const char* name, const std::string& help) {
    return repeated(value(name, ValueType::text, "COLUMN", help));
  };
  return {
      optional_positional("SOURCE", ValueType::file, "a CSV or JSONL file with one run a line"),
      repeated(value("--sweep", ValueType::sweep, "SWEEPS", "read these sweeps of the database instead")),
      choice("--stage", {"llm", "vlm"}, "llm", "of a sweep's jobs; N counts the decoder without embeddings"),
      column("--size", "parameters without embeddings and head [N, params, ...]"),
      repeated(value("--tokens", ValueType::text, with_target ? "D" : "COLUMN",
                     (with_target ? "tokens to train on, or the column of the runs'" : "tokens trained on") +
                         std::string(" [D, tokens, ...]"))),
      column("--lr", "peak learning rate [lr, learning_rate, ...]"),
      repeated(value("--batch", ValueType::text, with_target ? "B" : "COLUMN",
                     (with_target ? "tokens a step to train with, or the column of the runs'"
                                  : "tokens in one optimiser step") +
                         std::string(" [batch_tokens, batch, ...]"))),
      column("--loss",
             "final loss, nats a token [loss, ...]; of a sweep a score or metric [heldout-loss/text, else "
             "loss]"),
      column("--weight", "how many runs a line stands for"),
      column("--weight-decay", "lambda or, by --decay-form, lr * lambda [weight_decay]"),
      choice("--decay-form", {"pytorch", "independent"}, "pytorch",
             "pytorch: lambda of w -= lr * lambda * w; independent: what is taken of w each step at the peak "
             "rate"),
      column("--schedule", "name of the schedule"),
      column("--diverged", "0 or 1 [diverged; else by the loss]"),
      flag("--optima", "the file holds best rates, one a size and token count, and no losses"),
  };
}

OptionSpec amount_option(const char* name, const char* what, const char* help) {
  OptionSpec option = value(name, ValueType::text, what, help);
  option.required = true;
  return option;
}

std::vector<OptionSpec> law_fit_options() {
  return {
      value("--fixed-batch", ValueType::text, "B",
            "fit the runs with this batch alone, in tokens a step; most: the batch that most runs have"),
      flag("--tuned-batch", "fit the best batch, too [where enough batches were tried]"),
      flag("--no-priors", "believe nothing of the exponents beforehand: for muP and activated parameters"),
  };
}

std::optional<double> parse_amount(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::pair<std::string_view, double> kUnits[] = {{"", 1},    {"k", 1e3},  {"K", 1e3}, {"m", 1e6},
                                                            {"M", 1e6}, {"b", 1e9},  {"B", 1e9}, {"g", 1e9},
                                                            {"G", 1e9}, {"t", 1e12}, {"T", 1e12}};
  for (const auto& [name, factor] : kUnits)
    if (unit == name && number > 0 && std::isfinite(number * factor)) return number * factor;
  return std::nullopt;
}

double amount_of(const Arguments& arguments, const std::string& option) {
  const std::string text = arguments.text(option);
  if (const auto amount = parse_amount(text)) return *amount;
  throw Error(fmt::format("{} is '{}'; expected a number above zero such as 30e9 or 30B", option, text));
}

Stage law_stage(const Arguments& arguments) { return from_name<Stage>(arguments.text("--stage")); }

LawTarget law_target(const Arguments& arguments, const std::string& size_option) {
  LawTarget target;
  target.params = amount_of(arguments, size_option);
  const auto number = [&](const std::string& option) -> std::optional<double> {
    std::optional<double> found;
    for (const std::string& word : arguments.list(option)) {
      const auto amount = parse_amount(word);
      if (amount && found) throw Error(fmt::format("{} gives two numbers; expected one", option));
      if (amount) found = amount;
      const bool column =
          !amount && !word.empty() && (std::isalpha(static_cast<unsigned char>(word[0])) || word[0] == '_');
      if (!amount && !column)
        throw Error(fmt::format(
            "{} is '{}'; expected a number above zero such as 600e9, or the name of a column", option, word));
    }
    return found;
  };
  target.tokens = number("--tokens");
  target.batch = number("--batch");
  return target;
}

LawRun settings_of(const TrainedJob& job, Stage stage) {
  const Experiment experiment = recipe_of(job);
  const Train& train = stage == Stage::vlm ? experiment.train_vlm : experiment.train_llm;
  LawRun run;
  run.params = llm_body_params(experiment.llm);
  run.batch = static_cast<double>(train.batch * experiment.data.seq_len);
  run.tokens = run.batch * static_cast<double>(train.steps);
  run.lr = train.peak_lr;
  run.weight_decay = train.weight_decay;
  run.schedule = to_name(train.schedule);
  run.where = "job " + short_key(job.key);
  return run;
}

LawInput read_sweeps(Database& database, const std::vector<std::string>& sweeps, Stage stage,
                     const std::string& asked) {
  LawInput input;
  std::vector<TrainedJob> jobs;
  std::vector<std::string> names, keys;
  for (const std::string& sweep : sweeps) {
    const SweepRecord record = get_sweep(database, sweep);
    names.push_back(one_line(record.name));
    for (TrainedJob& job : load_trained_jobs(database, record.id, stage)) {
      // Sweeps share jobs: each counts once.
      if (std::find(keys.begin(), keys.end(), job.key) != keys.end()) continue;
      keys.push_back(job.key);
      jobs.push_back(std::move(job));
    }
  }
  input.name = fmt::format("sweep{} {}", names.size() == 1 ? "" : "s", join(names, ", "));
  if (jobs.empty())
    throw Error(fmt::format("{}: no job of stage {}; --stage says which stage's rates were searched",
                            input.name, to_name(stage)));

  std::string value = asked;
  if (value.empty()) {
    const bool scored = std::any_of(jobs.begin(), jobs.end(),
                                    [](const TrainedJob& job) { return job.scores.contains(kHeldOut); });
    value = scored ? kHeldOut : "loss";
  }
  input.seq_len = common_seq_len(jobs);
  SweepTally tally;
  for (const TrainedJob& job : jobs) add_job(job, stage, value, input, tally);
  input.notes.push_back(fmt::format(
      "N counts the decoder's matrices without embeddings, D is steps x batch x data.seq_len, the loss is {}",
      value == "loss" ? std::string("the last training loss") : one_line(value)));
  const auto tell = [&](std::size_t count, const std::string& what) {
    if (count > 0)
      input.notes.push_back(fmt::format("{} {}", count_of(static_cast<std::int64_t>(count), "run"), what));
  };
  tell(tally.unfinished, "left out: not finished yet");
  tell(tally.stopped, "left out: stopped early, since others of the same size were better");
  tell(tally.failed, "left out: failed for another reason than divergence; `ablate jobs --state failed`");
  tell(tally.no_loss, fmt::format("left out: without {}", one_line(value)));
  if (input.runs.empty()) {
    std::string text = input.name + ": no run of stage " + to_name(stage) + " has ended with a loss";
    for (std::size_t i = 1; i < input.notes.size(); ++i) text += "; " + input.notes[i];
    throw Error(text);
  }
  return input;
}

LawInput read_law_input(const Arguments& arguments) {
  const auto source = arguments.find_text("SOURCE");
  const std::vector<std::string> sweeps = arguments.list("--sweep");
  if (source.has_value() == !sweeps.empty())
    throw Error(source ? "law: expected a file or --sweep, not both"
                       : "law: there is nothing to read; name a CSV or JSONL file with runs, or --sweep");
  if (source) return read_file_input(arguments, *source);
  if (arguments.has("--decay-form"))
    throw Error("--decay-form is about a column of a file; a sweep has none");
  for (const ColumnSpec& spec : column_specs())
    if (spec.name != &LawColumns::loss && named_column(arguments, spec.option))
      throw Error(fmt::format("{} names a column of a file; a sweep has none", spec.option));
  if (arguments.flag("--optima")) throw Error("--optima is about a file; a sweep has runs");
  Database database = open_for_reading(arguments);
  return read_sweeps(database, sweeps, law_stage(arguments), named_column(arguments, "--loss").value_or(""));
}

LawOptions law_options(const Arguments& arguments) {
  LawOptions options;
  options.exponent_priors = !arguments.flag("--no-priors");
  const auto batch = arguments.find_text("--fixed-batch");
  if (batch && arguments.flag("--tuned-batch"))
    throw Error("--fixed-batch and --tuned-batch exclude one another");
  if (arguments.flag("--tuned-batch")) options.batch_mode = BatchMode::tuned;
  if (batch) {
    options.batch_mode = BatchMode::fixed;
    if (*batch != "most") options.batch = amount_of(arguments, "--fixed-batch");
  }
  return options;
}

LawFit fit_input(LawInput input, const LawOptions& options) {
  return input.is_optima ? fit_law(std::move(input.optima), options)
                         : fit_law(std::move(input.runs), options);
}

}  // namespace ablate
