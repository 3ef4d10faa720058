#include "data/stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <numeric>

namespace ablate {

namespace {

/// Two counters as one 64-bit lane of a RandomStream.
std::uint64_t lane_of(std::int64_t high, std::int64_t low) {
  return static_cast<std::uint64_t>(high) << 32 | static_cast<std::uint64_t>(low);
}

/// Fisher-Yates with draws of their own: any call with equal arguments gives the same order.
template <typename T>
void shuffle_by(std::vector<T>& items, const RandomStream& random, std::uint64_t lane) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i, i, lane)]);
}

std::int64_t position_count(const Json& json, const char* key) {
  if (!json.is_object() || !json.contains(key) || !json[key].is_number_integer() ||
      json[key].get<std::int64_t>() < 0)
    throw Error(fmt::format("data position: '{}' is missing or no count", key));
  return json[key].get<std::int64_t>();
}

}  // namespace

Json StreamPosition::to_json() const {
  return {{"epoch", epoch}, {"window", window}, {"next_shard", next_shard}, {"open", open}, {"index", index}};
}

StreamPosition StreamPosition::from_json(const Json& json) {
  StreamPosition position;
  position.epoch = position_count(json, "epoch");
  position.window = position_count(json, "window");
  position.next_shard = position_count(json, "next_shard");
  position.index = position_count(json, "index");
  try {
    position.open = json.at("open").get<decltype(position.open)>();
  } catch (const Json::exception&) {
    throw Error("data position: 'open' is no list of pairs");
  }
  return position;
}

void ReadReport::add(Problem problem) {
  ++documents;
  add_counted(std::move(problem));
}

void ReadReport::add_counted(Problem problem) {
  ++broken[problem.kind];
  if (first.size() < kKept) first.push_back(std::move(problem));
}

void ReadReport::add(const ReadReport& report) {
  documents += report.documents;
  repeated += report.repeated;
  for (const auto& [kind, count] : report.broken) broken[kind] += count;
  for (const Problem& problem : report.first)
    if (first.size() < kKept) first.push_back(problem);
}

DocumentStream::DocumentStream(std::vector<ShardFile> shards, std::uint64_t seed, const std::string& purpose)
    : shards_(std::move(shards)),
      shard_order_(seed, purpose + "/shards"),
      window_order_(seed, purpose + "/windows"),
      document_bits_(seed, purpose + "/documents") {
  if (shards_.empty()) throw DataError("no data source is named");
}

DocumentStream::~DocumentStream() = default;

void DocumentStream::seek(const StreamPosition& position) {
  for (const auto& [place, offset] : position.open)
    if (place < 0 || place >= static_cast<std::int64_t>(shards_.size()) || offset < 0)
      throw Error(
          "data position: it names a shard that is not there; the data are others than those it was written "
          "for");
  if (position.next_shard > static_cast<std::int64_t>(shards_.size()))
    throw Error(
        "data position: it names a shard that is not there; the data are others than those it was written "
        "for");
  position_ = position;
  is_open_ = false;
  epoch_has_any_ = position.window > 0 || position.index > 0;
}

const Shard& DocumentStream::shard(std::int64_t index) {
  auto& opened = opened_[index];
  if (!opened) opened = open_shard(shards_[static_cast<std::size_t>(index)]);
  return *opened;
}

/// Lists the window that begins at position_, and says in following_ where the next one begins.
void DocumentStream::open_window(ReadReport& report) {
  const auto shard_count = static_cast<std::int64_t>(shards_.size());
  order_.resize(shards_.size());
  std::iota(order_.begin(), order_.end(), std::int64_t{0});
  shuffle_by(order_, shard_order_, static_cast<std::uint64_t>(position_.epoch));

  following_ = {.epoch = position_.epoch,
                .window = position_.window + 1,
                .next_shard = position_.next_shard,
                .open = {},
                .index = 0};
  auto begun = position_.open;
  while (begun.size() < kOpenShards && following_.next_shard < shard_count)
    begun.emplace_back(following_.next_shard++, 0);

  std::map<std::int64_t, std::unique_ptr<Shard>> still_open;
  for (const auto& [place, offset] : begun) {
    const std::int64_t index = order_[static_cast<std::size_t>(place)];
    if (auto opened = opened_.extract(index)) still_open.insert(std::move(opened));
  }
  opened_ = std::move(still_open);

  // All at once: on a cold disk, listing is waiting for single headers.
  std::vector<std::future<Listing>> listings;
  for (const auto& [place, offset] : begun) {
    const Shard& opened = shard(order_[static_cast<std::size_t>(place)]);
    listings.push_back(
        std::async(std::launch::async, [&opened, from = offset] { return opened.list(from, kWindowShard); }));
  }
  window_.clear();
  for (std::size_t i = 0; i < begun.size(); ++i) {
    const std::int64_t place = begun[i].first, index = order_[static_cast<std::size_t>(place)];
    Listing listing = listings[i].get();
    for (const Entry& entry : listing.entries) window_.push_back({index, entry});
    for (Problem& problem : listing.problems) report.add(std::move(problem));
    if (!listing.end) following_.open.emplace_back(place, listing.next);
  }
  if (following_.open.empty() && following_.next_shard == shard_count)
    following_ = {.epoch = position_.epoch + 1, .window = 0, .next_shard = 0, .open = {}, .index = 0};
  shuffle_by(window_, window_order_, lane_of(position_.epoch, position_.window));
  is_open_ = true;
}

DrawnDocument DocumentStream::next(ReadReport& report) {
  std::optional<DrawnDocument> drawn;
  while (!drawn) drawn = next_of_epoch(report);
  return *std::move(drawn);
}

std::optional<DrawnDocument> DocumentStream::next_of_epoch(ReadReport& report) {
  while (true) {
    if (!is_open_) {
      ReadReport known;  // What a window begun before told already.
      open_window(position_.index == 0 ? report : known);
    }
    while (position_.index < static_cast<std::int64_t>(window_.size())) {
      const Place place = window_[static_cast<std::size_t>(position_.index++)];
      try {
        DrawnDocument drawn{shard(place.shard).read(place.entry),
                            document_bits_.bits(static_cast<std::uint64_t>(place.entry.offset),
                                                lane_of(position_.epoch, place.shard)),
                            shards_[static_cast<std::size_t>(place.shard)].role};
        ++report.documents;
        epoch_has_any_ = true;
        return drawn;
      } catch (const BrokenDocument& broken) {
        report.add(broken.problem);
      }
    }
    const bool ends = following_.epoch > position_.epoch;
    if (ends) {
      if (!epoch_has_any_)
        throw DataError(
            fmt::format("{}{}: not one document that can be read{}", shards_.front().path.string(),
                        shards_.size() > 1 ? fmt::format(" and {} more shards", shards_.size() - 1) : "",
                        report.first.empty() ? "; the source is empty"
                                             : "; the first problem: " + to_text(report.first.front())));
      epoch_has_any_ = false;
    }
    position_ = following_;
    is_open_ = false;
    if (ends) return std::nullopt;
  }
}

}  // namespace ablate
