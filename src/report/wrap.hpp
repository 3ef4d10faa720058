// Texts in lines that fit.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ablate {

/// Columns of a page where no terminal says how many it has.
constexpr std::size_t kPageWidth = 80;

/// `text` broken at spaces into lines of at most `width` columns, each but the first after `indent` spaces;
/// the first is taken to begin as far to the right. A word is never broken.
std::string wrap(std::string_view text, std::size_t indent, std::size_t width = kPageWidth);

/// `text` as the pieces between which a line may end: after spaces, but not after a lone '=', as in "tokens
/// = 4".
std::vector<std::string> words_of(std::string_view text);

/// Pieces in lines of at most `width` columns of a terminal, each line but the first after `indent` spaces.
/// At least one line; a piece is never broken.
std::vector<std::string> fill_lines(const std::vector<std::string>& pieces, std::size_t width,
                                    std::size_t indent = 0);

/// A name in lines of at most `width` columns: broken after spaces and '/', and after '.' before a letter;
/// what is still too long, also after '-' and '_' before a letter. Numbers stay whole.
std::vector<std::string> name_lines(std::string_view name, std::size_t width);
/// The widest of the parts that name_lines() never breaks.
std::size_t least_name_width(std::string_view name);

}  // namespace ablate
