#include "cli/job_options.hpp"

#include "config/names.hpp"

namespace ablate {

namespace {

OptionSpec names_option(const char* name, const char* metavar, std::vector<std::string> names,
                        const char* help) {
  OptionSpec option = repeated(value(name, ValueType::choice, metavar, help));
  option.choices = std::move(names);
  return option;
}

}  // namespace

OptionSpec state_option(std::vector<std::string> states) {
  return names_option("--state", "STATE", std::move(states), "only jobs in this state");
}

OptionSpec stage_option() {
  return names_option("--stage", "STAGE", known_names<Stage>(), "only jobs of this stage");
}

}  // namespace ablate
