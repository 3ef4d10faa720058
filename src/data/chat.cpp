#include "data/chat.hpp"

#include <string_view>

namespace ablate {

namespace {

enum class Speaker { system, user, assistant };

/// Writes turns one after the other.
class ChatWriter {
 public:
  ChatWriter(const Tokenizer& tokenizer, const PictureLayout& layout, ChatFormat format)
      : tokenizer_(tokenizer), layout_(layout), format_(format) {}

  void begin_turn(Speaker speaker) {
    speaker_ = speaker;
    switch (format_) {
      case ChatFormat::plain:
        return;
      case ChatFormat::vicuna:
        if (speaker != Speaker::system) add_mark(speaker == Speaker::user ? "USER:" : "ASSISTANT:");
        return;
      case ChatFormat::chatml:
        append_token(written_, tokenizer_.special().turn_start, false);
        add_mark(speaker == Speaker::system ? "system\n"
                 : speaker == Speaker::user ? "user\n"
                                            : "assistant\n");
        return;
    }
  }
  void add(const Segment& segment) {
    append_segment(written_, segment, speaker_ == Speaker::assistant, tokenizer_, layout_);
  }
  void end_turn() {
    const bool is_answer = speaker_ == Speaker::assistant;
    if (is_answer || format_ == ChatFormat::chatml)
      append_token(written_, answer_end(tokenizer_, format_), is_answer);
    if (format_ == ChatFormat::chatml) add_mark("\n");
  }

  TokenizedDocument& written() { return written_; }

 private:
  void add_mark(std::string_view text) {
    for (const std::int32_t token : tokenizer_.encode(text)) append_token(written_, token, false);
  }

  const Tokenizer& tokenizer_;
  const PictureLayout layout_;
  const ChatFormat format_;
  Speaker speaker_ = Speaker::user;
  TokenizedDocument written_;
};

void write_turns(const Document& document, const Chat& chat, ChatWriter& writer) {
  writer.written().id = document.id;
  if (const std::string& system = document.system.empty() ? chat.system : document.system; !system.empty()) {
    writer.begin_turn(Speaker::system);
    writer.add({system, nullptr, false});
    writer.end_turn();
  }
  for (std::size_t i = 0; i < document.segments.size(); ++i) {
    const Segment& segment = document.segments[i];
    const auto is_answer = [&](std::size_t at) {
      return document.segments[at].target && !document.segments[at].picture;
    };
    if (i == 0 || is_answer(i) != is_answer(i - 1))
      writer.begin_turn(is_answer(i) ? Speaker::assistant : Speaker::user);
    writer.add(segment);
    if (i + 1 == document.segments.size() || is_answer(i + 1) != is_answer(i)) writer.end_turn();
  }
}

}  // namespace

void add_instruction(Document& question, const std::string& instruction) {
  if (instruction.empty()) return;
  auto& segments = question.segments;
  const std::size_t answer = segments.size() - 1;
  if (answer > 0 && !segments[answer - 1].picture)
    segments[answer - 1].text += "\n" + instruction;
  else
    segments.insert(segments.end() - 1, {instruction, nullptr, false});
}

std::int32_t answer_end(const Tokenizer& tokenizer, ChatFormat format) {
  return format == ChatFormat::chatml ? tokenizer.special().turn_end : tokenizer.special().document_end;
}

TokenizedDocument tokenize_chat(const Document& document, const Tokenizer& tokenizer,
                                const PictureLayout& layout, const Chat& chat) {
  ChatWriter writer(tokenizer, layout, chat.format);
  write_turns(document, chat, writer);
  return std::move(writer.written());
}

TokenizedDocument tokenize_chat_prompt(const Document& document, const Tokenizer& tokenizer,
                                       const PictureLayout& layout, const Chat& chat) {
  ChatWriter writer(tokenizer, layout, chat.format);
  write_turns(document, chat, writer);
  writer.begin_turn(Speaker::assistant);
  TokenizedDocument& prompt = writer.written();
  prompt.targets.assign(prompt.tokens.size(), 0);
  return std::move(prompt);
}

}  // namespace ablate
