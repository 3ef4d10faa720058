#include "data/answer_form.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <vector>

namespace ablate {
namespace {

constexpr std::string_view kAnswerSpaces = " \t\n\v\f\r";

bool is_answer_digit(char c) { return c >= '0' && c <= '9'; }

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

/// The answers of one normalised form.
struct SameAnswers {
  std::string form;
  std::vector<std::string> spellings;  ///< One for each person.
};

/// In the order of their first answers.
std::vector<SameAnswers> group_answers(std::span<const std::string> answers) {
  std::vector<SameAnswers> groups;
  for (const std::string& answer : answers) {
    std::string form = normalize_answer(answer);
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const SameAnswers& known) { return known.form == form; });
    if (group == groups.end()) group = groups.insert(group, {std::move(form), {}});
    group->spellings.push_back(answer);
  }
  return groups;
}

/// The choice that the answers mean; null where they mean none.
const std::string* find_choice(const SameAnswers& same, std::span<const std::string> choices) {
  auto found = std::find_if(choices.begin(), choices.end(), [&](const std::string& choice) {
    return std::find(same.spellings.begin(), same.spellings.end(), choice) != same.spellings.end();
  });
  if (found == choices.end())
    found = std::find_if(choices.begin(), choices.end(),
                         [&](const std::string& choice) { return normalize_answer(choice) == same.form; });
  return found == choices.end() ? nullptr : &*found;
}

/// The most common spelling, the first of several.
VotedAnswer vote_spelling(const std::vector<std::string>& spellings) {
  std::map<std::string, std::ptrdiff_t> counts;
  std::ptrdiff_t most = 0;
  for (const std::string& spelling : spellings) most = std::max(most, ++counts[spelling]);
  const auto has_most = [&](const std::string& spelling) { return counts[spelling] == most; };
  return {*std::find_if(spellings.begin(), spellings.end(), has_most),
          std::count_if(counts.begin(), counts.end(),
                        [&](const auto& count) { return count.second == most; }) > 1};
}

}  // namespace

std::string_view trim_answer_space(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kAnswerSpaces);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kAnswerSpaces) + 1 - first);
}

std::string normalize_answer(std::string_view answer) {
  std::string text(answer);
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::replace(text.begin(), text.end(), '\t', ' ');
  text = without_answer_periods(without_answer_marks(trim_answer_space(text)));
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  std::string normal;
  std::string_view rest = trim_answer_space(text);
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find_first_of(kAnswerSpaces));
    rest = trim_answer_space(rest.substr(word.size()));
    if (word == "a" || word == "an" || word == "the") continue;
    if (!normal.empty()) normal += ' ';
    normal += with_apostrophes(number_as_digits(word));
  }
  return normal;
}

VotedAnswer vote_answer(std::span<const std::string> answers, std::span<const std::string> choices) {
  std::vector<SameAnswers> first = group_answers(answers);  // Of those that are left, step by step.
  if (first.empty()) return {};
  std::size_t most = 0;
  for (const SameAnswers& same : first) most = std::max(most, same.spellings.size());
  std::erase_if(first, [&](const SameAnswers& same) { return same.spellings.size() < most; });
  const auto is_choice = [&](const SameAnswers& same) { return find_choice(same, choices) != nullptr; };
  if (std::any_of(first.begin(), first.end(), is_choice))
    std::erase_if(first, [&](const SameAnswers& same) { return !is_choice(same); });
  const std::string* choice = find_choice(first.front(), choices);
  VotedAnswer voted = choice ? VotedAnswer{*choice, false} : vote_spelling(first.front().spellings);
  voted.by_order = voted.by_order || first.size() > 1;
  return voted;
}

}  // namespace ablate
