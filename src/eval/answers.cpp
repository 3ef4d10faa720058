#include "eval/answers.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace ablate {
namespace {

constexpr std::string_view kAnswerSpaces = " \t\n\v\f\r";

bool is_answer_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trim_answer(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kAnswerSpaces);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kAnswerSpaces) + 1 - first);
}

bool has_comma_in_number(std::string_view text) {
  for (std::size_t at = text.find(','); at != text.npos; at = text.find(',', at + 1)) {
    if (at > 0 && at + 1 < text.size() && is_answer_digit(text[at - 1]) && is_answer_digit(text[at + 1]))
      return true;
  }
  return false;
}

std::string without_answer_marks(std::string_view text) {
  const bool vanish = has_comma_in_number(text);
  std::string removed, spaced;  // The marks that go, and those that become spaces.
  for (const char mark : std::string_view(";/[]\"{}()=+\\_-><@`,?!")) {
    const bool beside_space =
        text.find(std::string{mark, ' '}) != text.npos || text.find(std::string{' ', mark}) != text.npos;
    (vanish || beside_space ? removed : spaced) += mark;
  }
  std::string left;
  for (const char c : text) {
    if (spaced.find(c) != spaced.npos)
      left += ' ';
    else if (removed.find(c) == removed.npos)
      left += c;
  }
  return left;
}

std::string without_answer_periods(std::string_view text) {
  int most = 32;
  std::string left;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool stays = text[at] != '.' || (at + 1 < text.size() && is_answer_digit(text[at + 1]));
    if (stays || most-- <= 0) left += text[at];
  }
  return left;
}

/// Words that are also accepted with any one of their apostrophes left out. (All of the official table that
/// can match: the entries with a capital I never meet a word in lower case, and "let's" and "she's" stand for
/// themselves.)
constexpr std::string_view kAnswerContractions[] = {
    "ain't",        "aren't",       "can't",        "could've",      "couldn't",    "couldn't've",
    "didn't",       "doesn't",      "don't",        "hadn't",        "hadn't've",   "hasn't",
    "haven't",      "he'd",         "he'd've",      "he's",          "how'd",       "how'll",
    "how's",        "isn't",        "it'd",         "it'd've",       "it'll",       "ma'am",
    "might've",     "mightn't",     "mightn't've",  "must've",       "mustn't",     "needn't",
    "not've",       "o'clock",      "oughtn't",     "'ow's'at",      "shan't",      "she'd've",
    "should've",    "shouldn't",    "shouldn't've", "somebody'd've", "somebody'll", "somebody's",
    "someone'd",    "someone'd've", "someone'll",   "someone's",     "something'd", "something'd've",
    "something'll", "that's",       "there'd",      "there'd've",    "there're",    "there's",
    "they'd",       "they'd've",    "they'll",      "they're",       "they've",     "'twas",
    "wasn't",       "we'd've",      "we've",        "weren't",       "what'll",     "what're",
    "what's",       "what've",      "when's",       "where'd",       "where's",     "where've",
    "who'd",        "who'd've",     "who'll",       "who's",         "who've",      "why'll",
    "why're",       "why's",        "won't",        "would've",      "wouldn't",    "wouldn't've",
    "y'all",        "y'all'll",     "y'all'd've",   "you'd",         "you'd've",    "you'll",
    "you're",       "you've"};

bool lacks_one_apostrophe(std::string_view word, std::string_view whole) {
  if (word.size() + 1 != whole.size()) return false;
  const auto [left, right] = std::mismatch(word.begin(), word.end(), whole.begin());
  return *right == '\'' && std::equal(left, word.end(), std::next(right));
}

std::string_view with_apostrophes(std::string_view word) {
  if (word == "somebody'd") return "somebodyd";  // The wrong way round in the official table.
  for (const std::string_view whole : kAnswerContractions) {
    if (lacks_one_apostrophe(word, whole)) return whole;
  }
  return word;
}

std::string_view number_as_digits(std::string_view word) {
  constexpr std::string_view known[][2] = {{"none", "0"},  {"zero", "0"},  {"one", "1"},  {"two", "2"},
                                           {"three", "3"}, {"four", "4"},  {"five", "5"}, {"six", "6"},
                                           {"seven", "7"}, {"eight", "8"}, {"nine", "9"}, {"ten", "10"}};
  for (const auto& [name, digits] : known) {
    if (word == name) return digits;
  }
  return word;
}

std::ptrdiff_t count_same_answers(std::string_view answer, std::span<const std::string> references) {
  const std::string wanted = normalize_answer(answer);
  return std::count_if(references.begin(), references.end(),
                       [&](const std::string& reference) { return normalize_answer(reference) == wanted; });
}

}  // namespace

std::string normalize_answer(std::string_view answer) {
  std::string text(answer);
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::replace(text.begin(), text.end(), '\t', ' ');
  text = without_answer_periods(without_answer_marks(trim_answer(text)));
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  std::string normal;
  std::string_view rest = trim_answer(text);
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find_first_of(kAnswerSpaces));
    rest = trim_answer(rest.substr(word.size()));
    if (word == "a" || word == "an" || word == "the") continue;
    if (!normal.empty()) normal += ' ';
    normal += with_apostrophes(number_as_digits(word));
  }
  return normal;
}

double vqa_accuracy(std::string_view answer, std::span<const std::string> references) {
  const auto n = static_cast<std::ptrdiff_t>(references.size());
  const std::ptrdiff_t same = count_same_answers(answer, references);
  if (n < 2) return same > 0 ? 1 : 0;
  // In whole numbers, so that 0.3 is the double nearest to 0.3.
  const std::ptrdiff_t needed = std::min<std::ptrdiff_t>(3, n - 1);
  const std::ptrdiff_t sum = same * std::min(needed, same - 1) + (n - same) * std::min(needed, same);
  return static_cast<double>(sum) / static_cast<double>(n * needed);
}

bool is_exact_match(std::string_view answer, std::span<const std::string> references) {
  return count_same_answers(answer, references) > 0;
}

std::string cut_answer(std::string_view text) {
  for (const std::string_view end : {"Question", "Answer", "Short", ", "})
    text = text.substr(0, text.find(end));
  return std::string(trim_answer(text));
}

std::string cut_caption(std::string_view text) {
  std::string caption(text.substr(0, text.find("Output")));
  std::erase(caption, '"');
  return std::string(trim_answer(caption));
}

}  // namespace ablate
