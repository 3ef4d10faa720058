// CIDEr-D: how well captions of pictures agree with those that people wrote.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ablate {

/// A caption that a model wrote, and those that people wrote of the same picture (at least one).
struct CaptionExample {
  std::string candidate;
  std::vector<std::string> references;
};

/// The words by which captions are compared: a small, deterministic approximation of the Penn Treebank tokens
/// that the COCO caption evaluation uses, for English.
/// - ASCII letters become lower case. Bytes above 127 count as letters and stay as they are, so UTF-8 passes
///   through, but "É" stays upper case and a typographic apostrophe is a letter.
/// - Contractions are cut as in the treebank: "don't" -> do n't, "it's" -> it 's, likewise 'm 'd 're 've 'll.
///   Other apostrophes inside a word stay ("o'clock"); "cannot" and "gonna" stay whole.
/// - A hyphen inside a word stays ("t-shirt"), and '.', ',' or ':' between two digits ("3.5", "10:30").
///   Abbreviations fall apart: "U.S." -> u s.
/// - All other . , : ; ? ! - ' " ` ( ) { } are dropped; any other ASCII mark is a word of its own.
std::vector<std::string> caption_words(std::string_view text);

/// CIDEr-D of each example, in order, 0 to 10 (Vedantam et al. 2015, with the constants of the COCO caption
/// evaluation: n-grams of 1 to 4 words, sigma 6); nothing for an example at which no candidate could score.
/// The score of a set is the mean; tables in papers print 100 times that mean ("CIDEr 120" is 1.2 here).
///
/// Of n examples, df have the n-gram g in some reference; g occurs c times in a caption; its weight there is
///   c * (ln n - ln max(1, df)).
/// For each length of n-gram, with h and r the weights in candidate and reference,
///   sum min(h, r) * r / (|h| |r|) * exp(-(bigrams in candidate - bigrams in reference)^2 / (2 * 6^2)),
/// 0 where a norm is 0. The score is 10 times the mean over the four lengths and over the references.
///
/// So scores depend on all examples together. No candidate scores where no reference has an n-gram of weight
/// above 0: without references or words in them, where every example has all of their n-grams, for a lone
/// example (ln 1 = 0). Even a perfect candidate of fewer than four words stays below 10.
std::vector<std::optional<double>> cider_d(std::span<const CaptionExample> examples);

}  // namespace ablate
