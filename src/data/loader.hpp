// The data of a training job: sequences or pairs, prepared by threads, counted, the broken ones within
// bounds.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/mixture.hpp"
#include "data/ordered_loader.hpp"
#include "data/pairs.hpp"

namespace ablate {

struct LoaderSettings {
  std::size_t threads = 1;         ///< With 0 next() does all the work.
  double max_broken_share = 0.05;  ///< Share of the documents read; see DataTally.
};

/// What was read and handed out so far: goes to the journal, and into checkpoints.
class DataTally {
 public:
  static constexpr std::int64_t kFewBroken = 10;
  /// `few_broken`: as many may be broken whatever their share.
  explicit DataTally(double max_broken_share = 1, std::int64_t few_broken = kFewBroken)
      : max_broken_share_(max_broken_share), few_broken_(few_broken) {}

  /// Throws DataError when more than `few_broken` documents, and more than `max_broken_share` of all, are
  /// broken.
  void add(const ReadReport& report);
  void add(const Sequence& sequence);
  void add(const Pair& pair);

  /// For a `metric` event: shares of sequences, tokens, targets and pictures by role
  /// ("token_share_captions"), the share of positions that hold a token ("fill"), and the number of broken
  /// documents ("broken_documents").
  std::vector<std::pair<std::string, double>> metrics() const;
  std::int64_t documents() const { return documents_; }
  std::int64_t broken() const { return broken_; }
  /// Counts by kind and the first few by name: for the detail of a `finished` event, and for a checkpoint.
  Json to_json() const;
  /// Goes on from what to_json() gave. Throws Error for other JSON.
  void restore(const Json& json);

 private:
  struct RoleCounts {
    std::int64_t sequences = 0, tokens = 0, targets = 0, images = 0;
  };
  double max_broken_share_;
  std::int64_t few_broken_;
  std::int64_t documents_ = 0, broken_ = 0, positions_ = 0;
  std::map<std::string, RoleCounts> roles_;
  std::map<std::string, std::int64_t> problems_;  ///< The key is a problem's kind.
  std::vector<std::string> first_;                ///< The first few, in words.
};

/// Sequences of a mixture from a position on. One thread calls next() and tally(); others load pictures.
class SequenceLoader {
 public:
  SequenceLoader(MixtureSettings mixture, std::shared_ptr<const Tokenizer> tokenizer, LoaderSettings settings,
                 const MixturePosition* from = nullptr);
  /// Throws DataError.
  Sequence next();
  DataTally& tally() { return tally_; }

 private:
  Mixture mixture_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  DataTally tally_;
  OrderedLoader<SequencePlan, Sequence> loader_;
};

/// Pairs from a position on; broken ones are passed over. Threads are as in SequenceLoader. Throws Error when
/// captions are asked for without a tokenizer.
class PairLoader {
 public:
  PairLoader(PairSettings pairs, std::shared_ptr<const Tokenizer> tokenizer, LoaderSettings settings,
             const StreamPosition* from = nullptr);
  /// Throws DataError.
  Pair next();
  DataTally& tally() { return tally_; }

 private:
  PairSource source_;
  PairSettings settings_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  DataTally tally_;
  OrderedLoader<PairPlan, Pair> loader_;
};

}  // namespace ablate
