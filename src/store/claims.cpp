#include "store/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "store/query.hpp"

namespace ablate {

namespace {

/// Whether the sweep has results that a claim about this score may have been made from.
bool has_results(Database& database, std::int64_t sweep_id, const std::string& score) {
  Query query(database,
              "SELECT EXISTS (SELECT 1 FROM sweep_jobs s JOIN score_value v ON v.job_id = s.job_id"
              "               WHERE s.sweep_id = ?1)"
              " OR EXISTS (SELECT 1 FROM sweep_jobs s JOIN job j ON j.id = s.job_id"
              "            JOIN metric_summary m ON m.job_id = j.id JOIN metric_name n ON n.id = m.name_id"
              "            WHERE s.sweep_id = ?1 AND ?2 IN (j.stage || '/' || n.name,"
              "              j.stage || '/' || n.name || ':min', j.stage || '/' || n.name || ':max'))",
              sweep_id, score);
  return query.step() && query.integer(0) != 0;
}

}  // namespace

std::vector<ClaimRecord> load_claims(Database& database, std::int64_t sweep_id) {
  std::vector<ClaimRecord> records;
  Query query(database,
              "SELECT id, name, source, content, first_seen, after_results, withdrawn_at FROM claim"
              " WHERE sweep_id = ?"
              " ORDER BY withdrawn_at IS NOT NULL, CASE WHEN withdrawn_at IS NULL THEN position ELSE id END",
              sweep_id);
  while (query.step()) try {
      ClaimRecord& record = records.emplace_back();
      record.claim = claim_of_json(Json::parse(query.view(3)));
      record.id = query.integer(0);
      record.claim.name = query.text(1);
      record.claim.source = query.text(2);
      record.first_seen = query.real(4);
      record.after_results = query.integer(5) != 0;
      record.withdrawn_at = query.find_real(6);
    } catch (const std::exception& error) {
      throw Error(fmt::format("{}: table claim, row {}: {}", database.path().string(), query.integer(0),
                              error.what()));
    }
  return records;
}

bool has_claims(Database& database, std::int64_t sweep_id, std::span<const Claim> claims) {
  std::vector<ClaimRecord> records = load_claims(database, sweep_id);
  std::erase_if(records, [](const ClaimRecord& record) { return record.withdrawn_at.has_value(); });
  return std::equal(records.begin(), records.end(), claims.begin(), claims.end(),
                    [](const ClaimRecord& record, const Claim& claim) {
                      return record.claim.name == claim.name && record.claim.source == claim.source &&
                             claim_json(record.claim) == claim_json(claim);
                    });
}

void save_claims(Database& database, std::int64_t sweep_id, std::span<const Claim> claims, double now) {
  std::map<std::string, std::int64_t> standing;  // By content: ids.
  for (const ClaimRecord& record : load_claims(database, sweep_id))
    if (!record.withdrawn_at) standing.emplace(claim_json(record.claim).dump(), record.id);
  std::int64_t position = 0;
  for (const Claim& claim : claims) {
    const std::string content = claim_json(claim).dump();
    if (const auto found = standing.find(content); found != standing.end()) {
      Query(database, "UPDATE claim SET position = ?, name = ?, source = ? WHERE id = ?", position++,
            claim.name, claim.source, found->second)
          .run();
      standing.erase(found);
      continue;
    }
    const bool after_results = has_results(database, sweep_id, claim.score);
    Query(database,
          "INSERT INTO claim (sweep_id, position, name, source, content, first_seen, after_results)"
          " VALUES (?, ?, ?, ?, ?, ?, ?)",
          sweep_id, position++, claim.name, claim.source, content, now, after_results)
        .run();
  }
  for (const auto& [content, id] : standing)
    Query(database, "UPDATE claim SET withdrawn_at = ? WHERE id = ?", now, id).run();
}

}  // namespace ablate
