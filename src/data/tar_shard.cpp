#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "data/shard.hpp"
#include "data/tar_reader.hpp"
#include "data/tar_sample.hpp"

namespace ablate {

namespace {

/// What is read at once while headers are walked: one header and small members after it.
constexpr std::int64_t kTarHeaderBlock = 4 << 10;
/// What is read at once of a document.
constexpr std::int64_t kTarDocumentBlock = 1 << 20;

/// "a.tar: dir/000123", without the "./" that `tar .` puts before names.
std::string sample_place(const std::string& shard, std::string_view key) {
  if (key.starts_with("./")) key.remove_prefix(2);
  return fmt::format("{}: {}", shard, printable(key, kWhole));
}

void check_member_name(const std::string& name) {
  const std::filesystem::path path(name);
  if (path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end())
    fail_document(ProblemKind::path,
                  fmt::format("the archive's member '{}' leaves the archive; expected a relative "
                              "name without '..'",
                              printable(name, kShownName)));
}

/// A sample while its headers come in.
struct TarSampleExtent {
  std::string key;
  std::int64_t begin = 0, end = 0, bytes = 0;
};

class TarShard final : public Shard {
 public:
  explicit TarShard(const ShardFile& file) : file_(file), fd_(open_shard_file(file)) {
    check_not_compressed();
  }

  Listing list(std::int64_t from, std::size_t limit) const override {
    return list_samples(from, limit, [](const std::string&, const Entry&) {});
  }

  std::multimap<std::string, Entry> find(const std::set<std::string>& ids, std::size_t most) const override {
    std::multimap<std::string, Entry> found;
    list_samples(0, most, [&](const std::string& key, const Entry& entry) {
      if (std::string id = sample_place(file_.name, key); ids.contains(id))
        found.emplace(std::move(id), entry);
    });
    return found;
  }

  Document read(const Entry& entry) const override {
    std::string where = fmt::format("{}: byte {}", file_.name, entry.offset);
    std::vector<SamplePart> parts;
    try {
      read_parts(entry, parts, where);
    } catch (const TarDamage& damage) {
      throw BrokenDocument({ProblemKind::archive, where, damage.what()});
    } catch (BrokenDocument& broken) {
      throw BrokenDocument({broken.problem.kind, where, std::move(broken.problem.message)});
    }
    return at_place(where, [&] {
      Document document = make_sample_document(parts, file_.role);
      document.id = where;
      return document;
    });
  }

 private:
  void check_not_compressed() const {
    struct Compression {
      std::string_view magic;
      const char *extension, *command;
    };
    static constexpr Compression kCompressions[] = {
        {"\x1f\x8b", ".gz", "gunzip"}, {"\x28\xb5\x2f\xfd", ".zst", "zstd -d"}, {"\3757zXZ", ".xz", "unxz"}};
    const std::int64_t size = std::min<std::int64_t>(shard_bytes(fd_.get(), file_.path), 8);
    const std::string start = read_range(fd_.get(), 0, size, file_.path);
    for (const Compression& compression : kCompressions)
      if (start.starts_with(compression.magic))
        throw DataError(
            fmt::format("{0}: is compressed, whatever its name says; rename it to {0}{1} and decompress it: "
                        "{2} {0}{1}",
                        file_.path.string(), compression.extension, compression.command));
  }

  using VisitSample = std::function<void(const std::string& key, const Entry&)>;

  /// `visit` is told of each entry.
  Listing list_samples(std::int64_t from, std::size_t limit, const VisitSample& visit) const {
    Listing listing;
    const std::int64_t file_end = shard_bytes(fd_.get(), file_.path);
    std::optional<TarSampleExtent> sample;
    bool is_last_in_sample = false;
    listing.next = file_end;
    listing.end = true;
    try {
      TarReader reader(fd_.get(), from, file_end, kTarHeaderBlock);
      while (const auto member = reader.next()) {
        if (is_last_in_sample) sample->end = member->header;
        const auto name = member->is_file ? find_sample_name(member->name) : std::nullopt;
        is_last_in_sample = name.has_value();
        if (!name) continue;
        if (!sample || sample->key != name->key) {
          if (sample) add_sample(listing, *sample, visit);
          sample.reset();
          if (listing.entries.size() + listing.problems.size() >= limit) {
            listing.next = member->header;
            listing.end = false;
            return listing;
          }
          sample = TarSampleExtent{name->key, member->header, 0, 0};
        }
        // No sum can overflow: it stops growing once it is too large.
        if (sample->bytes <= kMaxDocumentBytes)
          sample->bytes += std::min(member->size, kMaxDocumentBytes + 1);
      }
      if (is_last_in_sample) sample->end = reader.position();
    } catch (const TarDamage& damage) {
      if (is_last_in_sample && damage.last_is_whole) sample->end = damage.byte;
      // The sample whose member is cut short counts once: as what is wrong with the archive.
      if (is_last_in_sample && !damage.last_is_whole) sample.reset();
      listing.problems.push_back({ProblemKind::archive, file_.name, damage.what()});
    }
    if (sample) add_sample(listing, *sample, visit);
    return listing;
  }

  void add_sample(Listing& listing, const TarSampleExtent& sample, const VisitSample& visit) const {
    if (sample.bytes > kMaxDocumentBytes)
      listing.problems.push_back(
          {ProblemKind::too_large, sample_place(file_.name, sample.key),
           fmt::format("a sample of more than {} bytes; expected at most that", kMaxDocumentBytes)});
    else
      visit(sample.key, listing.entries.emplace_back(Entry{sample.begin, sample.end - sample.begin}));
  }

  /// The members of one sample; `where` becomes its place as soon as its key is known.
  void read_parts(const Entry& entry, std::vector<SamplePart>& parts, std::string& where) const {
    TarReader reader(fd_.get(), entry.offset, entry.offset + entry.size,
                     std::clamp<std::int64_t>(entry.size, 1, kTarDocumentBlock));
    std::int64_t bytes = 0;
    while (const auto member = reader.next()) {
      const auto name = member->is_file ? find_sample_name(member->name) : std::nullopt;
      if (!name) continue;
      if (parts.empty()) where = sample_place(file_.name, name->key);
      check_member_name(member->name);
      if (std::any_of(parts.begin(), parts.end(),
                      [&](const SamplePart& part) { return part.extension == name->extension; }))
        fail_document(ProblemKind::record,
                      fmt::format("two members with the extension .{}; expected one of each",
                                  printable(name->extension)));
      if (member->size > kMaxDocumentBytes - bytes)
        fail_document(
            ProblemKind::too_large,
            fmt::format("a sample of more than {} bytes; expected at most that", kMaxDocumentBytes));
      bytes += member->size;
      parts.push_back(
          {member->name, name->extension, is_sample_part(name->extension) ? reader.read() : std::string()});
    }
  }

  ShardFile file_;
  Fd fd_;
};

}  // namespace

std::unique_ptr<Shard> open_tar_shard(const ShardFile& file) { return std::make_unique<TarShard>(file); }

}  // namespace ablate
