#include "journal/attempt_folder.hpp"

#include "journal/json_fields.hpp"

namespace ablate {

Json AttemptSpec::to_json() const {
  Json folders = Json::object(), files = Json::object(), promised = Json::object();
  for (const auto& [stage, folder] : parents) folders[stage] = folder.string();
  for (const auto& [hash, path] : sources) files[hash] = path.string();
  for (const auto& [hash, path] : promises) promised[hash] = path.string();
  Json json = {{"attempt", attempt},
               {"placement", placement.to_json()},
               {"micro_batch_halvings", micro_batch_halvings},
               {"resume_step", resume_step},
               {"resume_path", resume_path.string()},
               {"parents", std::move(folders)},
               {"sources", std::move(files)},
               {"run", run}};
  if (keep_last) json["keep_last"] = true;
  if (!promises.empty()) json["promises"] = std::move(promised);
  return json;
}

AttemptSpec AttemptSpec::from_json(const Json& json) {
  const JsonFields fields(json);
  AttemptSpec spec;
  spec.attempt = fields.count("attempt", 1);
  if (!fields.has("placement") && fields.has("device")) {
    // An older ablate wrote it; a job that is run by hand takes paths and [run] from such a file.
    spec.placement = parse_device(fields.text("device"));
    spec.placement.threads = fields.count("threads", 1);
  } else {
    spec.placement = parse_placement(fields.object("placement"));
  }
  spec.micro_batch_halvings = fields.count("micro_batch_halvings", 0);
  spec.resume_step = fields.count("resume_step", 0);
  spec.resume_path = fields.text("resume_path");
  const auto read_paths = [&](const char* key, std::map<std::string, std::filesystem::path>& paths) {
    for (const auto& [name, path] : fields.object(key).items()) {
      if (!path.is_string()) fields.fail_type(fmt::format("{}.{}", key, name), path, "a path");
      paths[name] = path.get<std::string>();
    }
  };
  read_paths("parents", spec.parents);
  read_paths("sources", spec.sources);
  if (fields.has("promises")) read_paths("promises", spec.promises);
  if (fields.has("keep_last")) {
    const Json& keep_last = fields.get("keep_last");
    if (!keep_last.is_boolean()) fields.fail_type("keep_last", keep_last, "true or false");
    spec.keep_last = keep_last.get<bool>();
  }
  spec.run = fields.object("run");
  return spec;
}

}  // namespace ablate
