// A table that is written while its rows come in: memory does not grow with the rows of CSV and JSON.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "report/table.hpp"

namespace ablate {

class RowStream {
 public:
  using Sink = std::function<void(std::string_view)>;
  /// `width` as for render(). Text, Markdown and LaTeX are held back until finish(), since they align
  /// columns.
  RowStream(Format format, std::vector<Column> columns, Sink sink, std::size_t width = 0);
  void add(std::vector<TableCell> row);
  void finish();
  std::int64_t rows() const { return rows_; }

 private:
  void put(std::string_view text);
  Format format_;
  Table table_;  ///< Its rows stay empty when the format is written at once.
  Sink sink_;
  std::size_t width_;
  std::int64_t rows_ = 0;
  std::string buffer_;
};

}  // namespace ablate
