#include "plan/job_name.hpp"

namespace ablate {

std::string short_key(const std::string& key) { return key.substr(0, kShownKeyDigits); }

std::string job_title(const std::string& stage, const std::string& task) {
  return task.empty() ? stage : stage + " " + task;
}

}  // namespace ablate
