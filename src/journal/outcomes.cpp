#include "journal/outcomes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <stdexcept>

#include "util/error.hpp"
#include "util/file.hpp"
#include "util/hash.hpp"
#include "util/json.hpp"

namespace ablate {

namespace {

constexpr std::string_view kMagic = "ablate-outcomes 1\n";
constexpr std::size_t kMostLevels = 256;

/// Bits into bytes, from the lowest one on.
class BitWriter {
 public:
  void put(std::uint64_t bits, unsigned count) {
    for (; count > 0; --count, bits >>= 1) {
      if (used_ == 0) bytes_ += '\0';
      if (bits & 1)
        bytes_.back() = static_cast<char>(static_cast<unsigned char>(bytes_.back()) | 1u << used_);
      used_ = (used_ + 1) % 8;
    }
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
  unsigned used_ = 0;  ///< Bits of the last byte; 0: all of them.
};

class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}
  /// The next bit; false, and overrun(), after the last.
  bool next() {
    if (at_ / 8 >= bytes_.size()) {
      overrun_ = true;
      return false;
    }
    const bool bit = static_cast<unsigned char>(bytes_[at_ / 8]) >> at_ % 8 & 1;
    ++at_;
    return bit;
  }
  bool overrun() const { return overrun_; }
  /// Whether all bytes have been read.
  bool at_end() const { return (at_ + 7) / 8 == bytes_.size(); }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool overrun_ = false;
};

/// Bits of the remainder that make the code of `n` ascending 64-bit numbers short.
unsigned rice_bits(std::size_t n) {
  return 64 - static_cast<unsigned>(std::bit_width(std::max<std::size_t>(n, 1)));
}

std::string encode_questions(const std::vector<std::uint64_t>& questions, unsigned rice) {
  BitWriter writer;
  std::uint64_t before = 0;
  for (const std::uint64_t question : questions) {
    const std::uint64_t difference = question - before;
    for (std::uint64_t ones = difference >> rice; ones > 0; --ones) writer.put(1, 1);
    writer.put(0, 1);
    writer.put(difference, rice);
    before = question;
  }
  return writer.take();
}

/// Numbers as indices into the few that occur, as whole numbers, or as they are.
Json encode_column(const std::vector<float>& numbers, std::string& bytes) {
  std::vector<float> levels = numbers;
  std::sort(levels.begin(), levels.end());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  if (levels.size() <= kMostLevels) {
    for (const float number : numbers)
      bytes += static_cast<char>(std::lower_bound(levels.begin(), levels.end(), number) - levels.begin());
    return levels;
  }
  const bool whole = std::all_of(numbers.begin(), numbers.end(),
                                 [](float x) { return x >= 0 && x < 65536 && x == std::floor(x); });
  for (const float number : numbers) {
    const std::uint32_t bits =
        whole ? static_cast<std::uint32_t>(number) : std::bit_cast<std::uint32_t>(number);
    for (unsigned byte = 0; byte < (whole ? 2u : 4u); ++byte) bytes += static_cast<char>(bits >> 8 * byte);
  }
  return whole ? "u16" : "f32";
}

void check_outcomes(const ExampleOutcomes& outcomes) {
  const auto fits = [&](std::size_t size) { return size == 0 || size == outcomes.questions.size(); };
  const auto finite = [](float x) { return std::isfinite(x); };
  if (outcomes.values.size() != outcomes.questions.size() || !fits(outcomes.weights.size()) ||
      !fits(outcomes.names.size()) || !std::all_of(outcomes.values.begin(), outcomes.values.end(), finite) ||
      !std::all_of(outcomes.weights.begin(), outcomes.weights.end(),
                   [&](float x) { return finite(x) && x > 0; }))
    throw std::logic_error("outcomes of '" + outcomes.score + "' are no outcomes");
}

/// In the order of their questions; names are those that are kept.
ExampleOutcomes in_order(const ExampleOutcomes& outcomes) {
  check_outcomes(outcomes);
  std::vector<std::size_t> order(outcomes.questions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return outcomes.questions[a] < outcomes.questions[b];
  });
  ExampleOutcomes sorted{.score = outcomes.score};
  for (const std::size_t i : order) {
    sorted.questions.push_back(outcomes.questions[i]);
    sorted.values.push_back(outcomes.values[i]);
    if (!outcomes.weights.empty()) sorted.weights.push_back(outcomes.weights[i]);
    if (!outcomes.names.empty() && order.size() <= kMostNamed) {
      const std::string& name = outcomes.names[i];
      sorted.names.push_back(name.substr(0, name.find('\0')));
    }
  }
  return sorted;
}

