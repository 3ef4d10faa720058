// Why a job is where it is: its parents, its attempts, and who needs it.
#pragma once

#include <string>

#include "store/database.hpp"

namespace ablate {

/// Several lines of text about the job whose key begins so. Throws Error when there is none.
std::string explain_job(Database& database, const std::string& key_prefix);

}  // namespace ablate
