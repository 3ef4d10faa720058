// Conversations as tokens: who speaks, where an answer ends, and what of it is learnt.
//
// A conversation is a document with targets: stretches of segments that are targets are turns of the
// assistant (answers), those between them turns of the user, whatever pictures and texts they consist of.
// Document::system, else Chat::system, stands before the first turn. The formats, with [Q] for the segments
// of a user's turn, [A] for those of an answer and [S] for the system prompt:
//
//   plain    [S] [Q] [A]</s> [Q] [A]</s>
//   vicuna   [S] USER: [Q] ASSISTANT: [A]</s> USER: [Q] ASSISTANT: [A]</s>
//            (FastChat's template vicuna_v1.1, which LLaVA 1.5 was trained with)
//   chatml   <|im_start|>system\n[S]<|im_end|>\n<|im_start|>user\n[Q]<|im_end|>\n
//            <|im_start|>assistant\n[A]<|im_end|>\n ...
//            (OpenAI's Chat Markup Language)
//
// Each mark and each segment is encoded by itself, so that what is a target never depends on how a tokenizer
// joins texts; tokenizers that put a blank before a text put one before each. `</s>` is document_end, whose
// pieces and those of ChatML no text can contain (tokenizer.hpp). Targets are the answers and the piece that
// ends each of them; nothing else, so not the line break behind <|im_end|>. Nothing follows the last turn.
#pragma once

#include <cstdint>
#include <string>

#include "data/tokens.hpp"

namespace ablate {

struct Chat {
  ChatFormat format = ChatFormat::plain;
  std::string system;  ///< For conversations that have no system prompt of their own; "": none.
};

/// Puts a line after the text before the answer of a question; none for "".
void add_instruction(Document& question, const std::string& instruction);

/// The piece that ends an answer. The tokenizer must have been loaded for the format.
std::int32_t answer_end(const Tokenizer& tokenizer, ChatFormat format);

TokenizedDocument tokenize_chat(const Document& document, const Tokenizer& tokenizer,
                                const PictureLayout& layout, const Chat& chat);
/// The conversation up to where its next answer begins. It has no targets.
TokenizedDocument tokenize_chat_prompt(const Document& document, const Tokenizer& tokenizer,
                                       const PictureLayout& layout, const Chat& chat);

}  // namespace ablate
