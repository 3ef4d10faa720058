// The options that the `law` commands share: what to read, how to fit, what to ask about.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "program/law_input.hpp"

namespace ablate {

/// The options that say what to read: SOURCE, --sweep, --stage, and those that name columns. A command that
/// asks about a target has --tokens and --batch for that, too: a number is the target's, any other word a
/// column's name.
std::vector<OptionSpec> law_input_options(bool with_target);
/// An option that must be given: an amount such as 30e9 or 30B.
OptionSpec amount_option(const char* name, const char* what, const char* help);
/// --target: the size that the next runs are chosen for.
OptionSpec target_option();
/// The options that say how to fit.
std::vector<OptionSpec> law_fit_options();

LawInput read_law_input(const Arguments& arguments);
LawOptions law_options(const Arguments& arguments);

/// --stage: llm or vlm.
Stage law_stage(const Arguments& arguments);
/// --where: which experiment of a search that has several.
std::vector<SettingChoice> law_choices(const Arguments& arguments);
OptionSpec where_option();
/// --batch-unit; nothing: not given.
std::optional<BatchUnit> batch_unit(const Arguments& arguments);
/// The target of --params (or `size_option`), --tokens and --batch, the last as it is written: see
/// settle_batch().
LawTarget law_target(const Arguments& arguments, const std::string& size_option);
/// By --batch-unit and --seq-len.
void settle_batch(const Arguments& arguments, const LawInput& input, LawTarget& target);

/// An amount (parse_amount()) that an option gives. Throws Error naming the option.
double amount_of(const Arguments& arguments, const std::string& option);

}  // namespace ablate
