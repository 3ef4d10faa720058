// Documents as HTML: what pages with data share.
#pragma once

#include <string>
#include <string_view>

#include "views/data_view.hpp"

namespace ablate {

/// CSS of what the functions below make.
std::string_view document_style();

/// Escaped line by line: line breaks stay.
std::string lines_html(std::string_view text);
/// The parts of a document, pictures within, and its note. What it says cannot become markup.
std::string document_html(const DataView& view, const ViewDocument& document);

}  // namespace ablate
