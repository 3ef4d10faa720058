// Tables with aligned columns: plain text and Markdown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "report/table.hpp"

namespace ablate {

std::string render_text(const Table& table, std::size_t width);
std::string render_markdown(const Table& table);

/// `text` filled up with spaces to `width` columns of a terminal, or shortened to it with an ellipsis.
std::string fit(std::string_view text, std::size_t width, Align align);

}  // namespace ablate
