#include <fmt/format.h>

#include <algorithm>

#include "data/problem.hpp"
#include "data/record.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::string_view kTextSpace = " \t\n\r\v\f";
/// The mark that some editors put before UTF-8.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

void check_role(const Document& document, DataRole role) {
  const auto& segments = document.segments;
  const auto num_pictures = std::count_if(segments.begin(), segments.end(),
                                          [](const Segment& segment) { return segment.picture != nullptr; });
  const auto is_answer = [](const Segment& segment) { return segment.target && !segment.text.empty(); };
  const bool has_target = std::any_of(segments.begin(), segments.end(), is_answer);
  const auto expect = [&](bool right, std::string_view found, std::string_view expected) {
    if (!right) fail_document(ProblemKind::record, fmt::format("{}; expected {}", found, expected));
  };
  const std::string pictures = num_pictures == 0   ? "no picture"
                               : num_pictures == 1 ? "a picture"
                                                   : fmt::format("{} pictures", num_pictures);
  switch (role) {
    case DataRole::captions:
      expect(num_pictures == 1, pictures, "one picture and its caption, as it is data for captions");
      expect(has_target, "a picture without a caption", "a caption, as it is data for captions");
      expect(segments.size() == 2 && segments[0].picture != nullptr,
             fmt::format("{} segments around a picture", segments.size()),
             "the picture, then its caption, as it is data for captions");
      return;
    case DataRole::text:
      expect(num_pictures == 0, pictures, "text alone, as it is data for text");
      expect(has_target, "no text", "text, as it is data for text");
      return;
    case DataRole::interleaved:
      expect(has_target, "no text to predict", "text and pictures, as it is interleaved data");
      return;
    case DataRole::sft:
      expect(has_target, "no answer", "a question and its answer, as it is data for sft");
      return;
    case DataRole::sft_questions: {
      const auto answers = std::count_if(segments.begin(), segments.end(), is_answer);
      expect(answers == 1 && is_answer(segments.back()) && segments.size() > 1,
             answers == 1 ? "an answer without a question before it" : fmt::format("{} answers", answers),
             "a question and one answer, as it is data for sft_questions");
      return;
    }
    case DataRole::sft_text:
      expect(num_pictures == 0, pictures, "text alone, as it is data for sft_text");
      expect(has_target, "no answer", "a question and its answer, as it is data for sft_text");
      return;
  }
}

std::string clean_text(std::string_view text) {
  if (const auto at = find_invalid_utf8(text))
    fail_document(ProblemKind::text, fmt::format("byte {} of the text (0x{:02x}) is no UTF-8", *at + 1,
                                                 static_cast<unsigned char>(text[*at])));
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const auto first = text.find_first_not_of(kTextSpace);
  if (first == text.npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(kTextSpace) - first + 1));
}

}  // namespace ablate
