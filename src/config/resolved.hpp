// A resolved configuration, as a job's file has it, back into an Experiment.
#pragma once

#include <functional>
#include <string>

#include "config/fields.hpp"
#include "util/json.hpp"

namespace ablate {

/// Sets the keys of {section: {key: value}}; all others keep their defaults. Data sources and init files
/// stand in it as hashes of their content: `path_of` tells where that content lies (and throws Error if it
/// does not know). Throws Error naming a key that is unknown, of another type or out of range.
void apply_resolved(const Json& config, const std::function<std::string(const std::string& hash)>& path_of,
                    Experiment& experiment);

/// Calls `visit` with each content hash of a data source or init file in such a configuration, and the key
/// that names it. What is of another form is passed over: apply_resolved() complains of it.
void visit_sources(const Json& config,
                   const std::function<void(const Field& field, const std::string& hash)>& visit);

}  // namespace ablate
