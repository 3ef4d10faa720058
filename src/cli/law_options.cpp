#include "cli/law_options.hpp"

#include <algorithm>
#include <cctype>

#include "cli/common.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

OptionSpec column_option(const char* name, const std::string& help) {
  return repeated(value(name, ValueType::text, "COLUMN", help));
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

/// Throws Error when an option names a column, but --loss, which is also a score's name: a sweep has none.
void refuse_columns(const Arguments& arguments) {
  for (const ColumnSpec& spec : column_specs())
    if (spec.name != &LawColumns::loss && named_column(arguments, spec.option))
      throw Error(fmt::format("{} names a column of a file; a sweep has none", spec.option));
  if (arguments.has("--batch-unit") && arguments.list("--batch").empty())
    throw Error("--batch-unit is about --batch, which is not given");
}

ColumnRequest column_request(const Arguments& arguments) {
  ColumnRequest request;
  for (const ColumnSpec& spec : column_specs())
    request.named.*spec.name = named_column(arguments, spec.option).value_or("");
  request.flops = arguments.find_text("--flops");
  request.batch_unit = batch_unit(arguments);
  const std::vector<std::string> batches = arguments.list("--batch");
  request.has_target_batch = std::any_of(batches.begin(), batches.end(), parse_amount);
  request.seq_len = arguments.find_integer("--seq-len");
  request.loss_law = arguments.flag("--loss-law");
  request.optima = arguments.flag("--optima");
  return request;
}

/// The options that name columns, and say what a batch counts. A command that asks about a target has
/// --tokens and --batch for that, too: a number is the target's, any other word a column's name.
std::vector<OptionSpec> law_column_options(bool with_target) {
  return {
      column_option("--size",
                    "parameters without embeddings and head [non_embedding_params, N, params, ...]"),
      repeated(value("--tokens", ValueType::text, with_target ? "D" : "COLUMN",
                     (with_target ? "tokens to train on, or the column of the runs'" : "tokens trained on") +
                         std::string(" [D, tokens, ...]"))),
      column_option("--lr", "peak learning rate [peak_lr, learning_rate, lr, ...]"),
      repeated(value("--batch", ValueType::text, with_target ? "B" : "COLUMN",
                     (with_target ? "what one step of the target is trained on, or the column of the runs'"
                                  : "what one optimiser step is trained on") +
                         std::string(" [batch_tokens, ...]"))),
      choice("--batch-unit", known_names<BatchUnit>(), "",
             with_target ? "what --batch counts [a column: by its name; a number: tokens]"
                         : "what the column of --batch counts [by its name]"),
      at_least(1, value("--seq-len", ValueType::integer, "T",
                        with_target ? "tokens in a sequence: makes tokens of sequences, and the other way "
                                      "round [of a sweep data.seq_len]"
                                    : "tokens in a sequence, where a batch is counted in sequences")),
      column_option("--loss",
                    "final loss, nats a token [val_loss, loss, train_loss, ...]; of a sweep a score or "
                    "metric [heldout-loss/text, "
                    "else loss]"),
      column_option("--weight", "how many runs a line stands for"),
      column_option("--weight-decay", "lambda or, by --decay-form, lr * lambda [weight_decay]"),
      choice("--decay-form", {"pytorch", "independent"}, "pytorch",
             "pytorch: lambda of w -= lr * lambda * w; independent: what is taken of w each step at the peak "
             "rate"),
      column_option("--schedule", "name of the schedule"),
      column_option("--diverged", "true or false, 1 or 0 [diverged; else by the loss]"),
      column_option("--state", "finished runs count, others are left out [state, status]; none: all count"),
      column_option(
          "--seed",
          "whatever names a run's seed: rates are compared within seeds [seed, ...]; none: without"),
      column_option("--key",
                    "whatever names a run: one that is listed twice counts once [key, run_id, id, ...]; "
                    "none: all count"),
  };
}

}  // namespace

std::vector<OptionSpec> law_input_options(bool with_target) {
  std::vector<OptionSpec> options = {
      optional_positional("SOURCE", ValueType::file, "a CSV or JSON file with one run a line"),
      repeated(value("--sweep", ValueType::sweep, "SWEEPS", "read these sweeps of the database instead")),
      choice("--stage", {"llm", "vlm"}, "llm", "of a sweep's jobs; N counts the decoder without embeddings"),
      where_option(),
  };
  for (const OptionSpec& option : law_column_options(with_target)) options.push_back(option);
  options.push_back(flag("--optima", "the file holds best rates, one a size and token count, and no losses"));
  return options;
}

OptionSpec amount_option(const char* name, const char* what, const char* help) {
  OptionSpec option = value(name, ValueType::text, what, help);
  option.required = true;
  return option;
}

OptionSpec target_option() {
  return amount_option("--target", "N", "parameters of the model that is to be trained: 30e9, 30B");
}

std::vector<OptionSpec> law_fit_options() {
  return {
      value("--fixed-batch", ValueType::text, "B",
            "fit the runs with this batch alone, in tokens a step; most: the batch at which most sizes were "
            "swept with "
            "three rates, or all runs where no two sizes were"),
      flag("--tuned-batch", "fit the best batch, too [where enough batches were tried]"),
      flag("--no-priors",
           "believe nothing of the exponents beforehand [what other searches found counts as far as these "
           "runs "
           "agree with it]"),
  };
}

double amount_of(const Arguments& arguments, const std::string& option) {
  const std::string text = arguments.text(option);
  if (const auto amount = parse_amount(text)) return *amount;
  throw Error(
      fmt::format("{} is '{}'; expected a number above zero such as 30e9 or 30B", option, printable(text)));
}

Stage law_stage(const Arguments& arguments) { return from_name<Stage>(arguments.text("--stage")); }

std::vector<SettingChoice> law_choices(const Arguments& arguments) {
  return parse_choices(arguments.list("--where"));
}

OptionSpec where_option() {
  return repeated(value("--where", ValueType::text, "KEY=VALUE",
                        "only runs that have this value of a key (of a file: a column), where a search has "
                        "several experiments: train.llm.beta2=0.95"));
}

std::optional<BatchUnit> batch_unit(const Arguments& arguments) {
  const auto word = arguments.find_text("--batch-unit");
  return word ? std::optional(from_name<BatchUnit>(*word)) : std::nullopt;
}

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

void settle_batch(const Arguments& arguments, const LawInput& input, LawTarget& target) {
  settle_batch(batch_unit(arguments), arguments.find_integer("--seq-len"), input, target);
}

LawInput read_law_input(const Arguments& arguments) {
  const auto source = arguments.find_text("SOURCE");
  const std::vector<std::string> sweeps = arguments.list("--sweep");
  if (source.has_value() == !sweeps.empty())
    throw Error(source ? "law: expected a file or --sweep, not both"
                       : "law: there is nothing to read; name a CSV or JSON file with runs, or --sweep");
  if (source)
    return read_run_file({.path = *source,
                          .columns = column_request(arguments),
                          .where = law_choices(arguments),
                          .independent_decay = arguments.text("--decay-form") == "independent"});
  if (arguments.has("--decay-form"))
    throw Error("--decay-form is about a column of a file; a sweep has none");
  refuse_columns(arguments);
  if (arguments.flag("--optima")) throw Error("--optima is about a file; a sweep has runs");
  Database database = open_for_reading(arguments);
  return read_sweeps(database, sweeps, law_stage(arguments), named_column(arguments, "--loss").value_or(""),
                     law_choices(arguments));
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

}  // namespace ablate
