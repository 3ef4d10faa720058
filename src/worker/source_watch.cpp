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
  throw StageFailure(FailureKind::data,
                     what +
                         "; `ablate run` plans jobs for the data that are there now; where those of the "
                         "plan are back, `ablate retry` has this job tried again");
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
  FileContent content;
  try {
    content = read_content(found.path);
  } catch (const Error& error) {
    fail(fmt::format("{} could be read when the sweep was planned: {}", found.path.string(), error.what()));
  }
  if (content.hash != promised.hash)
    fail(fmt::format("{} has changed since the sweep was planned: found {}; expected {}", found.path.string(),
                     describe(content), describe(promised)));
  promised.state = content.state;
}

/// Where names do not count, the same content may be read from a place where its files have others; pictures
/// have the names that records give them.
bool is_same_file(const InputFile& found, const InputContent::File& promised, bool names_count) {
  if (found.is_picture != promised.is_picture) return false;
  return found.name == promised.name || !(names_count || found.is_picture);
}

/// Names the first new file and the first one that is gone.
[[noreturn]] void fail_names(const std::filesystem::path& source, const InputContent& promised,
                             const InputFiles& found) {
  std::set<std::string> gone;
  for (const InputContent::File& file : promised.files) gone.insert(file.name);
  std::string added;
  for (const InputFile& file : found.files)
    if (gone.erase(file.name) == 0 && added.empty()) added = file.path.string();
  const std::string lost = gone.empty() ? "" : fmt::format("{} of {}", *gone.begin(), source.string());
  std::string what = added + " is new since the sweep was planned";
  if (added.empty())
    what = (lost.empty() ? "a file of " + source.string() : lost) + " is gone since the sweep was planned";
  else if (!lost.empty())
    what += ", and " + lost + " is gone";
  fail(fmt::format("{}: found {} files in {}; expected {}", what, found.files.size(), source.string(),
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
  auto& files = source.promised.files;
  const auto found = source.index.find(lines.name);
  // Lines whose name does not count are the first file.
  if (found == source.index.end() && (source.promised.names_count || files.empty()))
    return names;  // A new file: check() says so.
  const std::size_t place = found == source.index.end() ? 0 : found->second;
  check_file(lines, files[place].content);
  // Pictures are named from the folder of the lines, and listed from that of the source.
  const std::filesystem::path beside = std::filesystem::path(lines.name).parent_path();
  const std::size_t prefix = beside.empty() ? 0 : beside.string().size() + 1;
  for (std::size_t i = place + 1; i < files.size() && files[i].is_picture; ++i)
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
  const bool same_names = std::equal(found.files.begin(), found.files.end(), promised.begin(), promised.end(),
                                     [&](const InputFile& a, const InputContent::File& b) {
                                       return is_same_file(a, b, source.promised.names_count);
                                     });
  if (!same_names) fail_names(source.path, source.promised, found);
  for (std::size_t i = 0; i < promised.size(); ++i) check_file(found.files[i], promised[i].content);
}

}  // namespace ablate
