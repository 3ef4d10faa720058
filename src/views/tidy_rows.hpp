// Tidy tables for other programs: what `ablate export` writes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "config/names.hpp"
#include "report/row_stream.hpp"
#include "store/database.hpp"

namespace ablate {

/// A row for each run, point of a curve, score, or job.
enum class Tidy { runs, metrics, scores, jobs };
template <>
std::span<const Named<Tidy>> names_of<Tidy>();

/// Of one sweep, by name or file, or of all. Returns the count of rows.
std::int64_t write_tidy(Database& database, Tidy what, const std::optional<std::string>& sweep, Format format,
                        const RowStream::Sink& sink);

}  // namespace ablate
