#include "eval/answers.hpp"

#include <algorithm>
#include <cstddef>

#include "data/answer_form.hpp"

namespace ablate {
namespace {

std::ptrdiff_t count_same_answers(std::string_view answer, std::span<const std::string> references) {
  const std::string wanted = normalize_answer(answer);
  return std::count_if(references.begin(), references.end(),
                       [&](const std::string& reference) { return normalize_answer(reference) == wanted; });
}

}  // namespace

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
  return std::string(trim_answer_space(text));
}

std::string cut_caption(std::string_view text) {
  std::string caption(text.substr(0, text.find("Output")));
  std::erase(caption, '"');
  return std::string(trim_answer_space(caption));
}

}  // namespace ablate
