// How messages and tables name a job.
#pragma once

#include <cstddef>
#include <string>

namespace ablate {

/// How much of a job's key is shown: enough to tell jobs apart and to name one.
constexpr std::size_t kShownKeyDigits = 8;
std::string short_key(const std::string& key);
/// "demo", or the task of an evaluation: "eval demo-accuracy".
std::string job_title(const std::string& stage, const std::string& task);

}  // namespace ablate
