#include <fmt/format.h>

#include <cmath>

#include "config/names.hpp"
#include "data/source.hpp"
#include "eval/tasks.hpp"

namespace ablate {

void evaluate_heldout_loss(const EvaluationJob& job, LanguageModel& model, EvalFindings& findings) {
  const Eval& eval = job.experiment.eval;
  struct Kind {
    DataRole role;
    const std::vector<std::string>& sources;
    const char* key;
  };
  const Kind kinds[] = {{DataRole::captions, eval.captions, "eval.captions"},
                        {DataRole::interleaved, eval.interleaved, "eval.interleaved"},
                        {DataRole::sft, eval.sft, "eval.sft"},
                        {DataRole::text, eval.text, "eval.text"}};
  QuestionIdentities identities;
  for (const Kind& kind : kinds) {
    if (kind.sources.empty() || (job.stage == Stage::llm && kind.role != DataRole::text)) continue;
    const std::vector<Document> documents =
        read_held_out(kind.sources, kind.key, kind.role, job.experiment, findings.report);
    std::vector<double> nats, tokens, bits, bytes;
    AskedExamples asked, with_bytes;
    const std::vector<DocumentLoss> losses = model.losses(documents, kind.role, findings.report);
    for (std::size_t i = 0; i < losses.size(); ++i) {
      const DocumentLoss& loss = losses[i];
      nats.push_back(require_number(loss.nats, "the loss", documents[i].id));
      tokens.push_back(static_cast<double>(loss.tokens));
      asked.add(identities.of(documents[i]), documents[i].id);
      if (!loss.bytes) continue;
      bits.push_back(loss.nats / std::log(2.0));
      bytes.push_back(static_cast<double>(*loss.bytes));
      with_bytes.add(asked.questions.back(), documents[i].id);
    }
    findings.add_ratio("heldout-loss/" + to_name(kind.role), nats, tokens, asked);
    if (kind.role != DataRole::text) continue;
    findings.note_left_out("bits-per-byte/text", losses.size() - bytes.size());
    findings.add_ratio("bits-per-byte/text", bits, bytes, with_bytes);
  }
}

}  // namespace ablate
