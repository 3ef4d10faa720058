// A scenes file as a shard: its documents are made, not read.
#include <fmt/format.h>

#include <algorithm>

#include "data/scenes.hpp"
#include "data/shard.hpp"

namespace ablate {

namespace {

class SceneShard : public Shard {
 public:
  explicit SceneShard(const ShardFile& shard) : shard_(shard), scenes_(load_scenes_file(shard.path)) {
    if (shard.role == DataRole::sft_text)
      throw DataError(
          fmt::format("{}: scenes have pictures; expected conversations without, as it is data for "
                      "sft_text",
                      shard.path.string()));
    bank_ = load_bank(scenes_.bank, scenes_.bank_limit);
    if (const auto labels = std::ssize(bank_->labels); scenes_.ways > labels)
      throw DataError(fmt::format("{}: 'ways' is {}, but the bank has {} labels; expected at most as many",
                                  shard.path.string(), scenes_.ways, labels));
  }

  Listing list(std::int64_t from, std::size_t limit) const override {
    Listing listing;
    listing.next = std::clamp<std::int64_t>(from, 0, scenes_.documents);
    for (; listing.next < scenes_.documents && listing.entries.size() < limit; ++listing.next)
      listing.entries.push_back({listing.next, 1});
    listing.end = listing.next >= scenes_.documents;
    return listing;
  }

  Document read(const Entry& entry) const override {
    return make_scene_document(scenes_, bank_, shard_.role, entry.offset, shard_.name);
  }

  std::multimap<std::string, Entry> find(const std::set<std::string>& ids, std::size_t) const override {
    return find_by_number(ids, shard_.name + ": ");
  }

 private:
  ShardFile shard_;
  ScenesFile scenes_;
  std::shared_ptr<const Bank> bank_;
};

}  // namespace

std::unique_ptr<Shard> open_scene_shard(const ShardFile& file) { return std::make_unique<SceneShard>(file); }

}  // namespace ablate
