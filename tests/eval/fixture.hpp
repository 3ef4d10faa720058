// Documents and questions for tests of evaluations.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/experiment.hpp"
#include "data/document.hpp"
#include "eval/examples.hpp"
#include "util/error.hpp"

namespace ablate {

inline std::string sample_path(const std::string& name) {
  return ABLATE_SOURCE_DIR "/tests/data/samples/" + name;
}

/// What read_held_out() goes by.
inline Experiment reading(std::int64_t max_examples, double max_broken_share = 0) {
  Experiment experiment;
  experiment.eval.max_examples = max_examples;
  experiment.run.max_broken_share = max_broken_share;
  return experiment;
}

/// `bytes`: of the picture's file.
inline Segment shown_picture(const std::string& bytes) {
  return {"", std::make_shared<const Picture>(bytes), false};
}
inline Segment shown_text(const std::string& text, bool target = true) { return {text, nullptr, target}; }

/// "[picture bytes] text [picture bytes] text"; scenes are "[scene]".
inline std::string show_prompt(const std::vector<Segment>& prompt) {
  std::string shown;
  for (const Segment& segment : prompt) {
    if (!shown.empty()) shown += ' ';
    const auto* bytes = segment.picture ? std::get_if<std::string>(segment.picture.get()) : nullptr;
    shown += !segment.picture ? segment.text : bytes ? "[" + *bytes + "]" : "[scene]";
  }
  return shown;
}

/// The bytes of a prompt's pictures, in order.
inline std::vector<std::string> pictures_of(const std::vector<Segment>& prompt) {
  std::vector<std::string> found;
  for (const Segment& segment : prompt)
    if (segment.picture) found.push_back(std::get<std::string>(*segment.picture));
  return found;
}

inline bool all_differ(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  return std::adjacent_find(list.begin(), list.end()) == list.end();
}

inline std::string show_question(const Question& question) {
  return fmt::format("{} : {} : {} : {}", show_prompt(question.prompt), fmt::join(question.candidates, " | "),
                     question.answer, fmt::join(question.references, " | "));
}

inline std::vector<std::string> show_questions(const std::vector<Question>& questions) {
  std::vector<std::string> shown;
  for (const Question& question : questions) shown.push_back(show_question(question));
  return shown;
}

/// What a call complains of.
inline std::string complaint_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace ablate
