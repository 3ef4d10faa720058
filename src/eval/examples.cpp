#include "eval/examples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "data/loader.hpp"
#include "data/problem.hpp"
#include "data/scenes.hpp"
#include "data/source.hpp"
#include "util/error.hpp"
#include "util/hash.hpp"
#include "util/random.hpp"

namespace ablate {

namespace {

/// Of everything that is drawn for evaluations: the same for all seeds of a sweep.
constexpr std::uint64_t kEvaluationSeed = 0;

/// Throws BrokenDocument for a picture that cannot be decoded, before it spoils the questions that show it,
/// and for an answer without a question.
void check_example(const Document& document, DataRole role) {
  constexpr std::int64_t kSmall = 8;  // What matters is whether it can be decoded.
  for (const Segment& segment : document.segments)
    if (segment.picture) load_picture(*segment.picture, kSmall, ImageFit::stretch);
  if (role == DataRole::sft && document.segments.size() < 2)
    fail_document(ProblemKind::record, "no question; expected a picture or a question before the answer");
}

/// Parts of a content, each with its kind and its length, so that no two contents read the same.
struct ContentText {
  std::string text;
  void add(char kind, const std::string& part) {
    text.append(1, kind).append(std::to_string(part.size())).append(1, ' ').append(part);
  }
  /// In whatever order they are.
  void add_all(char kind, std::vector<std::string> parts) {
    std::sort(parts.begin(), parts.end());
    for (const std::string& part : parts) add(kind, part);
  }
};

/// Equal for documents that show, say and ask the same, wherever they stand and in whatever order their
/// choices and references are; `identity`: of a picture.
template <class Identity>
Hash128 content_of(const Document& document, const Identity& identity) {
  ContentText content;
  for (const Segment& segment : document.segments)
    if (segment.picture)
      content.add('p', identity(segment.picture));
    else if (!document.answer_by_order || &segment != &document.segments.back())
      content.add(segment.target ? 't' : 'q', segment.text);
  if (!document.system.empty()) content.add('s', document.system);
  content.add_all('c', choices_of(document));
  content.add_all('r', document.references);
  return hash128(content.text);
}

std::vector<std::string> references_of(const Document& document) {
  return document.references.empty() ? std::vector{document.segments.back().text} : document.references;
}

Segment text_segment(std::string text) { return {std::move(text), nullptr, false}; }
Segment answer_segment(std::string text) { return {std::move(text), nullptr, true}; }

/// The prompt's text around {}; nothing for an empty one.
void add_text(std::vector<Segment>& prompt, const std::string& text) {
  if (!text.empty()) prompt.push_back(text_segment(text));
}

/// A question document in parts: what stands before its answer, and the answer.
struct AskedDocument {
  std::vector<Segment> pictures;
  std::string question, answer;
};

AskedDocument take_apart(const Document& document) {
  AskedDocument parts;
  for (std::size_t i = 0; i + 1 < document.segments.size(); ++i) {
    const Segment& segment = document.segments[i];
    if (segment.picture)
      parts.pictures.push_back(segment);
    else
      parts.question += (parts.question.empty() ? "" : " ") + segment.text;
  }
  parts.answer = document.segments.back().text;
  return parts;
}

void add_question(std::vector<Segment>& prompt, const AskedDocument& parts, const std::string& form) {
  prompt.insert(prompt.end(), parts.pictures.begin(), parts.pictures.end());
  const auto place = form.find("{}");
  add_text(prompt, form.substr(0, place) + parts.question + form.substr(place + 2));
}

/// Draws what is shown before a question.
class Shots {
 public:
  Shots(const std::vector<Document>& documents, const char* purpose) : random_(kEvaluationSeed, purpose) {
    std::map<std::string, std::size_t> subjects, examples;
    for (const Document& document : documents) {
      std::string pictures, asked;
      for (std::size_t i = 0; i < document.segments.size(); ++i) {
        const Segment& segment = document.segments[i];
        if (segment.picture)
          pictures += picture_identity(*segment.picture) + "\n";
        else if (i + 1 < document.segments.size())
          asked += segment.text + "\n";
      }
      const std::string& answer = document.segments.back().text;
      const auto number = [](auto& numbers, const std::string& key) {
        return numbers.try_emplace(key, numbers.size()).first->second;
      };
      subject_.push_back(number(subjects, pictures.empty() ? asked : pictures));
      example_.push_back(number(examples, pictures + asked + answer));
      of_subject_.resize(subjects.size());
      of_subject_[subject_.back()].insert(example_.back());
    }
    different_ = examples.size();
  }