/// Takes blocks of bytes off a file, and says what is wrong with it.
class BlockReader {
 public:
  BlockReader(std::string_view bytes, const std::string& file) : rest_(bytes), file_(file) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(fmt::format("{}: {}; expected the outcomes that an evaluation wrote", file_, what));
  }
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) fail("ends too early");
    const std::string_view block = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return block;
  }
  std::string_view take_line() {
    const std::size_t end = rest_.find('\n');
    if (end == rest_.npos) fail("ends too early");
    const std::string_view line = take(end);
    take(1);
    return line;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  const std::string& file_;
};

std::vector<std::uint64_t> decode_questions(BlockReader& reader, std::size_t n, unsigned rice,
                                            std::size_t size) {
  BitReader bits(reader.take(size));
  if (n > size * 8) reader.fail("has more examples than bits");
  std::vector<std::uint64_t> questions;
  questions.reserve(n);
  std::uint64_t before = 0;
  while (questions.size() < n) {
    std::uint64_t difference = 0;
    while (bits.next()) ++difference;
    if (difference > ~std::uint64_t{0} >> rice) reader.fail("has identities beyond 64 bits");
    difference <<= rice;
    for (unsigned bit = 0; bit < rice; ++bit) difference |= std::uint64_t{bits.next()} << bit;
    if (bits.overrun() || before + difference < before) reader.fail("has damaged identities");
    questions.push_back(before += difference);
  }
  if (!bits.at_end()) reader.fail("has more identities than examples");
  return questions;
}

std::vector<std::string> decode_names(BlockReader& reader, std::size_t n, std::size_t size) {
  std::vector<std::string> names;
  std::string_view rest = reader.take(size);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\0');
    if (end == rest.npos) reader.fail("has a name without an end");
    names.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  if (!names.empty() && names.size() != n) reader.fail("has not as many names as examples");
  return names;
}

std::vector<float> decode_column(BlockReader& reader, const Json& column, std::size_t n) {
  std::vector<float> numbers;
  if (column.is_array()) {
    const auto levels = column.get<std::vector<float>>();
    for (const char byte : reader.take(n)) {
      const std::size_t index = static_cast<unsigned char>(byte);
      if (index >= levels.size()) reader.fail("has a value that is not in its list");
      numbers.push_back(levels[index]);
    }
    return numbers;
  }
  const bool whole = column == "u16";
  if (!whole && column != "f32") reader.fail("has a column of unknown form");
  const std::size_t width = whole ? 2 : 4;
  const std::string_view block = reader.take(n * width);
  for (std::size_t i = 0; i < n; ++i) {
    std::uint32_t bits = 0;
    for (std::size_t byte = 0; byte < width; ++byte)
      bits |= std::uint32_t{static_cast<unsigned char>(block[i * width + byte])} << 8 * byte;
    numbers.push_back(whole ? static_cast<float>(bits) : std::bit_cast<float>(bits));
  }
  return numbers;
}

