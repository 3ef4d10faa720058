#include "worker/source_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "config/resolved.hpp"
#include "data/input_files.hpp"
#include "journal/data_promise.hpp"
#include "util/error.hpp"
#include "worker/stage.hpp"

namespace ablate {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw StageFailure(FailureKind::data, what + "; `ablate run` plans jobs for the data that are there now");
}

std::string describe(const FileContent& content) {
  return content.hash == kAbsent
             ? "no file"
             : fmt::format("{} bytes of content {}", content.bytes, content.hash.substr(0, 8));
}

/// Throws when it holds something else; takes over the state of a file that was touched only.
void check_file(const InputFile& found, FileContent& promised) {
  const auto state = find_file_state(found.path);
  if (state ? promised.state == *state : promised.hash == kAbsent) return;
  const FileContent content = state ? read_content(found.path) : FileContent();
  if (content.hash != promised.hash)
    fail(fmt::format("{} has changed since the sweep was planned: found {}; expected {}", found.path.string(),
                     describe(content), describe(promised)));
  promised.state = content.state;
}

/// Names the first file that is in one of the lists only.
[[noreturn]] void fail_names(const std::filesystem::path& source, const InputContent& promised,
                             const InputFiles& found) {
  std::set<std::string> names;
  for (const InputContent::File& file : promised.files) names.insert(file.name);
  for (const InputFile& file : found.files)
    if (names.erase(file.name) == 0)
      fail(fmt::format("{} is new since the sweep was planned: found {} files in {}; expected {}",
                       file.path.string(), found.files.size(), source.string(), promised.files.size()));
  fail(fmt::format("{} of {} is gone since the sweep was planned: found {} files; expected {}",
                   names.empty() ? "a file" : *names.begin(), source.string(), found.files.size(),
                   promised.files.size()));
}

}  // namespace

SourceWatch::SourceWatch(const Job& job, const AttemptSpec& spec) {
  std::set<std::pair<std::string, SourceKind>> seen;
  visit_sources(job.config, [&](const Field& field, const std::string& hash) {
    const auto path = spec.sources.find(hash), promise = spec.promises.find(hash);
    if (path == spec.sources.end() || promise == spec.promises.end()) return;
    if (!seen.insert({hash, field.source}).second) return;
    Source source{field.source, path->second, load_promise(promise->second), {}};
    for (std::size_t i = 0; i < source.promised.files.size(); ++i)
      if (!source.promised.files[i].is_picture) source.index.emplace(source.promised.files[i].name, i);
    sources_.push_back(std::move(source));
  });
}

void SourceWatch::check() {
  for (Source& source : sources_) check(source);
}

std::vector<std::string> SourceWatch::picture_names(Source& source, const InputFile& lines) {
  std::vector<std::string> names;
  const auto found = source.index.find(lines.name);
  if (found == source.index.end()) return names;  // A new file: check() says so.
  auto& files = source.promised.files;
  check_file(lines, files[found->second].content);
  // Pictures are named from the folder of the lines, and listed from that of the source.
  const std::filesystem::path beside = std::filesystem::path(lines.name).parent_path();
  const std::size_t prefix = beside.empty() ? 0 : beside.string().size() + 1;
  for (std::size_t i = found->second + 1; i < files.size() && files[i].is_picture; ++i)
    names.push_back(files[i].name.substr(prefix));
  return names;
}

void SourceWatch::check(Source& source) {
  InputFiles found;
  try {
    found = list_input_files(source.path, source.kind,
                             [&](const InputFile& lines) { return picture_names(source, lines); });
  } catch (const Error& error) {
    fail(fmt::format("{} has changed since the sweep was planned: {}", source.path.string(), error.what()));
  }
  if (!found.missing.empty())
    fail(fmt::format("{} is gone since the sweep was planned", found.missing.front().string()));
  auto& promised = source.promised.files;
  const bool same_names =
      std::equal(found.files.begin(), found.files.end(), promised.begin(), promised.end(),
                 [](const InputFile& a, const InputContent::File& b) { return a.name == b.name; });
  if (!same_names) fail_names(source.path, source.promised, found);
  for (std::size_t i = 0; i < promised.size(); ++i) check_file(found.files[i], promised[i].content);
}

}  // namespace ablate