  /// The numbers of the documents to show before document `self`; nothing where there are not as many.
  std::optional<std::vector<std::size_t>> draw(std::size_t self, std::size_t count) const {
    if (different_ - of_subject_[subject_[self]].size() < count) return std::nullopt;
    std::vector<std::size_t> drawn;
    for (std::uint64_t lane = 0; drawn.size() < count; ++lane) {
      const std::size_t other = random_.below(subject_.size(), self, lane);
      const bool is_known = std::any_of(
          drawn.begin(), drawn.end(), [&](std::size_t known) { return example_[known] == example_[other]; });
      if (subject_[other] != subject_[self] && !is_known) drawn.push_back(other);
    }
    return drawn;
  }

  /// Equal for documents about the same pictures.
  std::size_t subject(std::size_t document) const { return subject_[document]; }

 private:
  RandomStream random_;
  std::vector<std::size_t> subject_, example_;  ///< Equal numbers: about the same, the same.
  std::vector<std::set<std::size_t>> of_subject_;
  std::size_t different_ = 0;  ///< Examples.
};

/// An episode in parts: the examples of each name, and what is asked.
struct Episode {
  std::map<std::string, std::vector<std::pair<Segment, Segment>>> examples;  ///< Picture and text, by name.
  std::vector<Segment> asked;  ///< The last picture, and what leads to the name.
};

/// The longest name that `text` has; "" when it has none.
std::string find_name(const std::string& text, const std::vector<std::string>& names) {
  std::string longest;
  for (const std::string& name : names)
    if (name.size() > longest.size() && text.find(name) != text.npos) longest = name;
  return longest;
}

/// False when its examples cannot be told apart.
bool take_apart(const Document& document, Episode& episode) {
  const auto& segments = document.segments;
  std::size_t last_picture = segments.size();
  for (std::size_t i = 0; i < segments.size(); ++i)
    if (segments[i].picture) last_picture = i;
  if (last_picture + 1 >= segments.size()) return false;
  episode.asked.assign(segments.begin() + static_cast<std::ptrdiff_t>(last_picture), segments.end() - 1);
  for (std::size_t i = 0; i + 1 <= last_picture; i += 2) {
    if (!segments[i].picture || segments[i + 1].picture) return false;
    const std::string name = find_name(segments[i + 1].text, document.choices);
    if (name.empty()) return false;
    episode.examples[name].emplace_back(segments[i], segments[i + 1]);
  }
  return true;
}

std::size_t index_of(const std::vector<std::string>& list, const std::string& item) {
  return static_cast<std::size_t>(std::find(list.begin(), list.end(), item) - list.begin());
}

}  // namespace

std::vector<Document> read_held_out(const std::vector<std::string>& sources, const char* key, DataRole role,
                                    const Experiment& experiment, ReadReport& report) {
  if (sources.empty()) throw Error(fmt::format("{}: no source is named; expected held-out documents", key));
  DocumentStream stream(find_all_shards({sources.begin(), sources.end()}, role), kEvaluationSeed,
                        fmt::format("evaluation/{}", key));
  std::vector<Document> documents;
  std::set<std::string> contents;
  ReadReport read;
  const auto identity_of = [](const std::shared_ptr<const Picture>& picture) {
    return picture_identity(*picture);
  };
  while (std::ssize(documents) < experiment.eval.max_examples) {
    auto drawn = stream.next_of_epoch(read);
    if (!drawn) break;
    try {
      at_place(drawn->document.id, [&] { check_example(drawn->document, role); });
      if (contents.insert(content_of(drawn->document, identity_of).hex()).second)
        documents.push_back(std::move(drawn->document));
      else
        ++read.repeated;
    } catch (const BrokenDocument& broken) {
      read.add_counted(broken.problem);
    }
  }
  DataTally(experiment.run.max_broken_share, /*few_broken=*/0).add(read);
  report.add(read);
  return documents;
}

std::string QuestionIdentities::content_of(const std::shared_ptr<const Picture>& picture) {
  std::string& content = pictures_[picture];
  if (!content.empty()) return content;
  if (const auto* scene = std::get_if<std::shared_ptr<const Scene>>(picture.get())) {
    const Image image = draw_scene(**scene);
    const std::string_view pixels(reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size());
    return content = fmt::format("{} {}", image.width, hash128(pixels).hex());
  }
  return content = picture_identity(*picture);
}

std::uint64_t QuestionIdentities::of(const Document& document) {
  return ablate::content_of(
             document, [&](const std::shared_ptr<const Picture>& picture) { return content_of(picture); })
      .low;
}

std::uint64_t QuestionIdentities::of(const Question& question) {
  ContentText content;
  for (const Segment& segment : question.prompt)
    if (segment.picture)
      content.add('p', content_of(segment.picture));
    else
      content.add('q', segment.text);
  content.add_all('c', question.candidates);
  content.add_all('r', question.references);
  if (question.answer < question.candidates.size()) content.add('a', question.candidates[question.answer]);
  return hash128(content.text).low;
}

std::uint64_t QuestionIdentities::of(std::span<const std::uint64_t> parts) {
  std::string text;
  for (const std::uint64_t part : parts) text += fmt::format("{} ", part);
  return hash128(text).low;
}

std::uint64_t QuestionIdentities::of(std::initializer_list<std::uint64_t> parts) {
  return of(std::span(parts.begin(), parts.size()));
}

AskedExamples asked_questions(std::span<const Question> questions, std::span<const std::size_t> places,
                              QuestionIdentities& identities) {
  AskedExamples asked;
  for (const std::size_t place : places) asked.add(identities.of(questions[place]), questions[place].id);
  return asked;
}

std::vector<std::string> choices_of(const Document& document) {
  std::vector<std::string> found;
  std::set<std::string> seen;
  for (const std::string& choice : document.choices)
    if (seen.insert(choice).second) found.push_back(choice);
  if (found.size() < 2) found.clear();
  return found;
}

std::string picture_identity(const Picture& picture) {
  const auto* bytes = std::get_if<std::string>(&picture);
  if (bytes) return hash128(*bytes).hex();
  return fmt::format("{}", fmt::ptr(std::get<std::shared_ptr<const Scene>>(picture).get()));
}

std::vector<Question> ask_captions(const std::vector<Document>& captioned, std::int64_t shots,
                                   const Eval& eval) {
  const Shots shown(captioned, "evaluation/caption/shots");
  const RandomStream wrong(kEvaluationSeed, "evaluation/caption/candidates"),
      order(kEvaluationSeed, "evaluation/caption/order");
  const auto caption = [&](std::size_t i) -> const std::string& { return captioned[i].segments.back().text; };
  std::set<std::string> captions;
  std::map<std::size_t, std::set<std::string>> written;  // Of the pictures, by subject.
  std::map<std::size_t, std::vector<std::string>> references;
  for (std::size_t i = 0; i < captioned.size(); ++i) {
    captions.insert(caption(i));
    const std::vector<std::string> texts = references_of(captioned[i]);
    std::vector<std::string>& of_picture = references[shown.subject(i)];
    of_picture.insert(of_picture.end(), texts.begin(), texts.end());
    written[shown.subject(i)].insert(texts.begin(), texts.end());
    written[shown.subject(i)].insert(caption(i));
  }

  std::vector<Question> questions;
  for (std::size_t i = 0; i < captioned.size(); ++i) {
    const auto drawn = shown.draw(i, static_cast<std::size_t>(shots));
    if (!drawn) continue;
    Question& question = questions.emplace_back();
    question.id = captioned[i].id;
    for (const std::size_t other : *drawn) {
      question.prompt.push_back(captioned[other].segments.front());
      add_text(question.prompt, eval.caption_prompt);
      question.prompt.push_back(answer_segment(caption(other)));
    }
    question.prompt.push_back(captioned[i].segments.front());
    add_text(question.prompt, eval.caption_prompt);
    const std::set<std::string>& own = written[shown.subject(i)];
    const auto own_captions = static_cast<std::size_t>(std::count_if(
        own.begin(), own.end(), [&](const std::string& text) { return captions.count(text) > 0; }));
    if (const auto wanted = static_cast<std::size_t>(eval.choices);
        captions.size() - own_captions + 1 >= wanted) {
      question.candidates = {caption(i)};
      for (std::uint64_t lane = 0; question.candidates.size() < wanted; ++lane) {
        const std::string& other = caption(wrong.below(captioned.size(), i, lane));
        if (own.count(other) == 0 && index_of(question.candidates, other) == question.candidates.size())
          question.candidates.push_back(other);
      }
      question.answer = order.below(wanted, i);
      std::swap(question.candidates[0], question.candidates[question.answer]);
    }
    question.subject = shown.subject(i);
    question.references = references.at(question.subject);
  }
  return questions;
}

std::vector<Question> one_per_subject(const std::vector<Question>& questions) {
  std::vector<Question> first;
  std::set<std::size_t> subjects;
  for (const Question& question : questions)
    if (subjects.insert(question.subject).second) first.push_back(question);
  return first;
}

std::vector<Question> ask_questions(const std::vector<Document>& documents, std::int64_t shots,
                                    const Eval& eval) {
  const Shots shown(documents, "evaluation/questions/shots");
  std::vector<AskedDocument> parts;
  for (const Document& document : documents) parts.push_back(take_apart(document));
  std::vector<Question> questions;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const auto drawn = shown.draw(i, static_cast<std::size_t>(shots));
    if (!drawn) continue;
    Question& question = questions.emplace_back();
    question.id = documents[i].id;
    for (const std::size_t other : *drawn) {
      add_question(question.prompt, parts[other], eval.question_prompt);
      question.prompt.push_back(answer_segment(parts[other].answer));
    }
    add_question(question.prompt, parts[i], eval.question_prompt);
    question.candidates = choices_of(documents[i]);
    question.answer = index_of(question.candidates, parts[i].answer);
    question.references = references_of(documents[i]);
  }
  return questions;
}

