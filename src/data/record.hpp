// JSON records of the field's data sets, as documents.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "data/document.hpp"
#include "util/json.hpp"

namespace ablate {

/// Finds the bytes of a picture that a record names: a file beside the JSONL, or a member of the same sample.
/// Throws BrokenDocument when it is not there or its name leaves the folder.
using FindPicture = std::function<std::string(const std::string& name)>;

/// Reads one record. Its form is told by its keys, in this order:
/// - segments: [{"text": ...} | {"image": NAME}, ...], Ablate's own interleaved form
/// - text_list, image_info: MMC4. Each image stands before the sentence matched_text_index; it is image_name,
///   or image_base64 within the record (OpenFlamingo's shards). Sentences are joined by a space
/// - texts, images: OBELICS. Two lists of equal length with one null at each index; texts that follow one
///   another are joined by a blank line
/// - support, query: few-shot episodes. [{"image": NAME, "text": ...}, ...] (no targets), {"image": NAME},
///   question where it has one (no target), answer, choices
/// - conversations: LLaVA. [{"from": "human" | "gpt", "value": ...}, ...] in turn, the answers of gpt being
///   the targets. The n-th `<image>` in what a human says is the n-th picture of the key image, which is a
///   name or a list of names; there are as many of the one as of the other. A first turn of "system", or the
///   key system, is the system prompt. A turn of gpt before the first of a human is left out
/// - question, answer: one question about image (or about nothing), with choices where it has them, and with
///   answers, a list of strings or of {"answer": ...}, where several people were asked (VQA). What is right
///   is multiple_choice_answer, else answer, else what most people answered (`vote_answer`)
/// - image, caption (or text, or captions: a list, as in COCO): a captioned picture, with synthetic_caption
///   where it has one
/// - text: plain text
///
/// `image` has other names, too: file_name (the metadata.jsonl of an image folder), image_path, img and their
/// like, where the value ends as the name of a picture does; a text whose file is named so stays a text.
///
/// `default_image` stands in for a record that names no picture: the picture of a WebDataset sample ("" when
/// there is none). A key that is null counts as absent; text has no white space at its ends, and empty text
/// segments are left out. Throws BrokenDocument (`where` empty) for other records, and for fields that are
/// missing or of a wrong type.
Document parse_record(const Json& record, const std::string& default_image, const FindPicture& find);

/// False for the text of a record that names no picture, whichever form it has.
bool may_name_picture(std::string_view json);

/// Whether the record has the key of a form that is more than a caption or a text, so that a WebDataset
/// sample is read from it alone.
bool has_form(const Json& record);

/// Throws BrokenDocument when the document is not what its role asks for: no caption, a picture in text,
/// nothing to predict.
void check_role(const Document& document, DataRole role);

/// JSON of a data file; NaN and Infinity, which Python writes though JSON has none, become null. Throws
/// BrokenDocument (`where` empty) with the place of the mistake, or for more depth or values than a record
/// has.
Json parse_json(std::string_view text);

/// `text` without white space at its ends. Throws BrokenDocument (`where` empty) when it is no UTF-8.
std::string clean_text(std::string_view text);

}  // namespace ablate
