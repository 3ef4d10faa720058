// Words for people: nearest spellings, numbers with units, plain checks of text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ablate {

/// The candidate that `word` most likely meant (smallest Damerau-Levenshtein distance, at most a third of its
/// length, at least 1), or nothing. What stands before a candidate's last dot may be left out for one step:
/// `tokens` finds `connector.tokens`.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// "; did you mean 'x'?" when there is a near candidate, else "; expected one of: a, b, c" when there are at
/// most 12, else nothing.
std::string suggestion(std::string_view word, std::span<const std::string> candidates);

/// 1234567 -> "1.23M"; three significant digits and k, M, G, T, P, E, Z, Y. Below 1000 as it is.
std::string human_count(double value);
/// The same for parameters and tokens, of which 1e9 are a billion: 1.21B.
std::string human_amount(double value);
/// Bytes in binary units: "512 B", "1.50 KiB", "3.20 GiB".
std::string human_bytes(double bytes);
/// Seconds as "0.4 s", "12 s", "3m 05s", "2h 10m", "4d 06h".
std::string human_duration(double seconds);
/// 1234567 -> "1,234,567".
std::string with_commas(std::int64_t value);
/// "1 job", "3 jobs", "1,204 jobs".
std::string count_of(std::int64_t count, const std::string& noun);
/// The shortest text that reads back as the same number: 0.1 -> "0.1", 3.0 -> "3", 1e-05 -> "1e-05".
std::string shortest(double value);

/// "90", "90s", "1.5h", "2d", "30m" as seconds; nothing when it is not a duration.
std::optional<double> parse_duration(std::string_view text);

/// A number above zero, also with k, M, B (or G) or T after it, in either case: "30e9", "30B", "1.5 M".
/// Nothing for anything else.
std::optional<double> parse_amount(std::string_view text);

/// true, t, yes, y, on or a number that is 1; false, f, no, n, off or a number that is 0; in any case.
/// Nothing for anything else.
std::optional<bool> parse_flag(std::string_view text);

/// ASCII letters in lower case.
std::string lower_case(std::string_view text);

/// Byte offset of the first byte that is not valid UTF-8 (overlong forms and surrogates count as invalid).
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

/// `text` without what nobody sees at its ends: white space of any kind, control and zero-width characters.
std::string_view trim_unseen(std::string_view text);

/// Number of columns that `text` takes in a terminal: code points, not bytes, combining marks left out, wide
/// ones twice.
std::size_t display_width(std::string_view text);

/// As much of a value as a message quotes, in bytes; and all of it, for a text that is no part of one.
constexpr std::size_t kQuoted = 60, kWhole = std::string_view::npos;
/// `text` with control characters (escape sequences of an untrusted log or file name) and bytes that are no
/// UTF-8 shown as '?'; tabs stay. Of a longer one than `most` bytes the beginning and "...".
std::string printable(std::string_view text, std::size_t most = kQuoted);
/// A message of several lines, each of them printable; of a line that no terminal has room for the beginning
/// and the end, where what was expected stands.
std::string printable_lines(std::string_view text);

/// Texts of names and messages of others, safe to print: no control characters, no invalid UTF-8, one line.
std::string one_line(std::string_view text);

/// A path as messages show it: from the working folder when it lies below it, and safe to print.
std::string shown_path(const std::filesystem::path& path);

std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);

}  // namespace ablate
