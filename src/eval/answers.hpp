// Short answers to questions about pictures: which part of a text is the answer, and how right it is. The
// form in which answers are compared: data/answer_form.hpp.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ablate {

/// How far `answer` agrees with those of n annotators, 0 to 1: the mean over the annotators of min(1, m /
/// k), where m of the others gave this answer. k is 3, as in the official evaluation with its ten; where
/// there are fewer than three others it is their number, so that two references give 0, 0.5 or 1. A single
/// reference has no others and gives 1 or 0; none at all gives 0. Of ten, 0, 1, 2, 3, 4 that agree give 0,
/// 0.3, 0.6, 0.9, 1. Both sides are normalised always; the official evaluation leaves both as they are, but
/// for white space, where all ten answers are equal.
double vqa_accuracy(std::string_view answer, std::span<const std::string> references);

/// Whether the normalised answer equals one of the normalised references.
bool is_exact_match(std::string_view answer, std::span<const std::string> references);

/// The part of a generated text that counts as the answer: what stands before the first "Question", "Answer"
/// or "Short" (the model goes on with the pattern of its prompt) and before the first ", "; trimmed. As in
/// OpenFlamingo.
std::string cut_answer(std::string_view text);

/// The part of a generated text that counts as the caption: what stands before the first "Output", without
/// double quotes, trimmed. As in OpenFlamingo.
std::string cut_caption(std::string_view text);

}  // namespace ablate
