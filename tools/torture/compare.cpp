#include "compare.hpp"

#include <fmt/format.h>

#include <bit>

#include "store/query.hpp"

namespace ablate {

namespace {

constexpr std::size_t kMaxShown = 5;  ///< Differences of one kind.

/// The rows of a query as text; real numbers as their 64 bits.
std::vector<std::string> read_rows(Database& database, const char* sql, int columns, int first_real) {
  std::vector<std::string> rows;
  Query query(database, sql);
  while (query.step()) {
    std::string row;
    for (int column = 0; column < columns; ++column) {
      const bool is_real = column >= first_real && !query.is_null(column);
      row += is_real ? fmt::format("{} ({:016x}) ", query.real(column),
                                   std::bit_cast<std::uint64_t>(query.real(column)))
                     : query.text(column) + " ";
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// Merges two sorted lists and reports what only one of them has.
void compare_rows(const std::string& what, const std::vector<std::string>& expected,
                  const std::vector<std::string>& found, std::vector<std::string>& differences) {
  std::size_t i = 0, j = 0, shown = 0;
  while ((i < expected.size() || j < found.size()) && shown < kMaxShown) {
    if (i < expected.size() && j < found.size() && expected[i] == found[j]) {
      ++i, ++j;
    } else if (j == found.size() || (i < expected.size() && expected[i] < found[j])) {
      differences.push_back(fmt::format("{} is missing: {}", what, expected[i++]));
      ++shown;
    } else {
      differences.push_back(fmt::format("{} should not be there: {}", what, found[j++]));
      ++shown;
    }
  }
}

/// Reports every row of a query that should give none.
void expect_none(Database& database, const std::string& what, const char* sql,
                 std::vector<std::string>& differences) {
  Query query(database, sql);
  for (std::size_t shown = 0; shown < kMaxShown && query.step(); ++shown)
    differences.push_back(what + ": " + query.text(0));
}

std::int64_t count(Database& database, const char* sql) {
  Query query(database, sql);
  return query.step() ? query.integer(0) : 0;
}

}  // namespace

Comparison compare_results(Database& reference, Database& tortured) {
  Comparison result;
  const auto compare = [&](const std::string& what, const char* sql, int columns, int first_real) {
    const auto found = read_rows(tortured, sql, columns, first_real);
    compare_rows(what, read_rows(reference, sql, columns, first_real), found, result.differences);
    return static_cast<std::int64_t>(found.size());
  };
  result.jobs = compare("job", "SELECT key FROM jobs ORDER BY key", 1, 1);
  result.metrics = compare("metric", "SELECT key, metric, step, value FROM metrics ORDER BY 1, 2, 3", 4, 3);
  result.scores = compare("score", "SELECT key, name, n, value, stderr FROM scores ORDER BY 1, 2", 5, 3);
  compare("summary of a metric",
          "SELECT j.key, n.name, s.points, s.last_step, s.last_value, s.min_value, s.max_value FROM "
          "metric_summary s"
          " JOIN job j ON j.id = s.job_id JOIN metric_name n ON n.id = s.name_id ORDER BY 1, 2",
          7, 4);

  expect_none(tortured, "job is not finished",
              "SELECT key || ' ' || state FROM jobs WHERE state <> 'finished'", result.differences);
  expect_none(tortured, "job has not exactly one finished attempt",
              "SELECT key || ' ' || total(state = 'finished') FROM attempts GROUP BY key"
              " HAVING total(state = 'finished') <> 1",
              result.differences);
  expect_none(tortured, "attempt is still queued or running",
              "SELECT key || ' ' || number FROM attempts WHERE state IN ('queued', 'running')",
              result.differences);
  expect_none(
      tortured, "journal has faults",
      "SELECT key || ' ' || number FROM attempts WHERE repeated + missing + unknown + malformed + late > 0",
      result.differences);
  expect_none(tortured, "integrity_check",
              "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
              result.differences);
  expect_none(tortured, "foreign_key_check", "SELECT \"table\" || ' ' || rowid FROM pragma_foreign_key_check",
              result.differences);
  result.attempts = count(tortured, "SELECT count(*) FROM attempts");
  result.torn = count(tortured, "SELECT total(torn) FROM attempts");
  return result;
}

}  // namespace ablate