std::vector<Question> ask_episodes(const std::vector<Document>& episodes, std::int64_t shots) {
  const RandomStream order(kEvaluationSeed, "evaluation/episodes/order");
  std::vector<Question> questions;
  for (std::size_t i = 0; i < episodes.size(); ++i) {
    Episode episode;
    std::vector<std::string> names = choices_of(episodes[i]);
    if (names.empty() || !take_apart(episodes[i], episode)) continue;
    Question question{.id = episodes[i].id,
                      .prompt = {},
                      .candidates = std::move(names),
                      .answer = 0,
                      .references = {episodes[i].segments.back().text}};
    question.answer = index_of(question.candidates, question.references[0]);
    const auto of_each = static_cast<std::size_t>(shots) / question.candidates.size();
    if (shots > 0 && of_each == 0) continue;
    const bool has_as_many =
        std::all_of(question.candidates.begin(), question.candidates.end(), [&](const std::string& name) {
          const auto found = episode.examples.find(name);
          return of_each == 0 || (found != episode.examples.end() && found->second.size() >= of_each);
        });
    if (!has_as_many) continue;
    std::vector<std::pair<Segment, Segment>> shown;
    for (const std::string& name : question.candidates)
      for (std::size_t k = 0; k < of_each; ++k) shown.push_back(episode.examples[name][k]);
    for (std::size_t left = shown.size(); left > 1; --left)
      std::swap(shown[left - 1], shown[order.below(left, i, left)]);
    for (auto& [picture, text] : shown) {
      question.prompt.push_back(std::move(picture));
      question.prompt.push_back(answer_segment(std::move(text.text)));
    }
    for (const Segment& segment : episode.asked)
      question.prompt.push_back(segment.picture ? segment : text_segment(segment.text));
    questions.push_back(std::move(question));
  }
  return questions;
}

std::string shots_name(std::int64_t shots) { return fmt::format("{}-shot", shots); }

}  // namespace ablate
