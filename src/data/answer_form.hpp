// The form in which short answers are compared, and which of several people's is the right one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ablate {

/// The form in which answers are compared: that of the official VQA evaluation (Antol et al. 2015), its
/// oddities included, since published scores contain them. In this order:
/// - White space becomes single spaces, none at the ends.
/// - ; / [ ] " { } ( ) = + \ _ - > < @ ` , ? ! become spaces, each of them in all places alike. A mark that
///   stands next to a space anywhere in the answer is removed instead, which glues words:
///   "on-off - both" -> "onoff both". A comma between two digits anywhere makes all marks vanish:
///   "1,000-2,000" -> "10002000".
/// - A period goes unless a digit follows: ".5" and "3.5" stay, "3." -> "3". (The rule was meant to keep a
///   period after a digit too, but its pattern has a typing error.) Only the first 32 such periods go (a flag
///   passed as a count), which matters to no real answer.
/// - Lower case; none and zero to ten become digits; a, an, the go; "dont" -> "don't" and the like. Other
///   apostrophes and colons stay.
/// So the answer "A" is the same as an empty one: not for letters of multiple-choice questions.
/// Unlike there, only ASCII counts as white space, digit and upper case; other UTF-8 passes through.
std::string normalize_answer(std::string_view answer);

/// `text` without ASCII white space at its ends.
std::string_view trim_answer_space(std::string_view text);

struct VotedAnswer {
  std::string text;
  bool by_order = false;  ///< The same answers in another order would make another text.
};

/// The most common of several people's answers, none of them empty, where those of the same normalised form
/// are the same. Of equally common ones it is the first that is a choice, else the first. It is spelt like
/// the choice that it is (exactly, else after normalisation), else as most people spell it. "" without
/// answers.
VotedAnswer vote_answer(std::span<const std::string> answers, std::span<const std::string> choices);

}  // namespace ablate
