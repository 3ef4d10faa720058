// What a decoder is trained on: packed sequences, drawn from captions, interleaved documents and text by
// weight.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/chat.hpp"
#include "data/stream.hpp"
#include "data/tokens.hpp"

namespace ablate {

/// Documents that are packed together, and the share of sequences that they get.
struct MixtureSource {
  DataRole role = DataRole::captions;
  std::vector<std::filesystem::path> paths;
  double weight = 1;
  std::vector<DataRole> roles = {};  ///< Those of the paths, where they have others; else empty.
};

struct MixtureSettings {
  std::vector<MixtureSource> sources;
  std::uint64_t seed = 0;
  std::int64_t seq_len = 0;       ///< T, positions.
  std::int64_t max_images = 0;    ///< Most pictures in one sequence, each with all its views.
  std::int64_t image_tokens = 0;  ///< k, positions of one view of a picture.
  std::int64_t resolution = 0;    ///< R, pixels on a side.
  ImageFit image_fit = ImageFit::stretch;
  SubImages sub_images = SubImages::none;
  double synthetic_share =
      0;      ///< Probability that a caption gives way to its synthetic one, where there is one.
  Chat chat;  ///< How conversations are written.
  std::string instruction;  ///< A line after each question of role sft_questions; "": none.

  PictureLayout layout() const { return {image_tokens, sub_images, resolution}; }
};

/// Where a mixture stands: all that a checkpoint needs.
struct MixturePosition {
  struct Lane {
    StreamPosition group;       ///< Where the group's first document stands.
    std::int64_t sequence = 0;  ///< Sequences of the group that were handed out.
  };
  std::int64_t sequences = 0;  ///< Handed out in all.
  std::vector<Lane> lanes;     ///< One for each source, in their order.

  Json to_json() const;
  /// Throws Error for JSON that is no position.
  static MixturePosition from_json(const Json& json);
};

constexpr std::int32_t kNoTarget = -100;  ///< A label that has no loss, as in PyTorch's cross_entropy.

/// One packed sequence. T = seq_len, N views of pictures, R = resolution.
struct Sequence {
  DataRole role = DataRole::captions;
  std::vector<std::int32_t> tokens;     ///< [T]; pad after the last document and at the places of pictures.
  std::vector<std::int32_t> labels;     ///< [T]: the token that follows within the document, or kNoTarget.
  std::vector<std::int32_t> positions;  ///< [T]: from 0 in each document; 0 in padding.
  std::vector<std::int32_t>
      documents;  ///< [T]: 0, 1, ... within the sequence; -1: padding. Attention stays within one.
  std::vector<std::int32_t> branches;  ///< [T], or empty: TokenizedDocument::branches.
  std::vector<std::string> ids;        ///< The documents' own.
  std::vector<std::size_t> indices;    ///< The documents' own: TokenizedDocument::index.
  std::vector<ImagePlace> images;      ///< Those of the pictures, rising; they have N views in all.
  std::vector<std::uint8_t> pixels;    ///< [N, R, R, 3]
  ReadReport report;                   ///< What was read since the sequence before, and what was broken.
  MixturePosition position;            ///< Where the mixture stands after it.
};

/// A sequence whose pictures are still to be decoded.
struct SequencePlan {
  DataRole role = DataRole::captions;
  std::vector<TokenizedDocument> documents;
  ReadReport report;
  MixturePosition position;
};

/// Plans sequences one after the other, for one thread at a time. The role of sequence i is drawn from a
/// sequence of low discrepancy: after any n sequences each role has had its share to within a few. Documents
/// are taken from their stream in groups of kGroupSequences sequences' worth and packed group by group.
class Mixture {
 public:
  static constexpr std::int64_t kGroupSequences = 128;
  static constexpr std::int64_t kGroupBytes = 256
                                              << 20;  ///< A group also ends after so many bytes of pictures.

  /// `from`: null for the beginning. Throws Error for settings that contradict one another, DataError for
  /// sources with nothing in them.
  Mixture(MixtureSettings settings, std::shared_ptr<const Tokenizer> tokenizer,
          const MixturePosition* from = nullptr);
  ~Mixture();
  SequencePlan next();
  const MixtureSettings& settings() const { return settings_; }

 private:
  struct Lane;
  void seek(const MixturePosition& position);
  std::size_t draw_lane(std::int64_t sequence) const;
  void fill_group(Lane& lane);

  MixtureSettings settings_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<double> cumulative_;  ///< Sums of the weights; the last is 1.
  std::uint64_t offset_ = 0;        ///< Where the low-discrepancy sequence starts; 2^64 is the circle.
  std::int64_t sequences_ = 0;
};

/// Decodes the pictures and lays out the sequence. A picture that cannot be decoded takes its document along:
/// its positions become padding, and the report says why. A pure function; may run in any thread.
Sequence load_sequence(SequencePlan plan, const MixtureSettings& settings, const SpecialPieces& special);

}  // namespace ablate
