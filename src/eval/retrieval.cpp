#include <torch/torch.h>

#include <map>

#include "data/source.hpp"
#include "eval/encoder_model.hpp"
#include "eval/tasks.hpp"

namespace ablate {

namespace {

/// For each row of `products` [N, N]: how many others are greater than the one on the diagonal. `same` [N]:
/// what is equal there is no other.
std::vector<std::int64_t> ranks_of(const torch::Tensor& products, const std::vector<std::int64_t>& same) {
  const auto product = products.accessor<float, 2>();
  std::vector<std::int64_t> ranks(same.size());
  for (std::size_t i = 0; i < same.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    for (std::size_t j = 0; j < same.size(); ++j)
      ranks[i] += same[j] != same[i] && product[row][static_cast<std::int64_t>(j)] > product[row][row];
  }
  return ranks;
}

void add_recalls(const std::string& name, const std::vector<std::int64_t>& ranks, Findings& findings) {
  for (const std::int64_t k : {1, 5}) {
    std::vector<double> hits;
    for (const std::int64_t rank : ranks) hits.push_back(rank < k);
    findings.add_mean(name + "-r" + std::to_string(k), hits);
  }
}

}  // namespace

void evaluate_retrieval(const EvaluationJob& job, EncoderModel& model,
                        const std::function<bool()>& stop_requested, Findings& findings) {
  const Eval& eval = job.experiment.eval;
  const std::vector<Document> documents =
      read_held_out(eval.captions, "eval.captions", DataRole::captions, eval.max_examples, findings.report);
  const EncoderExamples examples = model.load(documents, findings.report);
  if (examples.documents.empty()) return;
  std::vector<std::string> captions;
  std::vector<std::int64_t> same;
  std::map<std::string, std::int64_t> numbers;
  for (const std::size_t i : examples.documents) {
    captions.push_back(documents[i].segments.back().text);
    same.push_back(numbers.try_emplace(captions.back(), std::ssize(numbers)).first->second);
  }
  const torch::Tensor products = torch::mm(model.embed_pictures(examples, stop_requested),
                                           model.embed_texts(captions, stop_requested).t());
  add_recalls("retrieval/image-to-text", ranks_of(products, same), findings);
  add_recalls("retrieval/text-to-image", ranks_of(products.t().contiguous(), same), findings);
}

}  // namespace ablate
