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
/// - text_list, image_info: MMC4; each image stands before the sentence matched_text_index. It is image_name,
/// or
///   image_base64 within the record (OpenFlamingo's shards)
/// - texts, images: OBELICS; two lists of equal length with one null at each index
/// - support, query: few-shot episodes; [{"image": NAME, "text": ...}, ...], {"image": NAME}, question,
/// answer, choices
/// - conversations: LLaVA; [{"from": "human" | "gpt", "value": ...}, ...], with `<image>` for the picture of
/// the key
///   image
/// - question, answer: one question about image, with choices where it has them
/// - image, caption (or text): a captioned picture, with synthetic_caption where it has one
/// - text: plain text
///
/// `default_image` stands in for a record that names no picture: the picture of a WebDataset sample ("" when
/// there is none). Empty text segments are left out. Throws BrokenDocument (`where` empty) for other records,
/// and for fields that are missing or of a wrong type.
Document parse_record(const Json& record, const std::string& default_image, const FindPicture& find);

/// Throws BrokenDocument when the document is not what its role asks for: no caption, a picture in text,
/// nothing to predict.
void check_role(const Document& document, DataRole role);

/// JSON of a data file. Throws BrokenDocument (`where` empty) with the place of the mistake.
Json parse_json(std::string_view text);

/// `text` without white space at its ends. Throws BrokenDocument (`where` empty) when it is no UTF-8.
std::string clean_text(std::string_view text);

}  // namespace ablate
