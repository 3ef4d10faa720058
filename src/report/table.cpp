#include "report/table.hpp"

#include <fmt/format.h>

#include <cmath>

#include "report/latex.hpp"
#include "report/row_stream.hpp"
#include "report/text_table.hpp"
#include "util/text.hpp"

namespace ablate {

TableCell TableCell::integer(std::int64_t value) { return {with_commas(value), value}; }

TableCell TableCell::number(double value, std::string text) { return {std::move(text), value}; }

TableCell TableCell::number(double value) { return {fmt::format("{:.6g}", value), value}; }

TableCell TableCell::exact(double value) {
  if (std::isfinite(value)) return number(value);
  return {std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity"};
}

std::string render(const Table& table, Format format, std::size_t width) {
  switch (format) {
    case Format::text:
      return render_text(table, width);
    case Format::markdown:
      return render_markdown(table);
    case Format::latex:
      return render_latex(table);
    case Format::csv:
    case Format::json: {
      std::string text;
      RowStream stream(format, table.columns, [&](std::string_view part) { text += part; });
      for (const auto& row : table.rows) stream.add(row);
      stream.finish();
      return text;
    }
  }
  return "";
}

}  // namespace ablate
