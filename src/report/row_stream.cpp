#include "report/row_stream.hpp"

#include "report/row_writers.hpp"

namespace ablate {

namespace {

constexpr std::size_t kWriteBytes = 1 << 16;

bool is_streamed(Format format) { return format == Format::csv || format == Format::json; }

}  // namespace

RowStream::RowStream(Format format, std::vector<Column> columns, Sink sink, std::size_t width)
    : format_(format), sink_(std::move(sink)), width_(width) {
  table_.columns = std::move(columns);
  if (format_ == Format::csv) put(csv_header(table_.columns));
}

void RowStream::add(std::vector<TableCell> row) {
  ++rows_;
  if (!is_streamed(format_)) {
    table_.rows.push_back(std::move(row));
  } else if (format_ == Format::csv) {
    put(csv_row(row));
  } else {
    put(rows_ == 1 ? "[\n  " : ",\n  ");
    put(json_row(table_.columns, row));
  }
}

void RowStream::finish() {
  if (!is_streamed(format_)) put(render(table_, format_, width_));
  if (format_ == Format::json) put(rows_ == 0 ? "[]\n" : "\n]\n");
  sink_(buffer_);
  buffer_.clear();
}

void RowStream::put(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() < kWriteBytes) return;
  sink_(buffer_);
  buffer_.clear();
}

}  // namespace ablate
