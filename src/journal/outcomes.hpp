// What became of each example of an evaluation, in one file beside its journal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ablate {

/// The examples of one score, which is sum(weights * values) / sum(weights) over them.
struct ExampleOutcomes {
  std::string score;  ///< Its name: "vqa/4-shot".
  /// Content hash of all that each example asked. Equal for equal questions, whoever is asked.
  std::vector<std::uint64_t> questions;
  std::vector<float> values;       ///< One for each question: a hit, a loss. Finite.
  std::vector<float> weights;      ///< Above 0: tokens, say. Empty: all weigh the same.
  std::vector<std::string> names;  ///< Of the records that the questions are made of. Empty: not kept.
};

/// Of examples in a larger set no names are kept.
constexpr std::size_t kMostNamed = 65536;
constexpr std::size_t kMaxOutcomesBytes = std::size_t{1} << 30;

/// The file's bytes. Scores that ask the same questions share the list of these. A million examples take
/// 6 MB for their questions, and for each score 1 MB where at most 256 different values occur, 2 MB where
/// they are whole numbers below 65,536, else 4 MB; weights likewise. Throws std::logic_error for lists of
/// unequal lengths, values that are not finite and weights that are not above 0.
///
/// Format: the line "ablate-outcomes 1", a line of JSON, and blocks of bytes whose lengths that JSON gives.
///   {"questions": [{"n": N, "rice": K, "bytes": B, "names_bytes": C}, ...],
///    "scores": [{"name": ..., "questions": index, "values": COLUMN, "weights": COLUMN or null}, ...]}
/// For each of "questions" come the identities, ascending, and the names, each ended by a zero byte. The
/// identities are differences from the one before (the first from 0) in a Golomb-Rice code: difference >> K
/// one bits, a zero bit, then the K low bits, lowest first; bytes are filled from their lowest bit. For each
/// of "scores" come the values and the weights in the order of the questions. COLUMN is a list of at most 256
/// numbers, and then each value is one byte, the index into it; or "u16" or "f32", little-endian.
std::string encode_outcomes(std::span<const ExampleOutcomes> outcomes);

/// Questions ascend; scores are in the order in which they were written. Throws Error, saying what is wrong,
/// for bytes that encode_outcomes() has not made; `file` is for messages.
std::vector<ExampleOutcomes> decode_outcomes(std::string_view bytes, const std::string& file);

/// The same from a file whose content has the hash `hash` (util/hash.hpp). Throws Error naming the file when
/// it is missing, cannot be read, or is another one or a part of it.
std::vector<ExampleOutcomes> read_outcomes(const std::filesystem::path& file, const std::string& hash);

}  // namespace ablate
