#include "plan/stages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "config/canonical.hpp"
#include "config/eval_tasks.hpp"
#include "config/names.hpp"
#include "util/json.hpp"

namespace ablate {

namespace {

/// Appends a value's bytes, so that different values give different bytes.
struct AppendBytes {
  std::string& bytes;

  void raw(const void* data, std::size_t size) { bytes.append(static_cast<const char*>(data), size); }
  template <typename T>
  void number(T value) {
    raw(&value, sizeof value);
  }
  void operator()(const bool* member) { number(*member); }
  void operator()(const std::int64_t* member) { number(*member); }
  void operator()(const double* member) { number(*member); }
  void operator()(const std::string* member) {
    number(member->size());
    bytes += *member;
  }
  template <typename T>
  void operator()(const std::vector<T>* member) {
    number(member->size());
    for (const T& item : *member) (*this)(&item);
  }
  void operator()(const EnumRef& member) { number(member.number(member.member)); }
  void operator()(const EnumListRef& member) {
    const std::vector<std::string> names = member.get(member.member);
    (*this)(&names);
  }
};

Json to_json(const Value& value) {
  return std::visit([](const auto& v) { return Json(v); }, value);
}

/// Since the metric "loss" is without the z-loss, where there is one.
int version_of(const Train& train, int version) { return version + (train.z_loss > 0 ? 2 : 0); }

}  // namespace

int stage_version(const Experiment& experiment, Stage stage) {
  const bool aim = experiment.encoder.loss == EncoderLoss::aim;
  switch (stage) {
    case Stage::encoder:
      return aim ? 2 : 1;  // 2: the patch projection has a bias.
    case Stage::llm:
      return version_of(experiment.train_llm, 1);
    case Stage::vlm:  // 2: as of the encoder, which need not be trained in the same experiment.
      return version_of(experiment.train_vlm, aim ? 2 : 1);
    case Stage::sft:  // 2: of several people's answers the most common one is learnt. 3: each answer ends.
      return version_of(experiment.train_sft, 3);
    case Stage::demo:
      return 3;  // 2: a loss of ten times the first one ends it; 3: seeds are asked the same.
    case Stage::eval:
      return 7;
  }
  throw std::logic_error("unknown stage");
}

std::vector<Stage> stage_parents(const Experiment& experiment, Stage stage, EvalTask task) {
  std::vector<Stage> parents;
  if (stage == Stage::vlm)
    for (const Stage parent : {Stage::encoder, Stage::llm})
      if (experiment.has_stage(parent)) parents.push_back(parent);
  if (stage == Stage::sft) parents = {Stage::vlm};
  if (stage == Stage::eval)
    if (const auto evaluated = find_evaluated_stage(experiment, task)) parents = {*evaluated};
  return parents;
}

const std::vector<PartTable::Section>& PartTable::sections_of(Stage stage) {
  const auto [found, is_new] = sections_.try_emplace(static_cast<int>(stage));
  if (is_new) {
    std::map<std::string, std::vector<const Field*>> by_name;
    for (const Field& field : fields())
      if (field.stages.has(stage)) by_name[field.section()].push_back(&field);
    for (auto& [name, members] : by_name) found->second.push_back({name, std::move(members)});
  }
  return found->second;
}

std::string PartTable::content_of(const std::string& path, SourceKind kind) {
  const auto [found, is_new] = contents_.try_emplace({path, kind});
  if (is_new && !path.empty()) {
    found->second = fingerprint_(path, kind);
    if (found->second.empty()) {
      if (std::find(missing_.begin(), missing_.end(), path) == missing_.end()) missing_.push_back(path);
      found->second = "missing:" + path;
    } else {
      sources_.emplace(found->second, path);
    }
  }
  return found->second;
}

std::uint32_t PartTable::add(const Experiment& experiment, const std::string& section,
                             const std::vector<const Field*>& used) {
  Json json = Json::object();
  for (const Field* field : used) {
    Value value = get_value(*field, experiment);
    if (field->is_path()) {
      if (auto* path = std::get_if<std::string>(&value)) *path = content_of(*path, field->source);
      if (auto* paths = std::get_if<std::vector<std::string>>(&value)) {
        source_lists_.insert({field->key, *paths});
        for (std::string& path : *paths) path = content_of(path, field->source);
      }
    }
    json[field->leaf()] = to_json(value);
  }
  ConfigPart part{section, json.dump(), {}};
  part.hash = part.trajectory_hash = hash128(fmt::format("{}\n{}", part.section, part.json));
  if (json.contains("steps") && json.contains("schedule")) {
    if (json["schedule"] == to_name(LrSchedule::constant)) json.erase("steps");
    json.erase("stop_at");
    part.trajectory_hash = hash128(fmt::format("{}\n{}", part.section, json.dump()));
  }
  const auto [found, is_new] = by_hash_.try_emplace(part.hash, static_cast<std::uint32_t>(parts_.size()));
  if (is_new) parts_.push_back(std::move(part));
  return found->second;
}

void PartTable::find(const Experiment& given, Stage stage, EvalTask task,
                     std::vector<std::uint32_t>& indices) {
  indices.clear();
  std::optional<Experiment> room;
  const Experiment& experiment = canonical(given, stage, task, room);
  std::string bytes;
  std::vector<const Field*> used;
  const std::span<const std::string_view> read =
      stage == Stage::eval ? eval_keys(task) : std::span<const std::string_view>();
  for (const Section& section : sections_of(stage)) {
    bytes.clear();
    used.clear();
    for (const Field* field : section.fields) {
      if (field->applies && !field->applies(experiment, stage)) continue;
      if (stage == Stage::eval && std::find(read.begin(), read.end(), field->key) == read.end()) continue;
      used.push_back(field);
      AppendBytes append{bytes};
      append.number(field->index);
      // Only read through: `member` has one signature for reading and writing.
      std::visit(append, field->member(const_cast<Experiment&>(experiment)));
    }
    if (used.empty()) continue;
    const Hash128 raw = hash128(bytes);
    auto found = by_bytes_.find(raw);
    if (found == by_bytes_.end()) found = by_bytes_.emplace(raw, add(experiment, section.name, used)).first;
    indices.push_back(found->second);
  }
}

namespace {

Hash128 hash_job(const PlannedJob& job, const std::vector<ConfigPart>& parts,
                 const std::vector<PlannedJob>& jobs, Hash128 ConfigPart::*part_hash) {
  // Written by hand, since a plan has hundreds of thousands: keys sorted, no blanks, as Json::dump() would.
  std::string text = "{\"config\":{";
  for (const std::uint32_t part : job.parts)
    text.append("\"")
        .append(parts[part].section)
        .append("\":\"")
        .append((parts[part].*part_hash).hex())
        .append("\",");
  if (text.back() == ',') text.pop_back();
  text += "},\"parents\":[";
  for (const std::uint32_t parent : job.parents)
    text.append("\"").append(jobs[parent].key.hex()).append("\",");
  if (text.back() == ',') text.pop_back();
  text.append("],\"seed\":").append(std::to_string(job.seed));
  text.append(",\"stage\":\"").append(to_name(job.stage)).append("\",\"task\":\"").append(job.task);
  text.append("\",\"version\":").append(std::to_string(job.version)).append("}");
  return hash128(text);
}

}  // namespace

Hash128 job_key(const PlannedJob& job, const std::vector<ConfigPart>& parts,
                const std::vector<PlannedJob>& jobs) {
  return hash_job(job, parts, jobs, &ConfigPart::hash);
}

Hash128 job_trajectory(const PlannedJob& job, const std::vector<ConfigPart>& parts,
                       const std::vector<PlannedJob>& jobs) {
  if (job.stage == Stage::demo || job.stage == Stage::eval) return {};
  return hash_job(job, parts, jobs, &ConfigPart::trajectory_hash);
}

}  // namespace ablate
