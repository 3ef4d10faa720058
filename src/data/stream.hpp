// The documents of some sources in an order that depends on the seed alone, again and again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/shard.hpp"
#include "util/json.hpp"
#include "util/random.hpp"

namespace ablate {

/// Where a stream stands: all that a checkpoint needs.
struct StreamPosition {
  std::int64_t epoch = 0;
  std::int64_t window = 0;      ///< Within the epoch.
  std::int64_t next_shard = 0;  ///< Within the epoch's order: the first one that no window has begun.
  std::vector<std::pair<std::int64_t, std::int64_t>>
      open;                ///< Shards begun by earlier windows: place in the order, byte.
  std::int64_t index = 0;  ///< Documents of the window that were handed out.

  Json to_json() const;
  /// Throws Error for JSON that is no position.
  static StreamPosition from_json(const Json& json);
};

/// A document, and random bits of its own: the same in every run of one seed, whatever else happens.
struct DrawnDocument {
  Document document;
  std::uint64_t bits = 0;
  DataRole role = DataRole::captions;  ///< That of its shard.
};

/// How many documents were read, and what was wrong with some.
struct ReadReport {
  static constexpr std::size_t kKept = 20;  ///< Problems that are kept in words.

  std::int64_t documents = 0;                  ///< Broken ones included.
  std::map<ProblemKind, std::int64_t> broken;  ///< How many of each kind.
  std::int64_t repeated = 0;                   ///< Held-out ones that were read before, and left out.
  std::vector<Problem> first;                  ///< The first few of them.

  /// A document that could not be read.
  void add(Problem problem);
  /// One that was read and counted, and turned out broken afterwards: its picture cannot be decoded.
  void add_counted(Problem problem);
  void add(const ReadReport& report);
};

/// Each epoch hands out every document once. Shards come in a random order; documents are shuffled within a
/// window: the next kWindowShard documents of each of kOpenShards shards. So the first document needs no look
/// at the rest of the data, and no more than a window's places are held in memory. One thread may use it.
class DocumentStream {
 public:
  static constexpr std::size_t kOpenShards = 8, kWindowShard = 1024;

  /// `purpose` tells apart the streams of one seed. Throws DataError when `shards` is empty.
  DocumentStream(std::vector<ShardFile> shards, std::uint64_t seed, const std::string& purpose);
  ~DocumentStream();

  /// The next document that is whole; broken ones on the way are told to `report`. Throws DataError when a
  /// whole epoch has none.
  DrawnDocument next(ReadReport& report);
  /// The same within one epoch: nothing at its end, when all of its documents are told; the call after that
  /// begins the next one.
  std::optional<DrawnDocument> next_of_epoch(ReadReport& report);
  StreamPosition position() const { return position_; }
  void seek(const StreamPosition& position);

 private:
  struct Place {
    std::int64_t shard = 0;  ///< Index into shards_.
    Entry entry;
  };
  void open_window(ReadReport& report);
  const Shard& shard(std::int64_t index);

  std::vector<ShardFile> shards_;
  RandomStream shard_order_, window_order_, document_bits_;
  StreamPosition position_,
      following_;  ///< Where the window begins (and its index), and where the next one does.
  std::vector<std::int64_t> order_;                        ///< The shards of this epoch.
  std::vector<Place> window_;                              ///< Shuffled.
  std::map<std::int64_t, std::unique_ptr<Shard>> opened_;  ///< Those of the window.
  bool is_open_ = false;                                   ///< window_ is that of position_.
  bool epoch_has_any_ = false;                             ///< A whole document was seen in this epoch.
};

}  // namespace ablate
