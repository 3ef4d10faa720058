#include "cli/data_options.hpp"

namespace ablate {

OptionSpec source_argument(std::string help) {
  return repeated(positional("SOURCE", ValueType::file, std::move(help)));
}

OptionSpec role_option() {
  return choice("--as", known_names<DataRole>(), "",
                "what the documents are taken for; else it is told by the first of them");
}

std::vector<RoledSource> roled_sources(const Arguments& arguments) {
  std::vector<RoledSource> sources;
  for (const std::filesystem::path path : arguments.list("SOURCE"))
    sources.push_back({path, arguments.has("--as") ? arguments.choice<DataRole>("--as") : guess_role(path)});
  return sources;
}

}  // namespace ablate
