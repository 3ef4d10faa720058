// A document: text and pictures in the order in which they are read. All data is made of documents.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "config/experiment.hpp"
#include "data/image.hpp"

namespace ablate {

struct Scene;

/// A picture that is not decoded yet: a file's bytes, or the plan of a scene.
using Picture = std::variant<std::string, std::shared_ptr<const Scene>>;

/// The picture in its own shape: decoded, or a scene drawn at its own size. `enough` as decode_image() has
/// it. Throws BrokenDocument (`where` empty).
Image load_picture(const Picture& picture, std::int64_t enough = 0);

/// Pixels of the square that the encoder sees, `resolution` on each side. Throws BrokenDocument (`where`
/// empty).
Image load_picture(const Picture& picture, std::int64_t resolution, ImageFit fit);

/// In its own shape, its longer side at most `longest` pixels: shrunk, never enlarged. Throws BrokenDocument
/// (`where` empty).
Image load_shrunk_picture(const Picture& picture, std::int64_t longest);

/// A stretch of text, or one picture.
struct Segment {
  std::string text;                        ///< UTF-8. Empty for a picture.
  std::shared_ptr<const Picture> picture;  ///< Null for text.
  /// Text that the model is to predict. In a conversation: what the assistant says, and nothing else.
  bool target = true;
  bool whole = false;  ///< A picture that has no sub-images, whatever the recipe says.
};

/// What the key that names a source (`data.captions`, ...) asks of its documents.
enum class DataRole {
  captions,       ///< One picture, then its caption.
  interleaved,    ///< Text and any number of pictures.
  text,           ///< Text alone.
  sft,            ///< Pictures and questions (not targets), with answers (targets): a conversation.
  sft_questions,  ///< The same with a single answer, at the end; training adds an instruction to the
                  ///< question.
  sft_text        ///< A conversation without pictures.
};

/// Whether its documents are conversations, which chat.hpp writes.
constexpr bool is_conversation(DataRole role) {
  return role == DataRole::sft || role == DataRole::sft_questions || role == DataRole::sft_text;
}

struct Document {
  std::string id;  ///< Where it came from: "a-000.tar: 000123", "docs.jsonl: byte 4711", "scenes.toml: 8".
  std::vector<Segment> segments;
  std::string system;             ///< What a conversation begins with (its system prompt); "": nothing.
  std::string synthetic_caption;  ///< A caption document's: takes the caption's place with probability
                                  ///< data.synthetic_share. Empty: there is none.
  std::vector<std::string>
      choices;  ///< A question's answers to choose from; one of them is the last segment.
  /// All that people answered, or wrote of the picture, where the record lists it: what evaluations compare
  /// with. Empty: the last segment alone.
  std::vector<std::string> references;
  /// The last segment is one of several equally common references: which one, their order decides.
  bool answer_by_order = false;
};

/// Most bytes that one document may take, pictures included.
constexpr std::int64_t kMaxDocumentBytes = 256 << 20;
/// As many bytes of the name of a picture or of an archive's member as messages show.
constexpr std::size_t kShownName = 200;

}  // namespace ablate