std::vector<ExampleOutcomes> decode_blocks(const Json& header, BlockReader& reader) {
  std::vector<ExampleOutcomes> lists, outcomes;
  for (const Json& list : header.at("questions")) {
    const auto n = list.at("n").get<std::size_t>();
    const auto rice = list.at("rice").get<unsigned>();
    if (rice > 63) reader.fail("has identities of an unknown form");
    ExampleOutcomes& read = lists.emplace_back();
    read.questions = decode_questions(reader, n, rice, list.at("bytes").get<std::size_t>());
    read.names = decode_names(reader, n, list.at("names_bytes").get<std::size_t>());
  }
  for (const Json& score : header.at("scores")) {
    ExampleOutcomes& read = outcomes.emplace_back(lists.at(score.at("questions").get<std::size_t>()));
    read.score = score.at("name").get<std::string>();
    read.values = decode_column(reader, score.at("values"), read.questions.size());
    if (const Json& weights = score.at("weights"); !weights.is_null())
      read.weights = decode_column(reader, weights, read.questions.size());
  }
  return outcomes;
}

}  // namespace

std::string encode_outcomes(std::span<const ExampleOutcomes> outcomes) {
  std::vector<ExampleOutcomes> lists;  // Of these, only questions and names.
  Json questions = Json::array(), scores = Json::array();
  std::string blocks, columns;
  for (const ExampleOutcomes& given : outcomes) {
    ExampleOutcomes sorted = in_order(given);
    const auto same = std::find_if(lists.begin(), lists.end(), [&](const ExampleOutcomes& list) {
      return list.questions == sorted.questions && list.names == sorted.names;
    });
    const auto index = static_cast<std::size_t>(same - lists.begin());
    Json values = encode_column(sorted.values, columns), weights = nullptr;
    if (!sorted.weights.empty()) weights = encode_column(sorted.weights, columns);
    scores.push_back({{"name", sorted.score},
                      {"questions", index},
                      {"values", std::move(values)},
                      {"weights", std::move(weights)}});
    if (same != lists.end()) continue;
    const unsigned rice = rice_bits(sorted.questions.size());
    const std::string identities = encode_questions(sorted.questions, rice);
    std::string names;
    for (const std::string& name : sorted.names) names.append(name).append(1, '\0');
    blocks += identities + names;
    questions.push_back({{"n", sorted.questions.size()},
                         {"rice", rice},
                         {"bytes", identities.size()},
                         {"names_bytes", names.size()}});
    lists.push_back({.questions = std::move(sorted.questions), .names = std::move(sorted.names)});
  }
  const Json header = {{"questions", std::move(questions)}, {"scores", std::move(scores)}};
  std::string bytes(kMagic);
  bytes += header.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return bytes + blocks + columns;
}

std::vector<ExampleOutcomes> decode_outcomes(std::string_view bytes, const std::string& file) {
  BlockReader reader(bytes, file);
  if (!bytes.starts_with(kMagic)) reader.fail("does not begin with 'ablate-outcomes 1'");
  reader.take(kMagic.size());
  try {
    std::vector<ExampleOutcomes> outcomes = decode_blocks(Json::parse(reader.take_line()), reader);
    if (!reader.at_end()) reader.fail("goes on after its end");
    for (const ExampleOutcomes& read : outcomes) check_outcomes(read);
    return outcomes;
  } catch (const Json::exception&) {
    reader.fail("has a damaged second line");
  } catch (const std::logic_error& error) {  // Also of lists.at().
    reader.fail(std::string("is damaged (") + error.what() + ")");
  }
}

std::vector<ExampleOutcomes> read_outcomes(const std::filesystem::path& file, const std::string& hash) {
  const std::string bytes = read_file(file, kMaxOutcomesBytes);
  const std::string found = hash128(bytes).hex();
  if (found != hash)
    throw Error(
        fmt::format("{}: its content has the hash {}; expected {}, that of the outcomes which the evaluation "
                    "wrote: the file is damaged or another one",
                    file.string(), found, hash));
  return decode_outcomes(bytes, file.string());
}

}  // namespace ablate
