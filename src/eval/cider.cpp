#include "eval/cider.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <map>
#include <set>
#include <unordered_map>

namespace ablate {
namespace {

constexpr std::size_t kCiderOrders = 4;
constexpr double kCiderSigma = 6;

bool is_caption_digit(char c) { return c >= '0' && c <= '9'; }

/// A part of a word wherever it stands. The text is in lower case already.
bool is_caption_letter(char c) {
  return (c >= 'a' && c <= 'z') || is_caption_digit(c) || c == '_' || static_cast<unsigned char>(c) > 127;
}

/// Whether the mark at `at`, which follows a letter, joins it with the next one.
bool joins_caption_word(std::string_view text, std::size_t at) {
  if (at + 1 >= text.size() || !is_caption_letter(text[at + 1])) return false;
  const char mark = text[at];
  if (mark == '-' || mark == '\'') return true;
  return (mark == '.' || mark == ',' || mark == ':') && is_caption_digit(text[at - 1]) &&
         is_caption_digit(text[at + 1]);
}

/// The end of the word that begins at `at`.
std::size_t caption_word_end(std::string_view text, std::size_t at) {
  while (at < text.size() && (is_caption_letter(text[at]) || joins_caption_word(text, at))) ++at;
  return at;
}

constexpr std::string_view kCaptionEndings[] = {"n't", "'s", "'m", "'d", "'re", "'ve", "'ll"};

/// Adds `word` with its contracted endings as words of their own: shouldn't've -> should n't 've.
void add_caption_word(std::vector<std::string>& words, std::string_view word) {
  for (const std::string_view ending : kCaptionEndings) {
    if (word.size() > ending.size() && word.ends_with(ending)) {
      add_caption_word(words, word.substr(0, word.size() - ending.size()));
      words.emplace_back(ending);
      return;
    }
  }
  words.emplace_back(word);
}

/// Every n-gram of 1 to 4 words with its count, by n - 1; the words are joined by spaces. Ordered, so that
/// sums over them are the same everywhere.
using CiderCounts = std::array<std::map<std::string, double>, kCiderOrders>;

CiderCounts cider_counts(std::string_view text) {
  const std::vector<std::string> words = caption_words(text);
  CiderCounts counts;
  for (std::size_t first = 0; first < words.size(); ++first) {
    std::string ngram;
    for (std::size_t n = 0; n < kCiderOrders && first + n < words.size(); ++n) {
      if (n > 0) ngram += ' ';
      ngram += words[first + n];
      ++counts[n][ngram];
    }
  }
  return counts;
}

/// In how many examples each n-gram occurs in some reference.
using CiderFrequencies = std::unordered_map<std::string, double>;

CiderFrequencies cider_frequencies(std::span<const CaptionExample> examples) {
  CiderFrequencies frequencies;
  for (const CaptionExample& example : examples) {
    std::set<std::string> found;
    for (const std::string& reference : example.references) {
      for (const auto& order : cider_counts(reference)) {
        for (const auto& [ngram, count] : order) found.insert(ngram);
      }
    }
    for (const std::string& ngram : found) ++frequencies[ngram];
  }
  return frequencies;
}

/// A caption as four vectors of n-gram weights.
struct CiderVectors {
  CiderCounts weights;
  std::array<double, kCiderOrders> norms{};
  double bigrams = 0;
};

CiderVectors cider_vectors(std::string_view text, const CiderFrequencies& frequencies, double log_examples) {
  CiderVectors vectors;
  vectors.weights = cider_counts(text);
  for (const auto& [ngram, count] : vectors.weights[1]) vectors.bigrams += count;
  for (std::size_t n = 0; n < kCiderOrders; ++n) {
    double squares = 0;
    for (auto& [ngram, weight] : vectors.weights[n]) {
      const auto known = frequencies.find(ngram);
      const double frequency = known == frequencies.end() ? 1 : known->second;
      weight *= log_examples - std::log(frequency);
      squares += weight * weight;
    }
    vectors.norms[n] = std::sqrt(squares);
  }
  return vectors;
}

/// 0 to 1.
double cider_similarity(const CiderVectors& candidate, const CiderVectors& reference) {
  double sum = 0;
  for (std::size_t n = 0; n < kCiderOrders; ++n) {
    if (candidate.norms[n] == 0 || reference.norms[n] == 0) continue;
    double product = 0;
    for (const auto& [ngram, weight] : candidate.weights[n]) {
      const auto same = reference.weights[n].find(ngram);
      if (same != reference.weights[n].end()) product += std::min(weight, same->second) * same->second;
    }
    sum += product / (candidate.norms[n] * reference.norms[n]);
  }
  const double longer = candidate.bigrams - reference.bigrams;
  return sum / kCiderOrders * std::exp(-longer * longer / (2 * kCiderSigma * kCiderSigma));
}

}  // namespace

std::vector<std::string> caption_words(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const std::string_view all = lower;
  constexpr std::string_view kDropped = ".,:;?!-'\"`(){}";
  std::vector<std::string> words;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = caption_word_end(all, at + 1);
    const std::string_view word = all.substr(at, end - at);
    if (is_caption_letter(all[at])) {
      add_caption_word(words, word);
      at = end;
    } else if (std::find(std::begin(kCaptionEndings), std::end(kCaptionEndings), word) !=
               std::end(kCaptionEndings)) {
      // An ending that was cut off before: "the dog 's".
      words.emplace_back(word);
      at = end;
    } else {
      if (all[at] > ' ' && all[at] != 127 && kDropped.find(all[at]) == kDropped.npos)
        words.emplace_back(1, all[at]);
      ++at;
    }
  }
  return words;
}

std::vector<std::optional<double>> cider_d(std::span<const CaptionExample> examples) {
  const CiderFrequencies frequencies = cider_frequencies(examples);
  const double log_examples = std::log(static_cast<double>(examples.size()));
  std::vector<std::optional<double>> scores;
  scores.reserve(examples.size());
  for (const CaptionExample& example : examples) {
    const CiderVectors candidate = cider_vectors(example.candidate, frequencies, log_examples);
    double sum = 0;
    bool can_score = false;
    for (const std::string& text : example.references) {
      const CiderVectors reference = cider_vectors(text, frequencies, log_examples);
      for (const double norm : reference.norms) can_score = can_score || norm > 0;
      sum += cider_similarity(candidate, reference);
    }
    scores.push_back(can_score ? std::optional(10 * sum / static_cast<double>(example.references.size()))
                               : std::nullopt);
  }
  return scores;
}

}  // namespace ablate
