// Every subcommand of `ablate`: NAME_command() stands in NAME_command.cpp.
#include "cli/command.hpp"

// In the order of the help, group by group. A new command is one file and one line here.
#define ABLATE_COMMANDS(X) \
  X(plan)                  \
  X(run)                   \
  X(status)                \
  X(table)                 \
  X(effects)               \
  X(compare)               \
  X(power)                 \
  X(claims)                \
  X(report)                \
  X(serve)                 \
  X(query)                 \
  X(export)                \
  X(import)                \
  X(law_fit)               \
  X(law_predict)           \
  X(law_propose)           \
  X(law_run)               \
  X(jobs)                  \
  X(log)                   \
  X(cancel)                \
  X(retry)                 \
  X(data_show)             \
  X(data_check)            \
  X(data_tokenizer)        \
  X(help)                  \
  X(explain)               \
  X(doctor)                \
  X(completion)

namespace ablate {

#define ABLATE_DECLARE(name) CommandSpec name##_command();
ABLATE_COMMANDS(ABLATE_DECLARE)
#undef ABLATE_DECLARE

const std::vector<CommandSpec>& commands() {
#define ABLATE_ENTRY(name) name##_command(),
  static const std::vector<CommandSpec> kCommands = {ABLATE_COMMANDS(ABLATE_ENTRY)};
#undef ABLATE_ENTRY
  return kCommands;
}

}  // namespace ablate
