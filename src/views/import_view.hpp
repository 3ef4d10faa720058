// What `ablate import` says of what it has taken from a table.
#pragma once

#include <string>

#include "program/import_table.hpp"
#include "util/json.hpp"

namespace ablate {

std::string import_text(const ImportReading& reading, const ImportResult& result);
Json import_json(const ImportReading& reading, const ImportResult& result);

}  // namespace ablate
