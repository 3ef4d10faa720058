// The state of sweeps as lines of text and as JSON.
#pragma once

#include <string>
#include <vector>

#include "program/status.hpp"
#include "report/terminal.hpp"
#include "util/json.hpp"

namespace ablate {

/// "connector: 3 of 12 jobs finished".
std::string sweep_line(const SweepStatus& entry, const Terminal& terminal);
std::vector<std::string> status_lines(const Database& database, const Status& status,
                                      const Terminal& terminal);
Json status_json(const Database& database, const Status& status);

}  // namespace ablate
