// Held-out documents, and the questions that evaluations make of them. Plain C++: no model in sight.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/experiment.hpp"
#include "data/document.hpp"
#include "data/stream.hpp"
#include "eval/findings.hpp"

namespace ablate {

/// The first eval.max_examples documents of the sources in an order that depends on the sources alone; fewer
/// where there are not as many. Of those that show, say and ask the same the first is kept. The others,
/// broken ones, and those whose pictures cannot be decoded, are told to `report`. Throws Error naming `key`
/// when `sources` is empty, DataError when more than run.max_broken_share of the documents are broken,
/// however few they are.
std::vector<Document> read_held_out(const std::vector<std::string>& sources, const char* key, DataRole role,
                                    const Experiment& experiment, ReadReport& report);

/// What a model is asked: how likely each candidate is after the prompt, or what it writes there.
struct Question {
  std::string id;               ///< The id of the document that it is made of.
  std::vector<Segment> prompt;  ///< At least one segment; targets are the answers of the examples in it.
  /// Two different texts or more. Nothing where there is too little to choose from: the model can only write.
  std::vector<std::string> candidates;
  std::size_t answer = 0;               ///< The right one of them.
  std::vector<std::string> references;  ///< What is right to write, at least one text.
  std::size_t subject = 0;              ///< Equal for questions about the same pictures.
};

/// Content hashes of what is asked: equal for equal questions, whoever asks them and wherever they stand.
/// Each picture is looked at once, and lives as long as this.
class QuestionIdentities {
 public:
  /// What the document shows, says and asks.
  std::uint64_t of(const Document& document);
  /// The prompt with the examples in it, the candidates, and what is right.
  std::uint64_t of(const Question& question);
  /// Of a question that consists of several parts, in their order.
  static std::uint64_t of(std::initializer_list<std::uint64_t> parts);
  static std::uint64_t of(std::span<const std::uint64_t> parts);

 private:
  /// Of a file its bytes, of a scene its pixels.
  std::string content_of(const std::shared_ptr<const Picture>& picture);
  std::unordered_map<std::shared_ptr<const Picture>, std::string> pictures_;
};

/// Those of the questions at these places.
AskedExamples asked_questions(std::span<const Question> questions, std::span<const std::size_t> places,
                              QuestionIdentities& identities);

/// The document's choices, each once; nothing for fewer than two different ones.
std::vector<std::string> choices_of(const Document& document);

/// Equal for equal pictures: those of a file by their bytes, scenes each by itself.
std::string picture_identity(const Picture& picture);

// Shots are drawn at random among the documents about other pictures (without any: with another question), no
// two of them alike. Documents for which there are not as many become no question.

/// Which caption belongs to this picture? `shots` other pictures with their captions stand before it; the
/// eval.choices - 1 wrong captions, drawn at random without replacement, are those of other pictures that
/// nobody wrote of this one. Where there are not as many the picture's question has no candidates. Right to
/// write is what any of the documents
/// says of the picture.
std::vector<Question> ask_captions(const std::vector<Document>& captioned, std::int64_t shots,
                                   const Eval& eval);

/// The question of each document after its picture, in the words of eval.question_prompt, after `shots`
/// other documents with their answers. Candidates are choices_of() the document.
std::vector<Question> ask_questions(const std::vector<Document>& questions, std::int64_t shots,
                                    const Eval& eval);

/// What is this thing called? An episode's own examples stand before it: of each name as many, `shots` in all
/// at most. Episodes that have not as many of each name are left out, as are those whose examples cannot be
/// told apart by their names, and those without two different names; without examples (`shots` 0) only the
/// names themselves can be told apart.
std::vector<Question> ask_episodes(const std::vector<Document>& episodes, std::int64_t shots);

/// Those that come first about their pictures, for what a model writes: of a picture that several documents
/// show, the questions differ in nothing but the caption that was likely to be ranked.
std::vector<Question> one_per_subject(const std::vector<Question>& questions);

/// "4-shot".
std::string shots_name(std::int64_t shots);

}  // namespace ablate
