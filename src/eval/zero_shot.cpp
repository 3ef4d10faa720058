#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <set>
#include <span>

#include "data/problem.hpp"
#include "data/source.hpp"
#include "eval/encoder_model.hpp"
#include "eval/tasks.hpp"
#include "util/error.hpp"
#include "util/hash.hpp"
#include "util/text.hpp"

namespace ablate {

void evaluate_zero_shot(const EvaluationJob& job, EncoderModel& model,
                        const std::function<bool()>& stop_requested, EvalFindings& findings) {
  const Eval& eval = job.experiment.eval;
  std::vector<Document> documents =
      read_held_out(eval.labelled, "eval.labelled", DataRole::sft, job.experiment, findings.report);
  std::set<std::string> names;
  for (Document& document : documents) {
    const std::string& own = document.segments.back().text;
    names.insert(own);
    names.insert(document.choices.begin(), document.choices.end());
    if (!document.segments.front().picture)
      throw Error("eval.labelled: " + document.id + ": no picture; expected a picture and its class");
  }
  if (names.size() == 1)
    throw DataError("eval.labelled: a single class, '" + printable(*names.begin()) +
                    "'; expected at least two to choose from");
  const std::vector<std::string> classes(names.begin(), names.end());
  std::vector<std::string> texts;
  for (const std::string& name : classes)
    for (const std::string& prompt : eval.class_prompts)
      texts.push_back(std::string(prompt).replace(prompt.find("{}"), 2, name));

  const EncoderExamples examples = model.load(documents, findings.report);
  if (examples.documents.empty()) return;
  const auto num_classes = static_cast<std::int64_t>(classes.size());
  torch::Tensor vectors = model.embed_texts(texts, stop_requested);
  vectors = to_length_one(vectors.view({num_classes, -1, vectors.size(1)}).mean(1));
  const torch::Tensor products =
      torch::mm(model.embed_pictures(examples, stop_requested), vectors.t()).to(torch::kFloat64).contiguous();
  RankingScores first, fifth;
  std::string among;  // What each picture's class is one of, and how that is asked.
  for (const std::vector<std::string>* texts_of : {&classes, &eval.class_prompts})
    for (const std::string& text : *texts_of) among += fmt::format("{} {}", text.size(), text);
  QuestionIdentities identities;
  AskedExamples asked;
  for (std::size_t i = 0; i < examples.documents.size(); ++i) {
    const Document& document = documents[examples.documents[i]];
    asked.add(QuestionIdentities::of({identities.of(document), hash128(among).low}), document.id);
    const std::string& own = document.segments.back().text;
    std::vector<bool> right(classes.size());
    right[static_cast<std::size_t>(std::lower_bound(classes.begin(), classes.end(), own) - classes.begin())] =
        true;
    const std::span row(products.data_ptr<double>() + i * classes.size(), classes.size());
    first.add(i, row, right, 1);
    fifth.add(i, row, right, 5);
  }
  findings.add_hits("zero-shot/top1", first.hits, asked.at(first.queries));
  findings.add_hits("zero-shot/top5", fifth.hits, asked.at(fifth.queries));
  findings.note_left_out("zero-shot/top5", examples.documents.size() - fifth.hits.size());
  findings.add_chance("zero-shot/chance", first.chances);
}

}  // namespace ablate
