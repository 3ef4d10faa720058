#include "views/law_proposal.hpp"

#include <fmt/format.h>

#include "law/names.hpp"
#include "util/text.hpp"
#include "views/law_report.hpp"
#include "views/law_view.hpp"

namespace ablate {

Table proposal_table(const Proposal& proposal, const std::string& flops_are) {
  Table table;
  table.columns = {{"", Align::right},
                   {"N", Align::right},
                   {"D", Align::right},
                   {"rate", Align::right},
                   {"batch, tokens", Align::right},
                   {"FLOPs", Align::right},
                   {"why"},
                   {"sd of the target's rate", Align::right}};
  const bool known = proposal.log2_sd_before > 0;  // Else there is no law yet to say it.
  std::int64_t number = 0;
  for (const ProposedRun& run : proposal.runs)
    table.rows.push_back(
        {TableCell::integer(++number),
         TableCell::number(run.params, amount_text(run.params)),
         TableCell::number(run.tokens, amount_text(run.tokens)),
         TableCell::number(run.lr, rate_text(run.lr)),
         TableCell::number(run.batch, amount_text(run.batch)),
         TableCell::number(run.flops, fmt::format("{:.2e}", run.flops)),
         {to_name(run.reason)},
         known ? TableCell::number(run.log2_sd_after, factor_text(run.log2_sd_after)) : TableCell{"-"}});
  std::string sum =
      fmt::format("{}, {:.3g} FLOPs ({})", count_of(static_cast<std::int64_t>(proposal.runs.size()), "run"),
                  proposal.flops, flops_are);
  if (known)
    sum += fmt::format(": the target's rate is known to {} (sd) now, to {} then",
                       factor_text(proposal.log2_sd_before), factor_text(proposal.log2_sd_after));
  table.notes.push_back(sum);
  if (!proposal.note.empty()) table.notes.push_back(proposal.note);
  return table;
}

Json proposal_json(const Proposal& proposal) {
  Json json = {{"flops", number_json(proposal.flops)},
               {"log2_sd_before", number_json(proposal.log2_sd_before)},
               {"log2_sd_after", number_json(proposal.log2_sd_after)},
               {"note", proposal.note},
               {"runs", Json::array()}};
  for (const ProposedRun& run : proposal.runs)
    json["runs"].push_back({{"params", run.params},
                            {"tokens", run.tokens},
                            {"lr", run.lr},
                            {"batch", run.batch},
                            {"flops", number_json(run.flops)},
                            {"reason", to_name(run.reason)},
                            {"log2_sd_after", number_json(run.log2_sd_after)}});
  return json;
}

}  // namespace ablate
