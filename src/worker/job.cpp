#include "worker/job.hpp"

#include <fmt/format.h>

#include <string_view>

#include "config/names.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

constexpr std::size_t kMaxJobBytes = 16u << 20;

/// A value as an error message shows it: not a whole file.
std::string shown(const Json& value) {
  const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() <= 60 ? text : text.substr(0, 60) + "...";
}

const Json& get_member(const Json& object, std::string_view key, std::string_view where) {
  if (!object.is_object()) throw Error(fmt::format("{}: found {}; expected an object", where, shown(object)));
  const auto found = object.find(key);
  if (found == object.end()) throw Error(fmt::format("{}: '{}' is missing", where, key));
  return *found;
}

std::string get_text(const Json& object, const std::string& key, const std::string& where) {
  const Json& value = get_member(object, key, where);
  if (!value.is_string())
    throw Error(fmt::format("{}: '{}': found {}; expected text", where, key, shown(value)));
  return value.get<std::string>();
}

std::uint64_t get_count(const Json& object, const std::string& key, const std::string& where) {
  const Json& value = get_member(object, key, where);
  if (!value.is_number_unsigned())
    throw Error(
        fmt::format("{}: '{}': found {}; expected a whole number, 0 or more", where, key, shown(value)));
  return value.get<std::uint64_t>();
}

}  // namespace

std::int64_t Job::whole(const char* section, const char* name, std::int64_t least, std::int64_t most) const {
  const std::string where = fmt::format("{}: config.{}", file.string(), section);
  const Json& value = get_member(get_member(config, section, file.string() + ": config"), name, where);
  const bool fits = value.is_number_integer() &&
                    !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) &&
                    value.get<std::int64_t>() >= least && value.get<std::int64_t>() <= most;
  if (!fits)
    throw Error(fmt::format("{}: '{}': found {}; expected a whole number from {} to {}", where, name,
                            shown(value), least, most));
  return value.get<std::int64_t>();
}

double Job::real(const char* section, const char* name, double least, double most) const {
  const std::string where = fmt::format("{}: config.{}", file.string(), section);
  const Json& value = get_member(get_member(config, section, file.string() + ": config"), name, where);
  if (!value.is_number() || !(value.get<double>() >= least && value.get<double>() <= most))
    throw Error(fmt::format("{}: '{}': found {}; expected a number from {} to {}", where, name, shown(value),
                            least, most));
  return value.get<double>();
}

Job load_job(const std::filesystem::path& file) {
  const Json json = load_json(file, kMaxJobBytes);
  const std::string where = file.string();
  Job job;
  job.file = file;
  job.key = get_text(json, "key", where);
  try {
    job.stage = from_name<Stage>(get_text(json, "stage", where));
  } catch (const Error& error) {
    throw Error(fmt::format("{}: stage: {}", where, error.what()));
  }
  job.task = get_text(json, "task", where);
  job.seed = get_count(json, "seed", where);
  const std::uint64_t steps = get_count(json, "steps", where);
  if (steps > INT64_MAX) throw Error(fmt::format("{}: 'steps': found {}; expected fewer", where, steps));
  job.steps = static_cast<std::int64_t>(steps);
  job.config = get_member(json, "config", where);
  const Json& parents = get_member(json, "parents", where);
  if (!parents.is_object())
    throw Error(fmt::format("{}: 'parents': found {}; expected an object", where, shown(parents)));
  for (const auto& [stage, key] : parents.items())
    job.parents[stage] = get_text(parents, stage, where + ": parents");
  return job;
}

}  // namespace ablate
