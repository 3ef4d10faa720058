#include "journal/attempt_folder.hpp"

#include <fmt/format.h>

#include "util/error.hpp"

namespace ablate {

namespace {

const Json& get_field(const Json& json, const char* key) {
  if (!json.is_object())
    throw Error(fmt::format("attempt.json: is a JSON {}; expected an object", json.type_name()));
  const auto found = json.find(key);
  if (found == json.end()) throw Error(fmt::format("attempt.json: key '{}' is missing", key));
  return *found;
}

[[noreturn]] void fail_field(const char* key, const Json& found, std::string_view expected) {
  throw Error(fmt::format("attempt.json: key '{}' is a {}; expected {}", key, found.type_name(), expected));
}

std::int64_t get_count(const Json& json, const char* key, std::int64_t least) {
  const Json& field = get_field(json, key);
  if (!field.is_number_integer()) fail_field(key, field, "a whole number");
  const auto value = field.get<std::int64_t>();
  if (value < least)
    throw Error(fmt::format("attempt.json: key '{}' is {}; expected at least {}", key, value, least));
  return value;
}

std::string get_text(const Json& json, const char* key) {
  const Json& field = get_field(json, key);
  if (!field.is_string()) fail_field(key, field, "text");
  return field.get<std::string>();
}

const Json& get_object(const Json& json, const char* key) {
  const Json& field = get_field(json, key);
  if (!field.is_object()) fail_field(key, field, "an object");
  return field;
}

}  // namespace

Json AttemptSpec::to_json() const {
  Json folders = Json::object(), files = Json::object(), promised = Json::object();
  for (const auto& [stage, folder] : parents) folders[stage] = folder.string();
  for (const auto& [hash, path] : sources) files[hash] = path.string();
  for (const auto& [hash, path] : promises) promised[hash] = path.string();
  Json json = {{"attempt", attempt},
               {"device", device},
               {"threads", threads},
               {"micro_batch_halvings", micro_batch_halvings},
               {"resume_step", resume_step},
               {"resume_path", resume_path.string()},
               {"parents", std::move(folders)},
               {"sources", std::move(files)},
               {"run", run}};
  if (!promises.empty()) json["promises"] = std::move(promised);
  return json;
}

AttemptSpec AttemptSpec::from_json(const Json& json) {
  AttemptSpec spec;
  spec.attempt = get_count(json, "attempt", 1);
  spec.device = get_text(json, "device");
  spec.threads = get_count(json, "threads", 1);
  spec.micro_batch_halvings = get_count(json, "micro_batch_halvings", 0);
  spec.resume_step = get_count(json, "resume_step", 0);
  spec.resume_path = get_text(json, "resume_path");
  const auto read_paths = [&](const char* key, std::map<std::string, std::filesystem::path>& paths) {
    for (const auto& [name, path] : get_object(json, key).items()) {
      if (!path.is_string()) fail_field(fmt::format("{}.{}", key, name).c_str(), path, "a path");
      paths[name] = path.get<std::string>();
    }
  };
  read_paths("parents", spec.parents);
  read_paths("sources", spec.sources);
  if (json.contains("promises")) read_paths("promises", spec.promises);
  spec.run = get_object(json, "run");
  return spec;
}

}  // namespace ablate
