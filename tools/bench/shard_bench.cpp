// What reading WebDataset shards costs. 100 shards of 100 MB (200,000 samples) are made in FOLDER if they are
// not there, with real headers and content. Printed with the files in memory, then with them dropped from it:
//   first     seconds from opening 8 shards, over listing 1,024 entries of each, to the first document
//   at once   the same with the 8 listed by as many threads
//   list      entries a second, header by header through 20 shards
//   read      samples a second, one after another, of 10 shards
//   memory    most that the process ever had
//
//   shard_bench FOLDER
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <future>

#include "data/shard.hpp"
#include "util/error.hpp"
#include "util/file.hpp"
#include "util/text.hpp"

using namespace ablate;

namespace {

namespace fs = std::filesystem;

constexpr int kShards = 100, kSamplesPerShard = 2'000;
constexpr std::size_t kListed = 1'024, kOpened = 8;

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void add_member(struct archive* archive, const std::string& name, std::string_view content) {
  struct archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, name.c_str());
  archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0644);
  const bool written =
      archive_write_header(archive, entry) == ARCHIVE_OK &&
      archive_write_data(archive, content.data(), content.size()) == static_cast<la_ssize_t>(content.size());
  archive_entry_free(entry);
  if (!written) throw Error(fmt::format("shard cannot be written: {}", archive_error_string(archive)));
}

void make_shard(const fs::path& path, int shard, const std::string& content) {
  const fs::path temporary = path.string() + ".tmp";
  struct archive* archive = archive_write_new();
  archive_write_set_format_ustar(archive);
  if (archive_write_open_filename(archive, temporary.c_str()) != ARCHIVE_OK)
    throw Error(fmt::format("{}: {}", temporary.string(), archive_error_string(archive)));
  for (int i = 0; i < kSamplesPerShard; ++i) {
    const std::string key = fmt::format("{:09}", shard * kSamplesPerShard + i);
    const auto size = static_cast<std::size_t>(44'000 + i * 7919 % 8'000);  // 48 kB on average
    add_member(archive, key + ".jpg", std::string_view(content).substr(static_cast<std::size_t>(i), size));
    add_member(
        archive, key + ".json",
        fmt::format(
            R"({{"url": "https://example.org/{}.jpg", "key": "{}", "status": "success", "width": 512, )"
            R"("height": 384, "similarity": 0.31}})",
            key, key));
    add_member(archive, key + ".txt", fmt::format("Picture {} of a set that shows nothing in particular", i));
  }
  if (archive_write_close(archive) != ARCHIVE_OK)
    throw Error(fmt::format("{}: {}", temporary.string(), archive_error_string(archive)));
  archive_write_free(archive);
  fs::rename(temporary, path);
}

void make_set(const fs::path& folder) {
  make_directories(folder);
  std::string content;
  for (std::uint64_t state = 1; content.size() < 64'000;)
    content += static_cast<char>((state = state * 6364136223846793005u + 1442695040888963407u) >> 56);
  for (int shard = 0; shard < kShards; ++shard) {
    const fs::path path = folder / fmt::format("bench-{:06}.tar", shard);
    if (!fs::exists(path)) make_shard(path, shard, content);
  }
}

/// Takes the files' content out of the page cache.
void drop_from_memory(const std::vector<ShardFile>& files) {
  for (const ShardFile& file : files) {
    const Fd fd = open_shard_file(file);
    ::fdatasync(fd.get());
    ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
  }
}

/// Opens and lists as a stream does, one shard after another or (`at_once`) each in a thread.
double time_first_document(const std::vector<ShardFile>& files, bool at_once) {
  const double start = seconds();
  std::vector<std::unique_ptr<Shard>> shards;
  std::vector<std::future<Listing>> listings;
  for (std::size_t i = 0; i < kOpened; ++i) {
    shards.push_back(open_shard(files[i * files.size() / kOpened]));
    listings.push_back(std::async(at_once ? std::launch::async : std::launch::deferred,
                                  [shard = shards.back().get()] { return shard->list(0, kListed); }));
  }
  std::vector<Entry> entries;
  for (auto& listing : listings) entries.push_back(listing.get().entries.at(kListed / 2));
  shards[0]->read(entries[0]);
  return seconds() - start;
}

std::vector<Listing> list_shards(const std::vector<ShardFile>& files, std::size_t begin, std::size_t count) {
  std::vector<Listing> result;
  for (std::size_t i = begin; i < begin + count; ++i) {
    Listing whole;
    for (const auto shard = open_shard(files.at(i)); !whole.end;) {
      const Listing part = shard->list(whole.next, kListed);
      whole.entries.insert(whole.entries.end(), part.entries.begin(), part.entries.end());
      whole.next = part.next;
      whole.end = part.end;
    }
    result.push_back(std::move(whole));
  }
  return result;
}

void measure(const std::vector<ShardFile>& files, const char* state, bool cold) {
  const auto prepare = [&] {
    if (cold) drop_from_memory(files);
    return seconds();
  };
  prepare();
  const double first = time_first_document(files, /*at_once=*/false);
  prepare();
  const double first_at_once = time_first_document(files, /*at_once=*/true);

  double start = prepare();
  std::size_t entries = 0;
  for (const Listing& listing : list_shards(files, 20, 20)) entries += listing.entries.size();
  const double list_rate = static_cast<double>(entries) / (seconds() - start);

  const std::vector<Listing> listings = list_shards(files, 50, 10);
  start = prepare();
  std::size_t samples = 0;
  double bytes = 0;
  for (std::size_t i = 0; i < listings.size(); ++i) {
    const auto shard = open_shard(files[50 + i]);
    for (const Entry& entry : listings[i].entries) {
      samples += shard->read(entry).segments.size() == 2;
      bytes += static_cast<double>(entry.size);
    }
  }
  const double elapsed = seconds() - start;
  fmt::print("{:<6}  first {:.3f} s, at once {:.3f} s   list {} entries/s   read {} samples/s ({}/s)\n",
             state, first, first_at_once, with_commas(static_cast<std::int64_t>(list_rate)),
             with_commas(static_cast<std::int64_t>(static_cast<double>(samples) / elapsed)),
             human_bytes(bytes / elapsed));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw Error("expected: shard_bench FOLDER");
    make_set(argv[1]);
    const std::vector<ShardFile> files = find_shards(argv[1], DataRole::captions);
    list_shards(files, 20, 20);  // brings into memory what is measured there
    time_first_document(files, /*at_once=*/true);
    measure(files, "warm", /*cold=*/false);
    measure(files, "cold", /*cold=*/true);
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    fmt::print("memory  {} at most\n", human_bytes(static_cast<double>(usage.ru_maxrss) * 1024));
    return 0;
  } catch (const Error& error) {
    fmt::print(stderr, "shard_bench: {}\n", error.what());
    return ExitCode::user_error;
  }
}
