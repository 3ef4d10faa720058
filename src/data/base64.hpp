// Base64 (RFC 4648, section 4) of pictures within a record.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ablate {

/// The bytes, or nothing for text that is not exactly what an encoder writes: no line breaks, padding where
/// it is due, unused bits zero.
std::optional<std::string> decode_base64(std::string_view text);

/// On one line, padded.
std::string encode_base64(std::string_view bytes);

}  // namespace ablate
