// `ablate data check`: reads all of some data, and says what is broken.
#include <algorithm>
#include <atomic>
#include <cctype>
#include <exception>
#include <mutex>
#include <thread>

#include "cli/common.hpp"
#include "cli/data_options.hpp"
#include "data/stream.hpp"
#include "report/bar.hpp"
#include "report/output.hpp"
#include "report/terminal.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

/// Documents that are listed at once.
constexpr std::size_t kListed = 1024;

/// What one document holds.
struct Contents {
  std::int64_t documents = 0, pictures = 0, words = 0, text_bytes = 0;
  std::int64_t smallest = 0, largest = 0;  ///< Side of a picture, pixels; 0: none.
  ReadReport report;
};

std::int64_t count_words(const std::string& text) {
  std::int64_t words = 0;
  bool in_word = false;
  for (const char c : text) {
    const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    words += !space && !in_word;
    in_word = !space;
  }
  return words;
}

void look_at_picture(const Picture& picture, Contents& found) {
  ++found.pictures;
  const auto* bytes = std::get_if<std::string>(&picture);
  if (!bytes) return;
  const Image image = decode_image(*bytes);
  const auto [small, large] = std::minmax(image.width, image.height);
  found.smallest = found.smallest == 0 ? small : std::min(found.smallest, small);
  found.largest = std::max(found.largest, large);
}

Contents look_at(const Shard& shard, const Entry& entry) {
  Contents found;
  std::string id;
  try {
    const Document document = shard.read(entry);
    id = document.id;
    ++found.report.documents;
    for (const Segment& segment : document.segments) {
      if (segment.picture) look_at_picture(*segment.picture, found);
      found.words += count_words(segment.text);
      found.text_bytes += static_cast<std::int64_t>(segment.text.size());
    }
    ++found.documents;
  } catch (const BrokenDocument& broken) {
    found = {};
    Problem problem = broken.problem;
    if (problem.where.empty()) problem.where = id;
    found.report.add(std::move(problem));
  }
  return found;
}

void add(Contents& sum, Contents more) {
  sum.documents += more.documents;
  sum.pictures += more.pictures;
  sum.words += more.words;
  sum.text_bytes += more.text_bytes;
  if (more.smallest > 0)
    sum.smallest = sum.smallest == 0 ? more.smallest : std::min(sum.smallest, more.smallest);
  sum.largest = std::max(sum.largest, more.largest);
  sum.report.documents += more.report.documents;
  for (const auto& [kind, count] : more.report.broken) sum.report.broken[kind] += count;
  for (Problem& problem : more.report.first)
    if (sum.report.first.size() < ReadReport::kKept) sum.report.first.push_back(std::move(problem));
}

/// Looks at all documents of a listing, by several threads; the order stays.
std::vector<Contents> look_at_all(const Shard& shard, const std::vector<Entry>& entries) {
  std::vector<Contents> found(entries.size());
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failed;
  std::mutex mutex;
  const auto work = [&] {
    try {
      for (std::size_t i = 0; (i = next++) < entries.size();) found[i] = look_at(shard, entries[i]);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failed = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  if (failed) std::rethrow_exception(failed);
  return found;
}

Contents look_through(const RoledSource& source, const std::vector<ShardFile>& files, LiveLines& lines) {
  Contents sum;
  for (const ShardFile& file : files) {
    const auto shard = open_shard(file);
    Listing listing;
    do {
      listing = shard->list(listing.next, kListed);
      for (Problem& problem : listing.problems) sum.report.add(std::move(problem));
      for (Contents& found : look_at_all(*shard, listing.entries)) add(sum, std::move(found));
      lines.show(std::vector<std::string>{fmt::format("{}: {} documents", one_line(source.path.string()),
                                                      with_commas(sum.report.documents))});
    } while (!listing.end);
  }
  lines.clear();
  return sum;
}

int run_data_check(const Arguments& arguments) {
  const Format format = arguments.choice<Format>("--format");
  Table table;
  table.columns = {{"source"},
                   {"role"},
                   {"shards", Align::right},
                   {"documents", Align::right},
                   {"pictures", Align::right},
                   {"sides, px"},
                   {"words", Align::right},
                   {"text bytes", Align::right},
                   {"broken", Align::right}};
  LiveLines lines(terminal_of(2), write_err);
  bool broken = false;
  for (const RoledSource& source : roled_sources(arguments)) {
    std::vector<std::string> notes;
    const std::vector<ShardFile> shards = find_shards(source.path, source.role, &notes);
    for (const std::string& note : notes) table.notes.push_back(one_line(note));
    const Contents found = look_through(source, shards, lines);
    std::int64_t count = 0;
    for (const auto& [kind, number] : found.report.broken) {
      count += number;
      table.notes.push_back(
          fmt::format("{}: {} broken by: {}", shown_path(source.path), number, to_name(kind)));
    }
    for (const Problem& problem : found.report.first)
      table.notes.push_back("  " + one_line(to_text(problem)));
    broken = broken || count > 0;
    table.rows.push_back({{shown_path(source.path)},
                          {to_name(source.role)},
                          TableCell::integer(static_cast<std::int64_t>(shards.size())),
                          TableCell::integer(found.documents),
                          TableCell::integer(found.pictures),
                          {found.largest > 0 ? fmt::format("{}-{}", found.smallest, found.largest) : ""},
                          TableCell::integer(found.words),
                          TableCell::integer(found.text_bytes),
                          TableCell::integer(count)});
  }
  print_table(table, format);
  return broken ? ExitCode::jobs_failed : ExitCode::done;
}

}  // namespace

CommandSpec data_check_command() {
  return {.name = "data check",
          .group = Group::data,
          .summary = "Reads all of some data, and says what is in it and what is broken",
          .description =
              "Every document is read and every picture decoded, as a worker would. The exit code is 1 when "
              "something is "
              "broken: a worker counts such documents, names the first and passes over them, up to "
              "run.max_broken_share.",
          .example = "ablate data check tests/data/samples/captions tests/data/samples/text",
          .options = {source_argument("files or folders with data"), role_option(), format_option()},
          .run = run_data_check};
}

}  // namespace ablate
